// The gradient of the input as a product, patch[p, (kh, kw, i)] = sum over o of grad[p, o] * weight[o, (kh, kw, i)],
// and the patches added to the image where they were taken (col2im). A band of the image is one thread's from first to
// last patch, so that every pixel's sum has one order.
#include "core/scratch.h"
#include "cpu/conv/conv2d.h"
#include "cpu/gemm/pack.h"
#include "cpu/gemm/slots.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

HEBB_INLINE void add_floats(const float* from, float* to, int64_t count) {
  constexpr int width = Vec::width;
  int64_t index = 0;
  for (; index + width <= count; index += width) store(to + index, load(to + index) + load(from + index));
  if (index < count) {
    const int rest = static_cast<int>(count - index);
    store_partial(to + index, load_partial(to + index, rest) + load_partial(from + index, rest), rest);
  }
}

struct Scatter {
  const Convolution& c;
  const float* grad;
  const float* weight;
  float* dx;
  int64_t bands;  // of an image

  int64_t first_line(int64_t band) const { return c.height * band / bands; }
};

// Adds the window rows of one line of positions that fall on the image line `to`.
void add_line(const Convolution& c, const float* patches, float* to) {
  const Conv2dGeometry& g = c.geometry;
  const int64_t window = c.window(), length = c.window_width * c.depth, line = c.width * c.depth;
  // Neighbouring patches overlap. Taking every so manieth in turn, no addition waits for the one before.
  const int64_t apart = (c.window_width + g.stride_width - 1) / g.stride_width;
  for (int64_t first = 0; first < at_most(apart, c.out_width); ++first)
    for (int64_t ow = first; ow < c.out_width; ow += apart) {
      const int64_t start = (ow * g.stride_width - g.pad_left) * c.depth;
      const int64_t inside = start < 0 ? -start : 0, outside = at_most(length, line - start);
      if (inside < outside) add_floats(patches + ow * window + inside, to + start + inside, outside - inside);
    }
}

// Positions [begin, end) in lines of one image, onto image lines [first, last).
void add_positions(const Scatter& s, const float* patches, int64_t begin, int64_t end, float* image, int64_t first,
                   int64_t last) {
  const Convolution& c = s.c;
  for (int64_t oh = begin; oh < end; ++oh)
    for (int64_t kh = 0; kh < c.window_height; ++kh) {
      const int64_t h = oh * c.geometry.stride_height - c.geometry.pad_top + kh;
      if (h < first || h >= last) continue;
      add_line(c, patches + (oh - begin) * c.out_width * c.window() + kh * c.window_width * c.depth,
               image + h * c.width * c.depth);
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

void scatter_band(const Scatter& s, int64_t item, int64_t lines, float* patches, float* workspace) {
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
    add_positions(s, patches, oh, stop, image, first, last);
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
  const int64_t patch_floats = lines * c.out_width * c.window(), floats = patch_floats + workspace_size(largest, 1);
  float* const memory = static_cast<float*>(
      scratch(ScratchSlot::pack_a, static_cast<size_t>(threads) * static_cast<size_t>(floats) * sizeof(float)));
  for_slots(threads, c.images * bands, [&](int slot, int64_t begin, int64_t end) {
    float* const patches = memory + slot * floats;
    for (int64_t item = begin; item < end; ++item) scatter_band(s, item, lines, patches, patches + patch_floats);
  });
}

}  // namespace hebb::cpu::HEBB_ISA
