// Winograd's convolutions on every instruction set, against the reference within a bound that is computed beside it.
#include <cmath>

#include "core/kept_copies.h"
#include "cpu/isa.h"
#include "cpu/winograd_switch.h"
#include "harness.h"
#include "ops/conv2d.h"

#define HEBB_WINOGRAD_PROBES(isa)                                                      \
  namespace hebb::cpu::isa {                                                           \
  decltype(ops::conv2d::check) winograd_forward;                                       \
  decltype(ops::conv2d_input_gradient::check) winograd_input_gradient;                 \
  decltype(ops::conv2d_weight_gradient::check) winograd_weight_gradient;               \
  bool winograd_pays(const Shape&, const Shape&, const Shape&, const Conv2dGeometry&); \
  }
HEBB_WINOGRAD_PROBES(scalar)
#if defined(__x86_64__)
HEBB_WINOGRAD_PROBES(avx2)
HEBB_WINOGRAD_PROBES(avx512)
#elif defined(__aarch64__)
HEBB_WINOGRAD_PROBES(neon)
#endif

namespace hebb::test {
namespace {

struct Probes {
  cpu::Isa isa;
  decltype(ops::conv2d::check)* forward;
  decltype(ops::conv2d_input_gradient::check)* input_gradient;
  decltype(ops::conv2d_weight_gradient::check)* weight_gradient;
};
#define HEBB_PROBES_OF(isa) \
  { cpu::Isa::isa, cpu::isa::winograd_forward, cpu::isa::winograd_input_gradient, cpu::isa::winograd_weight_gradient }
constexpr Probes probes[] = {
    HEBB_PROBES_OF(scalar),
#if defined(__x86_64__)
    HEBB_PROBES_OF(avx2),
    HEBB_PROBES_OF(avx512),
#elif defined(__aarch64__)
    HEBB_PROBES_OF(neon),
#endif
};

struct Case {
  const char* name;
  int64_t images, height, width, filters, depth;  // depth: channels of a group
  int64_t top, left, bottom, right;               // padding
  int64_t groups;
  int taps = 3, stride = 1;
  Conv2dGeometry geometry() const { return {stride, stride, top, left, bottom, right, 1, 1, groups}; }
  Shape image() const { return shape({images, height, width, depth * groups}); }
  Shape weight() const { return shape({filters, taps, taps, depth}); }
  Shape result() const {
    return shape(
        {images, (height + top + bottom - taps) / stride + 1, (width + left + right - taps) / stride + 1, filters});
  }
};

constexpr Case cases[] = {
    {"one pixel out", 1, 3, 3, 1, 1, 0, 0, 0, 0, 1},
    {"one pixel in", 2, 1, 1, 3, 2, 1, 1, 1, 1, 1},
    {"one whole tile", 1, 4, 4, 16, 16, 1, 1, 1, 1, 1},
    {"tiles cut off", 2, 5, 7, 17, 15, 1, 1, 1, 1, 1},
    {"no padding", 2, 9, 8, 33, 5, 0, 0, 0, 0, 1},
    {"padding of 2", 1, 6, 3, 7, 35, 2, 2, 2, 2, 1},
    {"uneven padding, above the window", 1, 4, 5, 6, 3, 4, 0, 1, 5, 1},
    {"groups", 2, 6, 9, 34, 18, 1, 1, 1, 1, 2},
    {"as many groups as channels", 1, 7, 6, 5, 1, 1, 1, 1, 1, 5},
    {"sums in parts", 1, 5, 6, 20, 150, 1, 1, 1, 1, 1},
    {"many filters", 1, 6, 5, 290, 9, 1, 1, 1, 1, 1},
    {"four tiles and one more", 5, 4, 3, 35, 70, 1, 1, 1, 1, 1},
    {"sixteen tiles", 1, 16, 13, 40, 70, 1, 1, 1, 1, 1},
    {"few tiles in a block", 1, 18, 15, 50, 70, 1, 1, 1, 1, 1},
    {"blocks of tiles", 3, 26, 29, 40, 20, 1, 1, 1, 1, 1},
    {"blocks of tiles and filters", 2, 31, 30, 270, 67, 1, 1, 1, 1, 1},
    {"5 x 5, one pixel out", 1, 5, 5, 1, 1, 0, 0, 0, 0, 1, 5},
    {"5 x 5, one pixel in", 2, 1, 1, 3, 2, 2, 2, 2, 2, 1, 5},
    {"5 x 5, one whole tile", 1, 2, 2, 16, 16, 2, 2, 2, 2, 1, 5},
    {"5 x 5, tiles cut off", 2, 5, 7, 17, 15, 2, 2, 2, 2, 1, 5},
    {"5 x 5, uneven padding", 1, 4, 6, 6, 3, 5, 0, 1, 6, 1, 5},
    {"5 x 5, groups", 2, 6, 9, 34, 18, 2, 2, 2, 2, 2, 5},
    {"5 x 5, sums in parts", 1, 5, 6, 20, 150, 2, 2, 2, 2, 1, 5},
    {"5 x 5, blocks of tiles and filters", 2, 15, 14, 270, 67, 2, 2, 2, 2, 1, 5},
    {"strided, one pixel out", 1, 3, 4, 1, 1, 0, 0, 0, 0, 1, 3, 2},
    {"strided, one pixel in", 2, 1, 1, 3, 2, 1, 1, 1, 1, 1, 3, 2},
    {"strided, one whole tile", 1, 8, 8, 16, 16, 1, 1, 1, 1, 1, 3, 2},
    {"strided, tiles cut off", 2, 9, 14, 17, 15, 1, 1, 1, 1, 1, 3, 2},
    {"strided, no padding", 2, 18, 13, 33, 5, 0, 0, 0, 0, 1, 3, 2},
    {"strided, padding of 3", 1, 6, 3, 7, 35, 3, 3, 3, 3, 1, 3, 2},
    {"strided, uneven padding", 1, 10, 9, 6, 3, 3, 1, 0, 2, 1, 3, 2},
    {"strided, padding at the end", 1, 16, 14, 20, 18, 0, 0, 1, 1, 1, 3, 2},
    {"strided, groups", 2, 11, 16, 34, 18, 1, 1, 1, 1, 2, 3, 2},
    {"strided, sums in parts", 1, 9, 10, 20, 150, 1, 1, 1, 1, 1, 3, 2},
    {"strided, few tiles in a block", 1, 40, 41, 50, 70, 1, 1, 1, 1, 1, 3, 2},
    {"strided, blocks of tiles and filters", 3, 41, 46, 270, 67, 1, 1, 1, 1, 1, 3, 2},
};

// The magnitudes of the transforms' coefficients, along one axis: `values` of `extent` inputs and of `taps` taps, whose
// products give `outputs` outputs.
constexpr int most_values = 9;
struct Transforms {
  int values, extent, taps, outputs;
  double inputs[most_values][most_values], filters[most_values][most_values], results[most_values][most_values];
};

// Values 0 to 4 at the points 0, +-2/3 and +-3/2.
constexpr double p = 2.0 / 3, q = 1.5, p2 = p * p, q2 = q * q;
constexpr double at_p = 1 / (2 * p2 * (q2 - p2)), at_q = 1 / (2 * q2 * (q2 - p2));
constexpr double points[5] = {0, p, p, q, q}, scales[5] = {1, at_p, at_p, at_q, at_q};
constexpr double of_inputs[5][5] = {
    {1, 0, p2 + q2, 0, 1}, {0, p* q2, q2, p, 1}, {0, p* q2, q2, p, 1}, {0, q* p2, p2, q, 1}, {0, q* p2, p2, q, 1}};

// F(7 - taps, taps), the last value at infinity.
Transforms unit_transforms(int taps) {
  Transforms t{6, 6, taps, 7 - taps, {}, {}, {}};
  for (int point = 0; point < 5; ++point) {
    for (int i = 0; i < 5; ++i) t.inputs[point][i] = of_inputs[point][i];
    for (int i = 0; i < taps; ++i) t.filters[point][i] = scales[point] * std::pow(points[point], i);
    for (int i = 0; i < t.outputs; ++i) t.results[i][point] = std::pow(points[point], i);
  }
  for (int i = 0; i < 5; ++i) t.inputs[5][i + 1] = i % 2 == 0 ? of_inputs[0][i] : 0;
  t.filters[5][taps - 1] = t.results[t.outputs - 1][5] = 1;
  return t;
}

// With strides of 2: F(4, 2) with the outer taps, and four values that the middle tap multiplies as they are. Every
// other input, or every other output of the gradient of the input, belongs to one or the other.
Transforms strided_transforms(bool of_input_gradient) {
  Transforms t{9, of_input_gradient ? 5 : 9, 3, of_input_gradient ? 8 : 4, {}, {}, {}};
  for (int point = 0; point < 5; ++point) {
    for (int i = 0; i < 5; ++i) t.inputs[point][of_input_gradient ? i : 2 * i] = of_inputs[point][i];
    for (int i = 0; i < 2; ++i) t.filters[point][2 * i] = scales[point] * std::pow(points[point], i);
    for (int i = 0; i < 4; ++i) t.results[of_input_gradient ? 2 * i + 1 : i][point] = std::pow(points[point], i);
  }
  for (int i = 0; i < 4; ++i) {
    t.inputs[5 + i][of_input_gradient ? i : 2 * i + 1] = 1;
    t.filters[5 + i][1] = 1;
    t.results[of_input_gradient ? 2 * i : i][5 + i] = 1;
  }
  return t;
}

struct Square {
  double at[most_values][most_values];
};
using Matrix = double[most_values][most_values];
// m x m^T of magnitudes; m is rows x columns.
Square spread(const Matrix& m, int rows, int columns, const Square& x) {
  Square half{}, result{};
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns; ++j)
      for (int k = 0; k < columns; ++k) half.at[i][j] += m[i][k] * std::fabs(x.at[k][j]);
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < rows; ++j)
      for (int k = 0; k < columns; ++k) result.at[i][j] += half.at[i][k] * m[j][k];
  return result;
}
// m^T x m.
Square gather(const Matrix& m, int rows, int columns, const Square& x) {
  Matrix turned;
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns; ++j) turned[j][i] = m[i][j];
  return spread(turned, columns, rows, x);
}
Square spread_inputs(const Transforms& t, const Square& x) { return spread(t.inputs, t.values, t.extent, x); }
Square spread_filter(const Transforms& t, const Square& x) { return spread(t.filters, t.values, t.taps, x); }
Square spread_gradient(const Transforms& t, const Square& x) { return gather(t.results, t.outputs, t.values, x); }
Square to_results(const Transforms& t, const Square& x) { return spread(t.results, t.outputs, t.values, x); }
Square to_filter(const Transforms& t, const Square& x) { return gather(t.filters, t.values, t.taps, x); }
void add_products(const Transforms& t, const Square& a, const Square& b, Square& sums) {
  for (int row = 0; row < t.values; ++row)
    for (int column = 0; column < t.values; ++column) sums.at[row][column] += a.at[row][column] * b.at[row][column];
}

Square pixels(const Array<float>& image, int64_t n, int64_t top, int64_t left, int64_t channel, int extent) {
  Square square{};
  const Shape& s = image.shape;
  for (int64_t y = 0; y < extent; ++y)
    for (int64_t x = 0; x < extent; ++x)
      if (top + y >= 0 && top + y < s[1] && left + x >= 0 && left + x < s[2])
        square.at[y][x] = image[((n * s[1] + top + y) * s[2] + left + x) * s[3] + channel];
  return square;
}
Square weights(const Array<float>& weight, int64_t filter, int64_t channel) {
  Square square{};
  const int64_t taps = weight.shape[1];
  for (int64_t tap = 0; tap < taps * taps; ++tap)
    square.at[tap / taps][tap % taps] = weight[(filter * taps * taps + tap) * weight.shape[3] + channel];
  return square;
}

// Each transform applies two matrices, whose sums are of 4 terms at most beside coefficients that are rounded
// themselves: 5 roundings a matrix, 30 for three transforms, one for the product, one each for a bias and a residual.
// A filter of 5 taps is multiplied by the square of a point once more, twice: 7 for its matrix.
constexpr double transform_roundings(int taps) { return taps == 3 ? 33 : 37; }

// Visits the tiles of a result of these extents: visit(image, row, column), its first pixel's place.
template <class Visit>
void for_tiles(const Shape& result, int outputs, const Visit& visit) {
  for (int64_t n = 0; n < result[0]; ++n)
    for (int64_t row = 0; row < result[1]; row += outputs)
      for (int64_t column = 0; column < result[2]; column += outputs) visit(n, row, column);
}

// Roundings of a sum of `terms` products that pass through the transforms, times their magnitudes: for y and, with
// tap(filter, channel) giving the taps of the turned filters, for dx. input_of(pixel) is the first input, along one
// axis, of the tile whose results begin with a pixel.
template <class Taps, class InputOfRow, class InputOfColumn>
Array<double> image_bounds(const Transforms& t, const Array<float>& image, const Shape& result, int64_t groups,
                           const InputOfRow& input_row, const InputOfColumn& input_column, const Taps& filter_of) {
  const Array<double> bounds(result);
  const int64_t depth = image.shape[3] / groups, filters = result[3] / groups;
  std::vector<Square> transformed(static_cast<size_t>(result[3] * depth));
  for (int64_t filter = 0; filter < result[3]; ++filter)
    for (int64_t channel = 0; channel < depth; ++channel)
      transformed[static_cast<size_t>(filter * depth + channel)] = spread_filter(t, filter_of(filter, channel));
  for_tiles(result, t.outputs, [&](int64_t n, int64_t row, int64_t column) {
    for (int64_t group = 0; group < groups; ++group) {
      std::vector<Square> inputs;
      for (int64_t channel = 0; channel < depth; ++channel)
        inputs.push_back(spread_inputs(
            t, pixels(image, n, input_row(row), input_column(column), group * depth + channel, t.extent)));
      for (int64_t filter = group * filters; filter < (group + 1) * filters; ++filter) {
        Square sum{};
        for (int64_t channel = 0; channel < depth; ++channel)
          add_products(t, inputs[static_cast<size_t>(channel)],
                       transformed[static_cast<size_t>(filter * depth + channel)], sum);
        const Square output = to_results(t, sum);
        for (int64_t y = 0; y < t.outputs && row + y < result[1]; ++y)
          for (int64_t x = 0; x < t.outputs && column + x < result[2]; ++x)
            bounds[((n * result[1] + row + y) * result[2] + column + x) * result[3] + filter] =
                (static_cast<double>(depth) + transform_roundings(t.taps)) * unit_roundoff * output.at[y][x];
      }
    }
  });
  return bounds;
}

Transforms transforms_of(const Case& c) { return c.stride == 1 ? unit_transforms(c.taps) : strided_transforms(false); }

Array<double> weight_bounds(const Array<float>& grad, const Array<float>& image, const Case& c) {
  const Transforms t = transforms_of(c);
  const Array<double> bounds(c.weight());
  const int64_t filters = c.filters / c.groups;
  std::vector<Square> sums(static_cast<size_t>(c.filters * c.depth));
  double tiles = 0;
  for_tiles(c.result(), t.outputs, [&](int64_t n, int64_t row, int64_t column) {
    ++tiles;
    std::vector<Square> inputs;
    for (int64_t channel = 0; channel < image.shape[3]; ++channel)
      inputs.push_back(
          spread_inputs(t, pixels(image, n, row * c.stride - c.top, column * c.stride - c.left, channel, t.extent)));
    for (int64_t filter = 0; filter < c.filters; ++filter) {
      const Square gradient = spread_gradient(t, pixels(grad, n, row, column, filter, t.outputs));
      for (int64_t channel = 0; channel < c.depth; ++channel)
        add_products(t, gradient, inputs[static_cast<size_t>(filter / filters * c.depth + channel)],
                     sums[static_cast<size_t>(filter * c.depth + channel)]);
    }
  });
  // With strides of 2 up to 16 values of a tile are added for one frequency.
  const double terms = tiles * (c.stride == 1 ? 1 : 16);
  for (int64_t filter = 0; filter < c.filters; ++filter)
    for (int64_t channel = 0; channel < c.depth; ++channel) {
      const Square output = to_filter(t, sums[static_cast<size_t>(filter * c.depth + channel)]);
      for (int64_t tap = 0; tap < c.taps * c.taps; ++tap)
        bounds[(filter * c.taps * c.taps + tap) * c.depth + channel] =
            (terms + transform_roundings(c.taps)) * unit_roundoff * output.at[tap / c.taps][tap % c.taps];
    }
  return bounds;
}

// As compare of the harness, for the probes.
template <class Reference, class Run>
void check(const std::string& what, const Shape& shape, const Array<double>& bounds, Reference reference, Run run) {
  const Array<float> want = garbage<float>(shape);
  reference(want);
  for (const Probes& probe : probes) {
    if (!cpu::why_unusable(probe.isa).empty()) continue;
    const std::string where = what + " on " + cpu::name_of(probe.isa);
    Array<float> first;
    for (int threads = 1; threads <= 4; ++threads) {
      set_thread_count(threads);
      const Array<float> got = garbage<float>(shape);
      run(probe, got);
      if (threads == 1) {
        check_close(where, got, want, [&](int64_t index, double) { return bounds[index]; });
        first = got;
      } else if (!same_bits(first, got)) {
        fail(__FILE__, __LINE__, where + ": other bits with " + std::to_string(threads) + " threads than with 1");
      }
    }
    set_thread_count(1);
  }
}

}  // namespace

TEST(winograd_forward) {
  for (const Case& c : cases) {
    Random random(static_cast<uint64_t>(c.height * 31 + c.depth));
    const Array<float> x = random.floats(c.image(), -1, 1), weight = random.floats(c.weight(), -1, 1);
    const Array<float> scale = random.floats({c.filters}, -1, 1), bias = random.floats({c.filters}, -1, 1);
    const Array<float> residual = random.floats(c.result(), -1, 1);
    const Array<double> bounds = image_bounds(
        transforms_of(c), x, c.result(), c.groups, [&](int64_t row) { return row * c.stride - c.top; },
        [&](int64_t column) { return column * c.stride - c.left; },
        [&](int64_t filter, int64_t i) { return weights(weight, filter, i); });
    // With copies kept, the second of the runs makes them and the others read them.
    for (const bool whole : {false, true}) {
      forget_copies(weight.data.get(), weight.size() * static_cast<int64_t>(sizeof(float)));
      keep_copies(whole);
      auto optional = [&](const Array<float>& values) {
        return whole ? Optional<In<float>>(values) : Optional<In<float>>();
      };
      const Optional<In<float>> factor = optional(scale), offset = optional(bias), more = optional(residual);
      const Activation activation = whole ? Activation::relu : Activation::none;
      const Array<double> allowed = bounds.clone();
      for (int64_t index = 0; index < allowed.size(); ++index) allowed[index] += whole ? 4 * unit_roundoff : 0;
      check(
          std::string("winograd, ") + c.name, c.result(), allowed,
          [&](Out<float> y) { reference().conv2d(x, weight, factor, offset, more, y, c.geometry(), activation); },
          [&](const Probes& probe, Out<float> y) {
            probe.forward(x, weight, factor, offset, more, y, c.geometry(), activation);
          });
    }
    forget_copies(weight.data.get(), weight.size() * static_cast<int64_t>(sizeof(float)));
    keep_copies(false);
  }
}

TEST(winograd_input_gradient) {
  for (const Case& c : cases) {
    if (c.stride == 2 && (c.top % 2 == 0 || c.left % 2 == 0)) continue;  // not offered: winograd.h
    Random random(static_cast<uint64_t>(c.height * 37 + c.depth));
    const Array<float> grad = random.floats(c.result(), -1, 1), weight = random.floats(c.weight(), -1, 1);
    const int64_t filters = c.filters / c.groups;
    const auto first_input = [&](int64_t pixel, int64_t padding) {
      return c.stride == 1 ? pixel - (c.taps - 1 - padding) : pixel / 2 + (padding - 1) / 2;
    };
    const Array<double> bounds = image_bounds(
        c.stride == 1 ? unit_transforms(c.taps) : strided_transforms(true), grad, c.image(), c.groups,
        [&](int64_t row) { return first_input(row, c.top); },
        [&](int64_t column) { return first_input(column, c.left); },
        [&](int64_t channel, int64_t filter) {
          const Square taps = weights(weight, channel / c.depth * filters + filter, channel % c.depth);
          Square turned{};
          const int last = c.taps - 1;
          for (int row = 0; row <= last; ++row)
            for (int column = 0; column <= last; ++column) turned.at[row][column] = taps.at[last - row][last - column];
          return turned;
        });
    check(
        std::string("winograd's input gradient, ") + c.name, c.image(), bounds,
        [&](Out<float> dx) { reference().conv2d_input_gradient(grad, weight, dx, c.geometry()); },
        [&](const Probes& probe, Out<float> dx) { probe.input_gradient(grad, weight, dx, c.geometry()); });
  }
}

TEST(winograd_weight_gradient) {
  for (const Case& c : cases) {
    Random random(static_cast<uint64_t>(c.height * 41 + c.depth));
    const Array<float> grad = random.floats(c.result(), -1, 1), x = random.floats(c.image(), -1, 1);
    check(
        std::string("winograd's weight gradient, ") + c.name, c.weight(), weight_bounds(grad, x, c),
        [&](Out<float> dweight) { reference().conv2d_weight_gradient(grad, x, dweight, c.geometry()); },
        [&](const Probes& probe, Out<float> dweight) { probe.weight_gradient(grad, x, dweight, c.geometry()); });
  }
}

TEST(winograd_gate) {
  const auto pays = [](int64_t images, int64_t extent, int64_t channels, int64_t filters, int64_t stride) {
    const int64_t out = (extent + 2 - 3) / stride + 1;
    return cpu::scalar::winograd_pays(shape({images, extent, extent, channels}), shape({filters, 3, 3, channels}),
                                      shape({images, out, out, filters}), {stride, stride, 1, 1, 1, 1, 1, 1, 1});
  };
  CHECK(pays(4, 224, 64, 64, 1));
  CHECK(pays(1, 28, 512, 512, 1));
  CHECK(pays(4, 224, 64, 64, 2));
  CHECK(!pays(4, 224, 64, 64, 3));
  CHECK(!pays(0, 224, 64, 64, 1));
  CHECK(!pays(4, 224, 64, 0, 1));
  CHECK(!pays(4, 224, 3, 64, 1));
  CHECK(!pays(1, 7, 512, 512, 1));  // the filters' transform takes longer than the convolution, if it is stored
#if defined(__x86_64__)
  if (cpu::why_unusable(cpu::Isa::avx512).empty()) {
    const Shape image = shape({1, 7, 7, 512});
    CHECK(cpu::avx512::winograd_pays(image, shape({512, 3, 3, 512}), image, {1, 1, 1, 1, 1, 1, 1, 1, 1}));
  }
#endif
  const auto window_pays = [](int64_t taps) {
    return cpu::scalar::winograd_pays(shape({4, 32, 32, 64}), shape({64, taps, taps, 64}),
                                      shape({4, 33 - taps, 33 - taps, 64}), {1, 1, 0, 0, 0, 0, 1, 1, 1});
  };
  for (int64_t taps = 1; taps <= 7; ++taps) CHECK_EQ(window_pays(taps), taps == 3 || taps == 5);
}

// Inside the gate the kernels take Winograd's way when it is on, and only then.
TEST(winograd_switch) {
  const Case c{"", 1, 56, 56, 64, 64, 1, 1, 1, 1, 1};
  Random random(9);
  const Array<float> x = random.floats(c.image(), -1, 1), weight = random.floats(c.weight(), -1, 1);
  const bool before = cpu::winograd_is_on();
  for (const Probes& probe : probes) {
    if (!cpu::why_unusable(probe.isa).empty()) continue;
    const Array<float> winograd = garbage<float>(c.result()), on = winograd.clone(), off = winograd.clone();
    probe.forward(x, weight, {}, {}, {}, winograd, c.geometry(), Activation::none);
    const KernelTable& kernels = cpu::table_for(probe.isa);
    cpu::switch_winograd(true);
    kernels.conv2d(x, weight, {}, {}, {}, on, c.geometry(), Activation::none);
    cpu::switch_winograd(false);
    kernels.conv2d(x, weight, {}, {}, {}, off, c.geometry(), Activation::none);
    CHECK(same_bits(on, winograd));
    CHECK(!same_bits(off, winograd));
  }
  cpu::switch_winograd(before);
}

// With strides of 2 the gradient of the input goes that way if padding at the top and at the left is odd.
TEST(winograd_strided_input_gradient_gate) {
  Random random(11);
  const bool before = cpu::winograd_is_on();
  for (const int64_t padding : {0, 1}) {
    const Case c{"", 1, 57, 57, 64, 64, padding, padding, 1, 1, 1, 3, 2};
    const Array<float> grad = random.floats(c.result(), -1, 1), weight = random.floats(c.weight(), -1, 1);
    for (const Probes& probe : probes) {
      if (!cpu::why_unusable(probe.isa).empty()) continue;
      const KernelTable& kernels = cpu::table_for(probe.isa);
      const Array<float> on = garbage<float>(c.image()), off = on.clone();
      cpu::switch_winograd(true);
      kernels.conv2d_input_gradient(grad, weight, on, c.geometry());
      cpu::switch_winograd(false);
      kernels.conv2d_input_gradient(grad, weight, off, c.geometry());
      CHECK_EQ(same_bits(on, off), padding == 0);
    }
  }
  cpu::switch_winograd(before);
}

}  // namespace hebb::test
