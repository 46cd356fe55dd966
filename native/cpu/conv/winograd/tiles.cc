#include "cpu/conv/winograd/tiles.h"

#include "cpu/gemm/pack.h"

namespace hebb::cpu::HEBB_ISA::winograd {
namespace {

constexpr int width = Vec::width;
alignas(64) constexpr float zeros[row_stride] = {};

// Lines of a tile: what becomes of one along an axis.
template <int extent_>
struct UnitLine {
  static constexpr int extent = extent_;
  HEBB_INLINE static void transform(const Vec (&line)[extent], Vec (&t)[points]) {
    if constexpr (extent == points) {
      transform_input(line, t);
    } else {
      transform_gradient(line, t);
    }
  }
};

// The columns of a tile, transformed.
template <class Line, int count, class Load>
HEBB_INLINE void transform_columns(const Load& load_pixel, Vec (&half)[count][Line::extent]) {
#pragma GCC unroll 9
  for (int column = 0; column < Line::extent; ++column) {
    Vec line[Line::extent], values[count];
#pragma GCC unroll 9
    for (int row = 0; row < Line::extent; ++row) line[row] = load_pixel(row * Line::extent + column);
    Line::transform(line, values);
#pragma GCC unroll 6
    for (int row = 0; row < count; ++row) half[row][column] = values[row];
  }
}

// Tiles of inputs and of gradients with unit strides.
template <int extent_>
struct UnitSquare {
  static constexpr int extent = extent_;
  template <class Load>
  HEBB_INLINE static void transform(const Load& load_pixel, float* to, int64_t slot_stride) {
    using Line = UnitLine<extent>;
    Vec half[points][extent];
    transform_columns<Line>(load_pixel, half);
#pragma GCC unroll 6
    for (int row = 0; row < points; ++row) {
      Vec values[points];
      Line::transform(half[row], values);
#pragma GCC unroll 6
      for (int column = 0; column < points; ++column) store(to + (row * points + column) * slot_stride, values[column]);
    }
  }
};

// Tiles with strides of 2. Of a line of pixels or values some make the points; four, at pixel(k), stay as they are.
struct AlternatingLine {
  static constexpr int extent = Strided::input_extent;
  static constexpr int pixel(int k) { return 2 * k + 1; }
  HEBB_INLINE static void transform(const Vec (&line)[extent], Vec (&t)[finite_points]) {
    const Vec even[finite_points] = {line[0], line[2], line[4], line[6], line[8]};
    transform_input(even, t);
  }
};
struct GradientLine {
  static constexpr int extent = StridedBack::input_extent;
  static constexpr int pixel(int k) { return k; }
  HEBB_INLINE static void transform(const Vec (&line)[extent], Vec (&t)[finite_points]) { transform_input(line, t); }
};
struct OutputGradientLine {
  static constexpr int extent = Strided::result_extent;
  static constexpr int pixel(int k) { return k; }
  HEBB_INLINE static void transform(const Vec (&line)[extent], Vec (&t)[finite_points]) { transform_gradient(line, t); }
};

// Row `row` of the values, from a line of them.
template <class Line>
HEBB_INLINE void store_values(const Vec (&line)[Line::extent], int row, float* to, int64_t slot_stride) {
  Vec at[finite_points];
  Line::transform(line, at);
#pragma GCC unroll 5
  for (int point = 0; point < finite_points; ++point) store(to + Strided::slot(row, point) * slot_stride, at[point]);
#pragma GCC unroll 4
  for (int k = 0; k < Strided::pixels; ++k)
    store(to + Strided::slot(row, finite_points + k) * slot_stride, line[Line::pixel(k)]);
}

template <class Line>
struct StridedSquare {
  static constexpr int extent = Line::extent;
  template <class Load>
  HEBB_INLINE static void transform(const Load& load_pixel, float* to, int64_t slot_stride) {
    Vec half[finite_points][extent];
    transform_columns<Line>(load_pixel, half);
#pragma GCC unroll 5
    for (int point = 0; point < finite_points; ++point) store_values<Line>(half[point], point, to, slot_stride);
#pragma GCC unroll 4
    for (int k = 0; k < Strided::pixels; ++k) {
      Vec line[extent];
#pragma GCC unroll 9
      for (int column = 0; column < extent; ++column) line[column] = load_pixel(Line::pixel(k) * extent + column);
      store_values<Line>(line, finite_points + k, to, slot_stride);
    }
  }
};

template <class Square, int step>
HEBB_INLINE void transform_tiles(const Tiles& tiles, int64_t first, int64_t count, int64_t channel, int64_t channels,
                                 const Transformed& target) {
  constexpr int extent = Square::extent;
  int64_t image = first / tiles.per_image(), rest = first - image * tiles.per_image();
  int64_t row = rest / tiles.columns, column = rest - row * tiles.columns;
  for (int64_t tile = 0; tile < count; ++tile) {
    const float* pixels[extent * extent];
    const int64_t top = tiles.top + row * step, left = tiles.left + column * step;
    const float* corner = tiles.data + ((image * tiles.height + top) * tiles.width + left) * tiles.pixel + channel;
#pragma GCC unroll 9
    for (int y = 0; y < extent; ++y) {
      const bool inside = top + y >= 0 && top + y < tiles.height;
#pragma GCC unroll 9
      for (int x = 0; x < extent; ++x)
        pixels[y * extent + x] =
            inside && left + x >= 0 && left + x < tiles.width ? corner + (y * tiles.width + x) * tiles.pixel : zeros;
    }
    float* to = target.data + tile * row_stride;
    int64_t c = 0;
    // The next tile's pixels are fetched meanwhile: lines far from each other, which no processor foresees.
    for (; c + width <= channels; c += width)
      Square::transform(
          [&](int pixel) {
            __builtin_prefetch(pixels[pixel] + c + step * tiles.pixel, 0, 2);
            return load(pixels[pixel] + c);
          },
          to + c, target.slot_stride);
    if (c < channels) {
      const int lanes = static_cast<int>(channels - c);
      Square::transform([&](int pixel) { return load_partial(pixels[pixel] + c, lanes); }, to + c, target.slot_stride);
    }
    if (++column < tiles.columns) continue;
    column = 0;
    if (++row < tiles.rows) continue;
    row = 0;
    ++image;
  }
}

template <class Form>
struct Squares {
  using Inputs = UnitSquare<Form::input_extent>;
  using Gradients = UnitSquare<Form::result_extent>;
};
template <>
struct Squares<Strided> {
  using Inputs = StridedSquare<AlternatingLine>;
  using Gradients = StridedSquare<OutputGradientLine>;
};
template <>
struct Squares<StridedBack> {
  using Inputs = StridedSquare<GradientLine>;
};

}  // namespace

template <class Form>
void transform_inputs(const Tiles& tiles, int64_t first, int64_t count, int64_t channel, int64_t channels,
                      const Transformed& to) {
  transform_tiles<typename Squares<Form>::Inputs, Form::input_step>(tiles, first, count, channel, channels, to);
}

template <class Form>
void transform_gradients(const Tiles& tiles, int64_t first, int64_t count, int64_t channel, int64_t channels,
                         const Transformed& to) {
  transform_tiles<typename Squares<Form>::Gradients, Form::result_extent>(tiles, first, count, channel, channels, to);
}

template void transform_inputs<Unit<3>>(const Tiles&, int64_t, int64_t, int64_t, int64_t, const Transformed&);
template void transform_inputs<Unit<5>>(const Tiles&, int64_t, int64_t, int64_t, int64_t, const Transformed&);
template void transform_inputs<Strided>(const Tiles&, int64_t, int64_t, int64_t, int64_t, const Transformed&);
template void transform_inputs<StridedBack>(const Tiles&, int64_t, int64_t, int64_t, int64_t, const Transformed&);
template void transform_gradients<Unit<3>>(const Tiles&, int64_t, int64_t, int64_t, int64_t, const Transformed&);
template void transform_gradients<Unit<5>>(const Tiles&, int64_t, int64_t, int64_t, int64_t, const Transformed&);
template void transform_gradients<Strided>(const Tiles&, int64_t, int64_t, int64_t, int64_t, const Transformed&);

}  // namespace hebb::cpu::HEBB_ISA::winograd
