// Response normalisation as AlexNet has it, over 5 channels to the power of 3/4, in one pass: a window is a sum of the
// vector's neighbours' lanes, and its power comes from square roots.
#pragma once
#include "core/parallel_for.h"
#include "core/view.h"
#include "cpu/simd/large.h"

namespace hebb::cpu::HEBB_ISA {

// a^-1/2 within a few units: a step of Newton's on the processor's estimate, which alone is right at 0 and infinity.
HEBB_INLINE Vec inverse_sqrt(Vec a) {
  const Vec estimate = approximate_inverse_sqrt(a);
  const Vec rest = fnma(a * estimate, estimate, splat(1));
  return select(lt(abs(rest), splat(1)), fma(estimate * splat(0.5f), rest, estimate), estimate);
}

// A vector and the ones before and after it, 0 past the ends.
struct Neighbours {
  Vec before = zero(), here = zero(), after = zero();
  HEBB_INLINE void push(Vec next) { before = here, here = after, after = next; }
  // The sum of each lane with two on both sides.
  HEBB_INLINE Vec window() const {
    constexpr int width = Vec::width;
    const Vec below = lanes_from<width - 2>(before, here) + lanes_from<width - 1>(before, here);
    return below + here + (lanes_from<1>(here, after) + lanes_from<2>(here, after));
  }
};

class UsualResponse {
 public:
  static constexpr int64_t size = 5;
  static constexpr double beta = 0.75;

  HEBB_INLINE UsualResponse(In<float> x, double alpha, double k)
      : x(x.data),
        channels(x.shape.dims[x.shape.rank - 1]),
        pixels(x.size() / channels),
        vectors((channels + Vec::width - 1) / Vec::width),
        scale(static_cast<float>(alpha / static_cast<double>(size))),
        k(static_cast<float>(k)) {}

  HEBB_INLINE void forward(float* y) const {
    for_each_pixel(
        y, [&](auto stores, int64_t begin) __attribute__((always_inline)) {
          Vec value = read(x + begin, 0), next = read(x + begin, 1);
          Neighbours squares;
          squares.push(value * value);
          for (int64_t index = 0; index < vectors; ++index) {
            squares.push(next * next);
            write<decltype(stores)>(y + begin, index, value * powers(squares).minus_beta);
            value = next, next = read(x + begin, index + 2);
          }
        });
  }

  // dx[c] = grad[c] base[c]^-beta - 2 scale beta x[c] (the sum of grad x base^(-beta - 1) over the windows with c). The
  // sum waits for the vector after: one step behind.
  HEBB_INLINE void backward(const float* grad, float* dx) const {
    const Vec factor = splat(2 * scale * static_cast<float>(beta));
    for_each_pixel(
        dx, [&](auto stores, int64_t begin) __attribute__((always_inline)) {
          Vec value_before = zero(), direct_before = zero();
          Vec value = read(x + begin, 0), next = read(x + begin, 1);
          Neighbours squares, terms;
          squares.push(value * value);
          for (int64_t index = 0; index <= vectors; ++index) {
            squares.push(next * next);
            const Powers power = powers(squares);
            const Vec direct = read(grad + begin, index) * power.minus_beta;
            // Past the last channel a base may be 0, and its power infinite.
            const Vec term = direct * value * power.minus_one;
            terms.push(select(first_lanes(lanes(index)), term, zero()));
            if (index > 0) {
              const Vec through_windows = factor * value_before * terms.window();
              write<decltype(stores)>(dx + begin, index - 1, direct_before - through_windows);
            }
            value_before = value, direct_before = direct;
            value = next, next = read(x + begin, index + 2);
          }
        });
  }

 private:
  struct Powers {
    Vec minus_beta, minus_one;
  };
  HEBB_INLINE Powers powers(const Neighbours& squares) const {
    const Vec base = fma(squares.window(), splat(scale), splat(k));
    const Vec root = inverse_sqrt(base), one = root * root;
    return {select(eq(root, zero()), zero(), one * inverse_sqrt(root)), one};
  }

  // How many lanes of a pixel's vector are channels.
  HEBB_INLINE int lanes(int64_t index) const {
    const int64_t left = channels - index * Vec::width;
    return static_cast<int>(left < 0 ? 0 : left < Vec::width ? left : Vec::width);
  }
  HEBB_INLINE Vec read(const float* pixel, int64_t index) const {
    const float* const p = pixel + index * Vec::width;
    const int count = lanes(index);
    if (count == Vec::width) return load_ahead(p);
    return count > 0 ? load_partial(p, count) : zero();
  }
  template <class Stores>
  HEBB_INLINE void write(float* pixel, int64_t index, Vec value) const {
    float* const p = pixel + index * Vec::width;
    const int count = lanes(index);
    if (count == Vec::width) {
      Stores::put(p, value);
    } else {
      store_partial(p, value, count);
    }
  }

  // body(stores, the pixel's first element)
  template <class Body>
  HEBB_INLINE void for_each_pixel(float* result, const Body& body) const {
    constexpr int64_t worth_a_thread = 16384;
    with_stores_to(result, pixels * channels, channels, [&](auto stores) {
      parallel_for(pixels, worth_a_thread / channels + 1, [&](int64_t begin, int64_t end) {
        for (int64_t pixel = begin; pixel < end; ++pixel) body(stores, pixel * channels);
        stores.finish();
      });
    });
  }

  const float* const x;
  const int64_t channels, pixels, vectors;
  const float scale, k;
};

}  // namespace hebb::cpu::HEBB_ISA
