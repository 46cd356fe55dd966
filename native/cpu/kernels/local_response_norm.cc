// Local response normalisation: the usual one in registers, others a few pixels at a time, whose squares lie in a
// buffer with zeros around each pixel's channels, so that a window is a sum of shifted vectors.
#include "core/scratch.h"
#include "cpu/gemm/slots.h"
#include "cpu/kernels/channels.h"
#include "cpu/kernels/usual_response.h"
#include "cpu/simd/math.h"
#include "ops/normalization.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

struct Geometry {
  int64_t pixels, channels, size, before, after, stride;
  float scale, k, beta;

  HEBB_INLINE Geometry(const Shape& shape, int64_t size, double alpha, double beta, double k)
      : channels(shape.dims[shape.rank - 1]),
        size(size),
        before(size / 2),
        after((size - 1) / 2),
        scale(static_cast<float>(alpha / static_cast<double>(size))),
        k(static_cast<float>(k)),
        beta(static_cast<float>(beta)) {
    pixels = shape.size() / channels;
    stride = channels + size + Vec::width;  // whole vectors may be read past the last channel's window
  }
};

// The sum of the window that starts at p in each lane.
HEBB_INLINE Vec window_sum(const float* p, int64_t size) {
  Vec sum = load(p);
  for (int64_t offset = 1; offset < size; ++offset) sum = sum + load(p + offset);
  return sum;
}

// body(pixel's first channel, buffers) for every pixel, `pixels` at a time, buffers being `count` rows of `stride`
// zeros for each thread.
template <int count, class Body>
HEBB_INLINE void for_each_group(const Geometry& g, const Body& body) {
  constexpr int64_t group_elements = 2048, worth_a_thread = 16384;
  const int64_t group = group_elements / g.stride + 1, groups = (g.pixels + group - 1) / group;
  const int64_t most = g.pixels * g.channels / worth_a_thread + 1;
  const int slots = thread_count() < most ? thread_count() : static_cast<int>(most);
  const int64_t room = count * group * g.stride;
  float* const buffers = scratch(ScratchSlot::partial, slots * room);
  for_slots(slots, groups, [&](int slot, int64_t begin, int64_t end) {
    float* const buffer = buffers + slot * room;
    for (int64_t i = 0; i < room; ++i) buffer[i] = 0;
    for (int64_t item = begin; item < end; ++item) {
      const int64_t first = item * group, last = first + group < g.pixels ? first + group : g.pixels;
      body(first, last - first, buffer, buffer + group * g.stride);
    }
  });
}

HEBB_INLINE void fill_squares(const Geometry& g, const float* x, int64_t pixels, float* squares) {
  for (int64_t pixel = 0; pixel < pixels; ++pixel)
    for_each_channel_vector(g.channels, [&](auto vector, int64_t c) {
      const Vec value = vector.from(x + pixel * g.channels + c);
      vector.to(squares + pixel * g.stride + g.before + c, value * value);
    });
}

HEBB_INLINE Vec base_of(const Geometry& g, const float* squares) {
  return fma(window_sum(squares, g.size), splat(g.scale), splat(g.k));
}

HEBB_INLINE Vec inverse_power(Vec base, float beta) { return exp(splat(-beta) * log(base)); }

HEBB_INLINE bool is_usual(int64_t size, double beta) {
  return size == UsualResponse::size && beta == UsualResponse::beta;
}

}  // namespace

void local_response_norm(In<float> x, Out<float> y, int64_t size, double alpha, double beta, double k) {
  if (is_usual(size, beta)) return UsualResponse(x, alpha, k).forward(y.data);
  const Geometry g(x.shape, size, alpha, beta, k);
  for_each_group<1>(g, [&](int64_t first, int64_t pixels, float* squares, float*) {
    const float* const from = x.data + first * g.channels;
    fill_squares(g, from, pixels, squares);
    for (int64_t pixel = 0; pixel < pixels; ++pixel)
      for_each_channel_vector(g.channels, [&](auto vector, int64_t c) {
        const int64_t i = pixel * g.channels + c;
        const Vec power = inverse_power(base_of(g, squares + pixel * g.stride + c), g.beta);
        vector.to(y.data + first * g.channels + i, vector.from(from + i) * power);
      });
  });
}

// dx[c] = grad[c] base[c]^-beta - 2 alpha / size beta x[c] (the sum of grad x base^(-beta - 1) over the windows with c)
void local_response_norm_backward(In<float> grad, In<float> x, Out<float> dx, int64_t size, double alpha, double beta,
                                  double k) {
  if (is_usual(size, beta)) return UsualResponse(x, alpha, k).backward(grad.data, dx.data);
  const Geometry g(x.shape, size, alpha, beta, k);
  const Vec factor = splat(2 * g.scale * g.beta);
  for_each_group<2>(g, [&](int64_t first, int64_t pixels, float* squares, float* terms) {
    const float *const from = x.data + first * g.channels, *const from_grad = grad.data + first * g.channels;
    float* const to = dx.data + first * g.channels;
    fill_squares(g, from, pixels, squares);
    for (int64_t pixel = 0; pixel < pixels; ++pixel)
      for_each_channel_vector(g.channels, [&](auto vector, int64_t c) {
        const int64_t i = pixel * g.channels + c;
        const Vec base = base_of(g, squares + pixel * g.stride + c);
        const Vec direct = vector.from(from_grad + i) * inverse_power(base, g.beta);
        vector.to(to + i, direct);
        vector.to(terms + pixel * g.stride + g.after + c, direct * vector.from(from + i) / base);
      });
    for (int64_t pixel = 0; pixel < pixels; ++pixel)
      for_each_channel_vector(g.channels, [&](auto vector, int64_t c) {
        const int64_t i = pixel * g.channels + c;
        const Vec sum = window_sum(terms + pixel * g.stride + c, g.size);
        vector.to(to + i, fnma(factor * vector.from(from + i), sum, vector.from(to + i)));
      });
  });
}

}  // namespace hebb::cpu::HEBB_ISA
