// The gradient of the input as a product, patch[p, (kh, kw, i)] = sum over o of grad[p, o] * weight[o, (kh, kw, i)],
// and the patches added to the image where they were taken (col2im). A band of the image is one thread's from first to
// last patch, so that every pixel's sum has one order.
#include "core/scratch.h"
#include "cpu/conv/conv2d.h"
#include "cpu/gemm/pack.h"
#include "cpu/gemm/slots.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

struct Scatter {
  const Convolution& c;
  const float* grad;
  const float* weight;
  float* dx;
  int64_t bands;  // of an image

  int64_t first_line(int64_t band) const { return c.height * band / bands; }
};

HEBB_INLINE void add_floats(const float* from, float* to, int64_t count) {
  constexpr int width = Vec::width;
  int64_t index = 0;
  for (; index + width <= count; index += width) store(to + index, load(to + index) + load(from + index));
  if (index < count) {
    const int rest = static_cast<int>(count - index);
    store_partial(to + index, load_partial(to + index, rest) + load_partial(from + index, rest), rest);
  }
}

// Rows of windows that fall on one image line: one of a line's first patch, from kh on, for each line of positions.
struct WindowRows {
  static constexpr int most = 16;  // taken at a time
  const float* at[most];
  int count = 0;
};

constexpr int most_vectors = 4;

// Sums of neighbouring patches' floats, each patch `shift` floats behind the one before: `length` floats of `count`
// patches, from `offset` on, to (count - 1) * shift + length sums. Patches overlap, so sums that are not complete stay
// in registers: in memory, each addition would wait for the one before.
template <int vectors>
void slide(const WindowRows& rows, int64_t offset, int64_t patch, int64_t length, int64_t shift, int64_t count,
           float* to) {
  constexpr int width = Vec::width;
  const int last_lanes = static_cast<int>(length) - (vectors - 1) * width;
  const int whole = static_cast<int>(at_most(shift / width, vectors));
  const IVec lanes = iota() + splat_int(static_cast<int32_t>(shift % width));
  Vec sum[vectors];
  for (int v = 0; v < vectors; ++v) sum[v] = zero();
  for (int64_t index = 0; index < count; ++index, offset += patch, to += shift) {
    // The patches' own sums first: they wait for nothing.
    Vec own[vectors];
    for (int v = 0; v < vectors; ++v) own[v] = zero();
    for (int row = 0; row < rows.count; ++row) {
      const float* const from = rows.at[row] + offset;
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v)
        own[v] = own[v] + (v + 1 < vectors ? load(from + v * width) : load_partial(from + v * width, last_lanes));
    }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) sum[v] = sum[v] + own[v];
      // What is not complete of the vectors that are stored is overwritten by the next patch.
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v)
      if (v <= whole || index + 1 == count) store(to + v * width, sum[v]);
    for (int step = 0; step < whole; ++step) {
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[v] = v + 1 < vectors ? sum[v + 1 < vectors ? v + 1 : v] : zero();
    }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v)
      sum[v] = permute(sum[v], v + 1 < vectors ? sum[v + 1 < vectors ? v + 1 : v] : zero(), lanes);
  }
}

// Floats that add_line needs.
int64_t line_memory(const Convolution& c) {
  return (c.out_width - 1) * c.geometry.stride_width * c.depth + most_vectors * Vec::width;
}

void add_line(const Convolution& c, const WindowRows& rows, float* sums, float* to) {
  const int64_t length = c.window_width * c.depth, line = c.width * c.depth;
  const int64_t shift = c.geometry.stride_width * c.depth, patch = c.window();
  for (int64_t offset = 0; offset < length; offset += most_vectors * Vec::width) {
    const int64_t part = at_most(length - offset, most_vectors * Vec::width);
    const int64_t floats = (c.out_width - 1) * shift + part;
    if (shift > part) zero_floats(sums, floats);  // nothing falls between the patches
    const auto slide_by = part <= Vec::width       ? slide<1>
                          : part <= 2 * Vec::width ? slide<2>
                          : part <= 3 * Vec::width ? slide<3>
                                                   : slide<4>;
    slide_by(rows, offset, patch, part, shift, c.out_width, sums);
    const int64_t start = offset - c.geometry.pad_left * c.depth, inside = start < 0 ? -start : 0;
    const int64_t outside = at_most(floats, line - start);
    if (inside < outside) add_floats(sums + inside, to + start + inside, outside - inside);
  }
}

// Positions [begin, end) in lines of one image, onto image lines [first, last).
void add_positions(const Scatter& s, const float* patches, int64_t begin, int64_t end, float* sums, float* image,
                   int64_t first, int64_t last) {
  const Convolution& c = s.c;
  const Conv2dGeometry& g = c.geometry;
  for (int64_t h = first; h < last; ++h) {
    float* const to = image + h * c.width * c.depth;
    // Those lines whose window reaches h.
    const int64_t above = h + g.pad_top - (c.window_height - 1);
    int64_t oh = above <= 0 ? 0 : (above + g.stride_height - 1) / g.stride_height;
    const int64_t stop = at_most((h + g.pad_top) / g.stride_height + 1, end);
    WindowRows rows;
    for (oh = oh > begin ? oh : begin; oh < stop; ++oh) {
      const int64_t kh = h + g.pad_top - oh * g.stride_height;
      rows.at[rows.count++] = patches + (oh - begin) * c.out_width * c.window() + kh * c.window_width * c.depth;
      if (rows.count < WindowRows::most && oh + 1 < stop) continue;
      add_line(c, rows, sums, to);
      rows.count = 0;
    }
  }
}

Gemm product_of(const Convolution& c, const Matrix* gradients, const Matrix* weights, int64_t lines, float* patches) {
  Gemm gemm;
  gemm.rows = lines * c.out_width, gemm.columns = c.window(), gemm.depth = c.filters;
  gemm.a = as_a(gradients), gemm.b = as_b(weights);
  gemm.c.data = patches;
  gemm.c.stride = gemm.columns;
  return gemm;
}

void scatter_band(const Scatter& s, int64_t item, int64_t lines, float* patches, float* sums, float* workspace) {
  const Convolution& c = s.c;
  const Conv2dGeometry& g = c.geometry;
  const int64_t n = item / s.bands, band = item - n * s.bands;
  const int64_t first = s.first_line(band), last = s.first_line(band + 1);
  float* const image = s.dx + n * c.height * c.width * c.depth;
  zero_floats(image + first * c.width * c.depth, (last - first) * c.width * c.depth);
  if (first == last) return;
  // Lines of positions whose windows reach the band.
  const int64_t above = first + g.pad_top - (c.window_height - 1);
  const int64_t begin = above <= 0 ? 0 : (above + g.stride_height - 1) / g.stride_height;
  const int64_t end = at_most((last - 1 + g.pad_top) / g.stride_height + 1, c.out_height);
  const Matrix weights{s.weight, 1, c.window()};
  for (int64_t oh = begin; oh < end; oh += lines) {
    const int64_t stop = at_most(oh + lines, end);
    const Matrix gradients{s.grad + (n * c.out_height + oh) * c.out_width * c.filters, c.filters, 1};
    run(product_of(c, &gradients, &weights, stop - oh, patches), 1, workspace);
    add_positions(s, patches, oh, stop, sums, image, first, last);
  }
}

}  // namespace

void scatter_gradient_of_input(const Convolution& c, const float* grad, const float* weight, float* dx) {
  constexpr int64_t wanted_bands = 16;
  int64_t bands = at_most((wanted_bands + c.images - 1) / c.images, c.height / (2 * c.window_height));
  if (bands < 1) bands = 1;
  const Scatter s{c, grad, weight, dx, bands};
  int64_t lines = at_most(scatter_floats / (c.out_width * c.window()), c.out_height);
  if (lines < 1) lines = 1;
  Gemm largest;
  largest.rows = c.positions(), largest.columns = c.window(), largest.depth = c.filters;
  const int threads = static_cast<int>(at_most(threads_for(largest), c.images * bands));
  largest.rows = lines * c.out_width;
  const int64_t patch_floats = lines * c.out_width * c.window(), sum_floats = round_up(line_memory(c), Vec::width);
  const int64_t floats = patch_floats + sum_floats + workspace_size(largest, 1);
  float* const memory = scratch(ScratchSlot::pack_a, threads * floats);
  for_slots(threads, c.images * bands, [&](int slot, int64_t begin, int64_t end) {
    float *const patches = memory + slot * floats, *const sums = patches + patch_floats;
    for (int64_t item = begin; item < end; ++item) scatter_band(s, item, lines, patches, sums, sums + sum_floats);
  });
}

}  // namespace hebb::cpu::HEBB_ISA
