// The tiles of images: squares whose corners are a step apart, with zeros where they reach outside.
#pragma once
#include "cpu/conv/winograd/form.h"

namespace hebb::cpu::HEBB_ISA::winograd {

struct Tiles {
  const float* data;             // of the first channel wanted
  int64_t height, width, pixel;  // of an image; the distance between its pixels
  int64_t top, left;             // of the first tile, negative in padding
  int64_t rows, columns;         // tiles of an image

  HEBB_INLINE int64_t per_image() const { return rows * columns; }
};

// Where the transforms of tiles go: slot s of tile t, channel c at s * slot_stride + t * row_stride + c.
struct Transformed {
  float* data;
  int64_t slot_stride;
};

// B^T d B for the inputs of tiles [first, first + count), channels [channel, channel + channels): at most row_stride.
template <class Form>
void transform_inputs(const Tiles& tiles, int64_t first, int64_t count, int64_t channel, int64_t channels,
                      const Transformed& to);
// A d A^T for the tiles' outputs.
template <class Form>
void transform_gradients(const Tiles& tiles, int64_t first, int64_t count, int64_t channel, int64_t channels,
                         const Transformed& to);

}  // namespace hebb::cpu::HEBB_ISA::winograd
