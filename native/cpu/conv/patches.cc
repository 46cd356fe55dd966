#include "cpu/conv/patches.h"

#include "cpu/gemm/pack.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

// A patch is a list of runs: pixels adjacent in the image (a row of the window, where its pixels touch and all channels
// are wanted) or one pixel.
struct Runs {
  int64_t pixels;   // of a run
  int64_t length;   // pixels * depth
  int64_t per_row;  // runs in a row of the window
  explicit Runs(const Patches& p) {
    const bool whole_rows = p.depth == p.channels && p.dilation_width == 1;
    pixels = whole_rows ? p.window_width : 1;
    length = pixels * p.depth;
    per_row = whole_rows ? 1 : p.window_width;
  }
};

// A position of the window, walked in the order of the rows.
struct Position {
  const float* image;
  int64_t oh, ow;
  Position(const Patches& p, int64_t row) {
    const int64_t line = row / p.out_width, n = line / p.out_height;
    ow = row - line * p.out_width;
    oh = line - n * p.out_height;
    image = p.data + n * p.height * p.width * p.channels;
  }
  HEBB_INLINE void advance(const Patches& p) {
    if (++ow < p.out_width) return;
    ow = 0;
    if (++oh < p.out_height) return;
    oh = 0;
    image += p.height * p.width * p.channels;
  }
};

// The part [inside, outside) of a run's elements [offset, offset + length) that is in the image, its first pixel at w.
struct Clip {
  int64_t inside, outside;
  HEBB_INLINE Clip(const Patches& p, int64_t w, int64_t offset, int64_t length) {
    const int64_t left = -w * p.depth - offset, right = (p.width - w) * p.depth - offset;
    inside = left < 0 ? 0 : at_most(left, length);
    outside = right < inside ? inside : at_most(right, length);
  }
};

// Columns [run * runs.length + offset, and `count` on) of the patch at a position.
HEBB_INLINE void copy_patch(const Patches& p, const Runs& runs, const Position& at, int64_t run, int64_t offset,
                            int64_t count, float* to) {
  const int64_t top = at.oh * p.stride_height + p.top, left = at.ow * p.stride_width + p.left;
  int64_t kh = run / runs.per_row, kw = run - kh * runs.per_row;
  while (count > 0) {
    const int64_t length = at_most(runs.length - offset, count);
    const int64_t h = top + kh * p.dilation_height, w = left + kw * p.dilation_width;
    const float* from = at.image + (h * p.width + w) * p.channels + offset;
    if (h < 0 || h >= p.height) {
      zero_floats(to, length);
    } else if (w >= 0 && w + runs.pixels <= p.width) {
      copy_floats(from, to, length);
    } else {
      const Clip clip(p, w, offset, length);
      zero_floats(to, clip.inside);
      copy_floats(from + clip.inside, to + clip.inside, clip.outside - clip.inside);
      zero_floats(to + clip.outside, length - clip.outside);
    }
    to += length;
    count -= length;
    offset = 0;
    if (++kw == runs.per_row) kw = 0, ++kh;
  }
}

// A whole patch whose runs are window rows of a vector at most. It may write zeros up to a vector past its end.
HEBB_INLINE void copy_short_runs(const Patches& p, const Runs& runs, const Position& at, float* to) {
  const int64_t w = at.ow * p.stride_width + p.left;
  const Clip clip(p, w, 0, runs.length);
  const int count = static_cast<int>(clip.outside - clip.inside);
  int64_t h = at.oh * p.stride_height + p.top;
  for (int64_t kh = 0; kh < p.window_height; ++kh, h += p.dilation_height, to += runs.length) {
    store(to, zero());
    if (h < 0 || h >= p.height || count == 0) continue;
    const float* from = at.image + (h * p.width + w) * p.channels + clip.inside;
    store_partial(to + clip.inside, load_partial(from, count), count);
  }
}

HEBB_INLINE bool has_short_runs(const Patches& p, const Runs& runs, int64_t first, int64_t count) {
  return runs.per_row == 1 && runs.length <= Vec::width && first == 0 && count == p.columns();
}

void pack_rows(const void* source, const Block& block) {
  const Patches& p = *static_cast<const Patches*>(source);
  const Runs runs(p);
  const int64_t run = block.depth / runs.length, offset = block.depth - run * runs.length;
  const bool short_runs = has_short_runs(p, runs, block.depth, block.length);
  Position at(p, block.first);
  float lines[a_panel_floats + Vec::width];
  for (int64_t row = 0; row < block.count; row += block.step) {
    const int64_t rows = at_most(block.count - row, block.step);
    for (int64_t r = 0; r < rows; ++r, at.advance(p)) {
      float* const line = lines + r * depth_block;
      if (short_runs) {
        copy_short_runs(p, runs, at, line);
      } else {
        copy_patch(p, runs, at, run, offset, block.length, line);
      }
    }
    pack_rows_of_a([&](int64_t r) { return lines + r * depth_block; }, rows, block.length,
                   block.panels + row / block.step * a_panel_floats);
  }
}

// A patch is copied to a line first: its runs and the panels have other boundaries.
void pack_columns(const void* source, const Block& block) {
  const Patches& p = *static_cast<const Patches*>(source);
  const Runs runs(p);
  const int64_t run = block.first / runs.length, offset = block.first - run * runs.length;
  const bool short_runs = has_short_runs(p, runs, block.first, block.count);
  float line[column_panels_of_block * tile_columns + Vec::width];
  const Matrix matrix{line - block.first, 1, 0};
  Position at(p, block.depth);
  for (int64_t k = 0; k < block.length; ++k, at.advance(p)) {
    if (short_runs) {
      copy_short_runs(p, runs, at, line);
    } else {
      copy_patch(p, runs, at, run, offset, block.count, line);
    }
    pack_rows_of_b(matrix, block, k, 1);
  }
}

}  // namespace

Operand patches_as_a(const Patches* patches) { return {patches, pack_rows}; }
Operand patches_as_b(const Patches* patches) { return {patches, pack_columns}; }

}  // namespace hebb::cpu::HEBB_ISA
