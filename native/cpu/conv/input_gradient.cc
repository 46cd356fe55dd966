#include "cpu/conv/conv2d.h"
#include "cpu/conv/windows.h"
#include "cpu/gemm/pack.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

// Along one axis: the pixels of one remainder modulo the stride, and the taps of the window that reach them. Tap
// `first` + t * `step` reaches pixel remainder + j * stride from position j + offset - t * dilation. Taken in reverse
// order the taps are a window that moves over the gradient one position at a time, its corner at j + corner().
struct Phase {
  int64_t remainder, pixels;
  int64_t first, step, taps;
  int64_t offset, dilation;
  int64_t corner() const { return offset - (taps - 1) * dilation; }
  int64_t tap(int64_t index) const { return first + (taps - 1 - index) * step; }
};

int64_t common_divisor(int64_t a, int64_t b) {
  while (b != 0) {
    const int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

Phase phase_of(int64_t remainder, int64_t extent, int64_t stride, int64_t pad, int64_t window, int64_t dilation) {
  const int64_t step = stride / common_divisor(stride, dilation);  // after which taps reach the same remainder again
  Phase phase{remainder, (extent - remainder + stride - 1) / stride, 0, step, 0, 0, 1};
  int64_t tap = 0;
  while (tap < at_most(window, step) && (remainder + pad - tap * dilation) % stride != 0) ++tap;
  if (tap == at_most(window, step)) return phase;
  phase.first = tap;
  phase.taps = (window - tap + phase.step - 1) / phase.step;
  phase.offset = (remainder + pad - tap * dilation) / stride;
  phase.dilation = phase.step * dilation / stride;
  return phase;
}

struct Phases {
  const Convolution& c;
  Phase vertical, horizontal;
  const float* weight;  // of the group
  float* dx;            // at the group's first channel
};

// Depth (kh, kw, o) of the product, taps in the phases' order: weight[o, kh, kw, first ... first + count).
void pack_taps(const void* source, const Block& block) {
  const Phases& p = *static_cast<const Phases*>(source);
  const int64_t filters = p.c.group_filters(), window = p.c.window();
  int64_t tap = block.depth / filters, filter = block.depth - tap * filters;
  for (int64_t k = 0; k < block.length; ++tap, filter = 0) {
    const int64_t kh = p.vertical.tap(tap / p.horizontal.taps), kw = p.horizontal.tap(tap % p.horizontal.taps);
    const int64_t length = at_most(filters - filter, block.length - k);
    const Matrix taps{p.weight + filter * window + (kh * p.c.window_width + kw) * p.c.depth, 1, window};
    pack_rows_of_b(taps, block, k, length);
    k += length;
  }
}

void locate_pixels(const void* source, int64_t first, int count, float** rows) {
  const Phases& p = *static_cast<const Phases*>(source);
  const Conv2dGeometry& g = p.c.geometry;
  const int64_t line = first / p.horizontal.pixels;
  int64_t column = first - line * p.horizontal.pixels;
  int64_t image = line / p.vertical.pixels, row = line - image * p.vertical.pixels;
  for (int index = 0; index < count; ++index) {
    const int64_t h = p.vertical.remainder + row * g.stride_height;
    const int64_t w = p.horizontal.remainder + column * g.stride_width;
    rows[index] = p.dx + ((image * p.c.height + h) * p.c.width + w) * p.c.channels;
    if (++column < p.horizontal.pixels) continue;
    column = 0;
    if (++row < p.vertical.pixels) continue;
    row = 0;
    ++image;
  }
}

void run_phases(const Phases& p, const float* grad) {
  const Convolution& c = p.c;
  const int64_t pixels = c.images * p.vertical.pixels * p.horizontal.pixels;
  if (pixels == 0) return;
  const Patches patches{grad,
                        c.out_height,
                        c.out_width,
                        c.filters,
                        c.group_filters(),
                        p.vertical.taps,
                        p.horizontal.taps,
                        p.vertical.pixels,
                        p.horizontal.pixels,
                        1,
                        1,
                        p.vertical.corner(),
                        p.horizontal.corner(),
                        p.vertical.dilation,
                        p.horizontal.dilation};
  const Windows windows(patches);
  const RestingRows rows = windows.rows();
  Gemm gemm;
  gemm.resting = windows.fit() ? &rows : nullptr;
  gemm.rows = pixels;
  gemm.columns = c.depth;
  gemm.depth = patches.columns();
  gemm.a = patches_as_a(&patches);
  gemm.b = {&p, pack_taps};
  gemm.c.source = &p;
  gemm.c.locate = locate_pixels;
  run(gemm);
}

// Few input channels would leave most lanes of the product's columns empty, or half of its registers.
constexpr int64_t few_channels = 8;
bool is_better_scattered(const Convolution& c) {
  const Conv2dGeometry& g = c.geometry;
  return g.groups == 1 && g.dilation_height == 1 && g.dilation_width == 1 && c.depth <= few_channels &&
         c.window() > c.depth && c.group_filters() > 0 && c.positions() > 0;
}

}  // namespace

// A pixel gathers from the positions whose window covers it. Which taps do depends on its coordinates modulo the
// stride: one dense convolution of the gradient for each pair of remainders.
void gradient_of_input(const Convolution& c, const float* grad, const float* weight, float* dx) {
  if (c.images == 0 || c.channels == 0) return;
  if (is_better_scattered(c)) return scatter_gradient_of_input(c, grad, weight, dx);
  const Conv2dGeometry& g = c.geometry;
  const int64_t filters = c.group_filters();
  for (int64_t group = 0; group < g.groups; ++group)
    for (int64_t row = 0; row < at_most(g.stride_height, c.height); ++row)
      for (int64_t column = 0; column < at_most(g.stride_width, c.width); ++column) {
        const Phases phases{c, phase_of(row, c.height, g.stride_height, g.pad_top, c.window_height, g.dilation_height),
                            phase_of(column, c.width, g.stride_width, g.pad_left, c.window_width, g.dilation_width),
                            weight + group * filters * c.window(), dx + group * c.depth};
        run_phases(phases, grad + group * filters);
      }
}

}  // namespace hebb::cpu::HEBB_ISA
