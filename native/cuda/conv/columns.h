// An image as the matrix of its windows' patches, a tile of it at a time, and back. A row of the matrix is a position
// of the window; in it, for each group one after the other, the patch [window_height, window_width, depth].
#pragma once
#include "ops/conv2d.h"

namespace hebb::cuda {

inline int64_t columns_of(const Convolution& c) { return c.geometry.groups * c.window(); }

// The patches of positions [first, first + count), zeros where the window lies in the padding.
void gather_patches(const Convolution& c, const float* x, int64_t first, int64_t count, float* columns);

// Rows of dx whose patches are at hand: rows [row, row + rows) of images [image, image + images), several images only
// if all their rows; and columns of rows [out_row, out_row + out_rows) of positions of those images, which hold all
// that reaches these rows.
struct Band {
  int64_t image, images, row, rows, out_row, out_rows;
};

// Each pixel of the band becomes the sum over the windows that cover it, always in the same order.
void add_patches(const Convolution& c, const Band& band, const float* columns, float* dx);

}  // namespace hebb::cuda
