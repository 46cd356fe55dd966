// From images to a bundle and back.
#pragma once
#include "cpu/conv/bundles/tuning.h"
#include "cpu/gemm/pack.h"
#include "cpu/gemm/plan.h"
#include "cpu/gemm/slots.h"

namespace hebb::cpu::HEBB_ISA::bundles {

constexpr int width = Vec::width;

// The images of a batch, `width` at a time.
HEBB_INLINE Cut bundles_of(int64_t images) { return cut_by(images, width); }

// An extent in pieces whose sizes differ by one at most.
struct Pieces {
  int64_t extent;
  int count;
  HEBB_INLINE Pieces(int64_t extent, int64_t largest)
      : extent(extent), count(static_cast<int>(ceil_divide(extent, largest))) {}
  HEBB_INLINE int64_t begin(int index) const { return piece(extent, index, count).begin; }
  HEBB_INLINE int64_t size(int index) const { return begin(index + 1) - begin(index); }
};

// How many rows may be worked on at a time, from the values of a row that is read, with what the windows reach beyond,
// and of one that stays beside it.
HEBB_INLINE int64_t fitting_rows(int64_t line, int64_t out_line, int64_t window_height) {
  return (most_floats / width - (window_height - 1) * line) / (line + out_line);
}

// `count` adjacent values of each of `images` images, image_floats apart: one vector after the other. Lanes without an
// image become 0.
HEBB_INLINE void bundle(const float* from, int64_t image_floats, int64_t images, int64_t count, float* to) {
  transpose_strip(from, image_floats, static_cast<int>(images), count, to, width);
}

// The other way round.
HEBB_INLINE void turn_back(const float* from, int64_t count, int64_t images, float* to, int64_t image_floats) {
  for (int64_t first = 0; first < count; first += width) {
    const int values = static_cast<int>(at_most(count - first, width));
    Vec block[width];
#pragma GCC unroll 16
    for (int row = 0; row < width; ++row) block[row] = row < values ? load(from + (first + row) * width) : zero();
    transpose(block);
    if (values == width && images == width) {
#pragma GCC unroll 16
      for (int lane = 0; lane < width; ++lane) store(to + lane * image_floats + first, block[lane]);
    } else {
#pragma GCC unroll 16
      for (int lane = 0; lane < width; ++lane)
        if (lane < images) store_partial(to + lane * image_floats + first, block[lane], values);
    }
  }
}

// The same for results. Images some pages apart would drive each other's lines out of the first-level cache, so they go
// through a few of their own, and are written in longer runs.
HEBB_INLINE void unbundle(const float* from, int64_t count, int64_t images, float* to, int64_t image_floats) {
  constexpr int64_t page_floats = 1024, run = 64, pitch = run + width;
  if (image_floats % page_floats != 0) return turn_back(from, count, images, to, image_floats);
  alignas(64) float turned[width * pitch];
  for (int64_t first = 0; first < count; first += run) {
    const int64_t values = at_most(count - first, run);
    turn_back(from + first * width, values, images, turned, pitch);
    for (int64_t image = 0; image < images; ++image)
      copy_floats(turned + image * pitch, to + image * image_floats + first, values);
  }
}

}  // namespace hebb::cpu::HEBB_ISA::bundles
