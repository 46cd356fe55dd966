// Windows on the device: a thread takes neighbouring channels of one pixel, of the result when pooling, of the image
// when going back. Positions are 32-bit; batches too large for that are done in parts.
#pragma once
#include <type_traits>

#include "core/error.h"
#include "cuda/kernels/divider.h"
#include "cuda/kernels/pack.h"
#include "ops/pool2d.h"

namespace hebb::cuda {

struct Windows {
  int height, width, pooled_height, pooled_width;
  int64_t channels, row;  // floats of a pixel and of an image's row
  int kernel_height, kernel_width, stride_height, stride_width, pad_top, pad_left;
  Divider by_stride_height, by_stride_width;

  Windows(const Shape& image, const Shape& pooled, const Pool2dGeometry& g)
      : height(static_cast<int>(image[1])),
        width(static_cast<int>(image[2])),
        pooled_height(static_cast<int>(pooled[1])),
        pooled_width(static_cast<int>(pooled[2])),
        channels(image[3]),
        row(image[2] * image[3]),
        kernel_height(static_cast<int>(g.kernel_height)),
        kernel_width(static_cast<int>(g.kernel_width)),
        stride_height(static_cast<int>(g.stride_height)),
        stride_width(static_cast<int>(g.stride_width)),
        pad_top(static_cast<int>(g.pad_top)),
        pad_left(static_cast<int>(g.pad_left)),
        by_stride_height(g.stride_height),
        by_stride_width(g.stride_width) {}

  // Of the image's or the result's element at (n, row, column, 0).
  __device__ int64_t image_at(int64_t n, int h, int w) const { return (n * height + h) * row + w * channels; }
  __device__ int64_t pooled_at(int64_t n, int oh, int ow) const {
    return ((n * pooled_height + oh) * pooled_width + ow) * channels;
  }

  // body(oh, ow, cell row, cell column) for the windows that the image's pixel (h, w) lies in, in ascending order.
  template <class Body>
  __device__ void for_each_covering(int h, int w, const Body& body) const {
    const int top = h + pad_top, left = w + pad_left;
    const int last_row = min(static_cast<int>(by_stride_height.small_quotient(top)), pooled_height - 1);
    const int last_column = min(static_cast<int>(by_stride_width.small_quotient(left)), pooled_width - 1);
    const int first_row = first_covering(top - kernel_height, by_stride_height);
    const int first_column = first_covering(left - kernel_width, by_stride_width);
    for (int oh = first_row; oh <= last_row; ++oh)
      for (int ow = first_column; ow <= last_column; ++ow)
        body(oh, ow, top - oh * stride_height, left - ow * stride_width);
  }

 private:
  // The first window that begins behind `last_without`.
  __device__ static int first_covering(int last_without, const Divider& by_stride) {
    return last_without < 0 ? 0 : static_cast<int>(by_stride.small_quotient(last_without)) + 1;
  }
};

// Which pixel and channels thread `index` has.
struct Pixels {
  Divider groups, width, height;
  int64_t count;

  struct Position {
    int n, h, w, channel;
  };
  template <int channels>
  __device__ Position at(uint32_t index) const {
    Position position;
    position.channel = static_cast<int>(groups.split(index)) * channels;
    position.w = static_cast<int>(width.split(index));
    position.h = static_cast<int>(height.split(index));
    position.n = static_cast<int>(index);
    return position;
  }
};

// body(pixels, first image) for parts of the batch that 32 bits can number; `shape` is of what the threads share out.
template <class Body>
void for_each_part(const Shape& shape, int channels_a_thread, const Body& body) {
  if (shape.size() == 0) return;
  const int64_t groups = shape[3] / channels_a_thread, items = groups * shape[1] * shape[2];
  constexpr int64_t most_items = (int64_t{1} << 31) - 1;
  if (items > most_items) throw Error("pooling on a GPU: expected images of fewer than 2^31 values");
  const int64_t most_images = most_items / items;
  for (int64_t first = 0; first < shape[0]; first += most_images) {
    const int64_t images = std::min(most_images, shape[0] - first);
    body(Pixels{Divider(groups), Divider(shape[2]), Divider(shape[1]), images * items}, first);
  }
}

// body(height as a constant where it is the width, too, and 2 or 3, otherwise 0)
template <class Body>
void with_usual_square(int height, int width, const Body& body) {
  if (height == 2 && width == 2) return body(std::integral_constant<int, 2>());
  if (height == 3 && width == 3) return body(std::integral_constant<int, 3>());
  body(std::integral_constant<int, 0>());
}

// body(channels a thread as a constant): 4 where all of these can be moved so, otherwise 1.
template <class Body, class... Pointers>
void with_pack(int64_t channels, const Body& body, Pointers... pointers) {
  if (packs_of_four(channels, pointers...)) return body(std::integral_constant<int, 4>());
  body(std::integral_constant<int, 1>());
}

}  // namespace hebb::cuda
