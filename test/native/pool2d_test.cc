#include "cpu/isa.h"
#include "harness.h"

namespace hebb::test {
namespace {

struct Case {
  int64_t batch, height, width, channels;
  Pool2dGeometry geometry;
};

// Kernel, stride, padding: { kernelHeight, kernelWidth, strideHeight, strideWidth, top, left, bottom, right }.
const Pool2dGeometry geometries[] = {
    {2, 2, 2, 2, 0, 0, 0, 0},                            // tiles
    {3, 3, 2, 2, 0, 0, 0, 0},                            // overlap
    {3, 3, 2, 2, 1, 1, 1, 1}, {2, 3, 2, 3, 1, 2, 1, 0},  // tiles and padding
    {3, 2, 1, 1, 0, 1, 2, 0}, {1, 1, 2, 3, 0, 0, 0, 0},  // gaps
    {2, 2, 3, 3, 0, 0, 1, 1}, {5, 4, 3, 2, 4, 3, 4, 3}, {3, 3, 1, 1, 1, 1, 1, 1}, {2, 2, 2, 2, 1, 0, 1, 1},
};

int64_t extent(int64_t image, int64_t kernel, int64_t stride, int64_t pads) {
  return (image + pads - kernel) / stride + 1;
}

Shape pooled(const Case& c) {
  const Pool2dGeometry& g = c.geometry;
  return shape({c.batch, extent(c.height, g.kernel_height, g.stride_height, g.pad_top + g.pad_bottom),
                extent(c.width, g.kernel_width, g.stride_width, g.pad_left + g.pad_right), c.channels});
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Pool2dGeometry& geometry : geometries) {
    for (int64_t channels : {1, 3, 4, 6, 8, 9, 16, 17, 33, 64, 70, 130}) all.push_back({2, 9, 7, channels, geometry});
    all.push_back({0, 9, 7, 5, geometry});
    all.push_back({2, 9, 7, 0, geometry});
    all.push_back({3, 28, 31, 6, geometry});
  }
  all.push_back({1, 1, 1, 5, {1, 1, 1, 1, 0, 0, 0, 0}});
  all.push_back({2, 7, 5, 40, {7, 5, 1, 1, 0, 0, 0, 0}});  // the whole image
  all.push_back({2, 1, 1, 3, {3, 3, 1, 1, 1, 1, 1, 1}});   // a kernel larger than the image
  all.push_back({1, 20, 18, 3, {16, 16, 1, 1, 0, 0, 0, 0}});
  all.push_back({4, 60, 61, 20, {2, 2, 2, 2, 0, 0, 0, 0}});  // several threads
  all.push_back({4, 60, 61, 20, {3, 3, 2, 2, 1, 1, 1, 1}});
  return all;
}

Shape image_shape(const Case& c) { return shape({c.batch, c.height, c.width, c.channels}); }

void compare_max(const Array<float>& x, const Case& c) {
  const Shape y_shape = pooled(c);
  for (const Activation activation : {Activation::none, Activation::relu}) {
    if (activation == Activation::relu && c.geometry.kernel_height * c.geometry.kernel_width > 255)
      continue;  // checked
    compare("max_pool2d", y_shape, exact, [&](const KernelTable& kernels, const Array<float>& y) {
      kernels.max_pool2d(x, y, Optional<Out<uint8_t>>{}, c.geometry, activation);
    });
    compare("max_pool2d with argmax", y_shape, exact, [&](const KernelTable& kernels, const Array<float>& y) {
      kernels.max_pool2d(x, y, garbage<uint8_t>(y_shape), c.geometry, activation);
    });
    compare<uint8_t>("argmax", y_shape, exact, [&](const KernelTable& kernels, const Array<uint8_t>& argmax) {
      kernels.max_pool2d(x, garbage<float>(y_shape), argmax, c.geometry, activation);
    });
  }
}

TEST(max_pool2d) {
  Random random(1);
  for (const Case& c : cases()) {
    compare_max(random.integers(image_shape(c), -3, 3), c);  // many ties
    compare_max(random.floats(image_shape(c), -1, 1), c);
  }
}

TEST(max_pool2d_of_nan_and_infinity) {
  Random random(2);
  const float special[] = {std::nanf(""), -std::numeric_limits<float>::infinity(),
                           std::numeric_limits<float>::infinity(), -0.0f, 0.0f};
  for (const Case& c : cases()) {
    const Array<float> x = random.integers(image_shape(c), -2, 2);
    for (int64_t i = 0; i < x.size(); ++i)
      if (random.integer(0, 2)) x[i] = special[random.integer(0, 4)];
    compare_max(x, c);
    for (int64_t i = 0; i < x.size(); ++i) x[i] = special[1];
    compare_max(x, c);
  }
}

TEST(max_pool2d_by_hand) {
  const Array<float> x({1, 2, 4, 1}, {1, 5, 2, 2, 5, 3, 2, 2});
  for (const Backend& backend : backends()) {
    Array<float> y({1, 1, 2, 1});
    Array<uint8_t> argmax({1, 1, 2, 1});
    backend.table.max_pool2d(x, y, argmax, {2, 2, 2, 2, 0, 0, 0, 0}, Activation::none);
    CHECK_EQ(y[0], 5.0f);
    CHECK_EQ(y[1], 2.0f);
    CHECK_EQ(+argmax[0], 1);  // the first of the largest
    CHECK_EQ(+argmax[1], 0);
  }
}

TEST(max_pool2d_with_relu_by_hand) {
  const float nan = std::nanf("");
  const Array<float> x({1, 1, 8, 1}, {-1, 5, -2, -3, -1, 0, nan, -1});
  for (const Backend& backend : backends()) {
    Array<float> y({1, 1, 4, 1}), dx(x.shape);
    Array<uint8_t> argmax(y.shape);
    const Pool2dGeometry pairs{1, 2, 1, 2, 0, 0, 0, 0};
    backend.table.max_pool2d(x, y, argmax, pairs, Activation::relu);
    CHECK_EQ(y[0], 5.0f);
    CHECK_EQ(y[1], 0.0f);
    CHECK_EQ(y[2], 0.0f);
    CHECK(std::isnan(y[3]));
    CHECK_EQ(+argmax[0], 1);
    CHECK_EQ(+argmax[1], +ops::no_cell);  // below zero
    CHECK_EQ(+argmax[2], +ops::no_cell);  // ReLU has the gradient 0 at 0
    CHECK_EQ(+argmax[3], 0);
    backend.table.max_pool2d_backward(Array<float>({1, 1, 4, 1}, {1, 2, 3, 4}), argmax, dx, pairs);
    const float want[] = {0, 1, 0, 0, 0, 0, 4, 0};
    for (int64_t i = 0; i < 8; ++i) CHECK_EQ(dx[i], want[i]);
  }
}

TEST(max_pool2d_backward) {
  Random random(3);
  for (const Case& c : cases()) {
    const Array<float> x = random.integers(image_shape(c), -9, 9), grad = random.integers(pooled(c), -9, 9);
    const Array<uint8_t> argmax(grad.shape);
    reference().max_pool2d(x, garbage<float>(grad.shape), argmax, c.geometry, Activation::none);
    compare("max_pool2d_backward", x.shape, exact, [&](const KernelTable& kernels, const Array<float>& dx) {
      kernels.max_pool2d_backward(grad, argmax, dx, c.geometry);
    });
    // Bytes that name no cell, or one in the padding, must do no harm.
    const Array<uint8_t> wild = random.bytes(grad.shape, 0, 255);
    compare("max_pool2d_backward of wild bytes", x.shape, exact,
            [&](const KernelTable& kernels, const Array<float>& dx) {
              kernels.max_pool2d_backward(grad, wild, dx, c.geometry);
            });
    // Every cell sums the windows in the order in which ref scatters them.
    const Array<float> floats = random.floats(pooled(c), -1, 1);
    compare("max_pool2d_backward of floats", x.shape, exact, [&](const KernelTable& kernels, const Array<float>& dx) {
      kernels.max_pool2d_backward(floats, argmax, dx, c.geometry);
    });
  }
}

TEST(average_pool2d) {
  Random random(4);
  for (const Case& c : cases()) {
    const Pool2dGeometry& g = c.geometry;
    for (bool count_padding : {false, true}) {
      // Sums of integers are exact; the division is rounded once here and twice, through double, in ref.
      const Array<float> integers = random.integers(image_shape(c), -9, 9);
      compare("average_pool2d", pooled(c), relative(1), [&](const KernelTable& kernels, const Array<float>& y) {
        kernels.average_pool2d(integers, y, g, count_padding);
      });
      // |error| <= (roundings of a sum by rows) * u * mean |x|, and |x| <= 1.
      const Array<float> floats = random.floats(image_shape(c), -1, 1);
      const double roundings = static_cast<double>(g.kernel_height + g.kernel_width + 1);
      compare("average_pool2d of floats", pooled(c), within(roundings * unit_roundoff),
              [&](const KernelTable& kernels, const Array<float>& y) {
                kernels.average_pool2d(floats, y, g, count_padding);
              });
    }
  }
}

TEST(average_pool2d_backward) {
  Random random(5);
  for (const Case& c : cases()) {
    const Pool2dGeometry& g = c.geometry;
    for (bool count_padding : {false, true}) {
      const double windows =
          static_cast<double>((g.kernel_height / g.stride_height + 1) * (g.kernel_width / g.stride_width + 1));
      const Array<float> grad = random.floats(pooled(c), -1, 1);
      // Both sides round: the share (twice here, once in ref) and each of the sums of `windows` terms of at most 1.
      compare("average_pool2d_backward", image_shape(c), within((2 * windows + 3) * windows * unit_roundoff),
              [&](const KernelTable& kernels, const Array<float>& dx) {
                kernels.average_pool2d_backward(grad, dx, g, count_padding);
              });
      if ((g.kernel_height & (g.kernel_height - 1)) || (g.kernel_width & (g.kernel_width - 1))) continue;
      if (!count_padding) continue;
      const Array<float> integers = random.integers(pooled(c), -9, 9);
      compare("average_pool2d_backward by a power of two", image_shape(c), exact,
              [&](const KernelTable& kernels, const Array<float>& dx) {
                kernels.average_pool2d_backward(integers, dx, g, count_padding);
              });
    }
  }
}

TEST(pool2d_errors) {
  const Array<float> x({2, 6, 6, 3}), y({2, 3, 3, 3}), flat({6, 6}), empty({2, 0, 6, 3});
  const Optional<Out<uint8_t>> none;
  const Array<uint8_t> argmax({2, 3, 3, 2});
  const Pool2dGeometry good{2, 2, 2, 2, 0, 0, 0, 0};
  const auto with = [&](auto change) {
    Pool2dGeometry geometry = good;
    change(geometry);
    return geometry;
  };
  ops::max_pool2d::check(x, y, none, good, Activation::none);
  ops::average_pool2d_backward::check(y, x, good, true);
  CHECK_THROWS(ops::max_pool2d::check(flat, y, none, good, Activation::none), "x: expected 4 dimensions");
  CHECK_THROWS(ops::max_pool2d::check(empty, y, none, good, Activation::none),
               "x: expected a height and a width of at least 1");
  CHECK_THROWS(ops::max_pool2d::check(x, x, none, good, Activation::none),
               "y: expected shape [2, 3, 3, 3], got [2, 6, 6, 3]");
  CHECK_THROWS(ops::max_pool2d::check(x, y, argmax, good, Activation::none), "argmax: expected shape [2, 3, 3, 3]");
  CHECK_THROWS(ops::max_pool2d_backward::check(y, argmax, x, good), "argmax: expected shape [2, 3, 3, 3]");
  CHECK_THROWS(ops::max_pool2d_backward::check(x, argmax, x, good), "grad: expected shape");
  CHECK_THROWS(ops::average_pool2d::check(x, y, with([](auto& g) { g.stride_width = 0; }), true),
               "geometry.strideWidth: expected an integer from 1");
  CHECK_THROWS(ops::average_pool2d::check(x, y, with([](auto& g) { g.kernel_height = 0; }), true),
               "geometry.kernelHeight");
  CHECK_THROWS(ops::average_pool2d::check(x, y, with([](auto& g) { g.pad_left = 2; }), true),
               "geometry.padLeft: expected an integer from 0 to 1, got 2");
  CHECK_THROWS(ops::average_pool2d::check(x, y, with([](auto& g) { g.pad_bottom = -1; }), true), "geometry.padBottom");
  CHECK_THROWS(ops::average_pool2d::check(x, y, with([](auto& g) { g.kernel_height = INT64_MAX; }), true),
               "geometry.kernelHeight");
  CHECK_THROWS(ops::average_pool2d::check(x, y, with([](auto& g) { g.kernel_height = 7; }), true),
               "that hold the kernel");
  const Array<float> large({1, 32, 32, 1}), one({1, 1, 1, 1});
  CHECK_THROWS(ops::max_pool2d::check(large, one, none, {17, 17, 17, 17, 0, 0, 0, 0}, Activation::none),
               "geometry: expected a window of at most 256 cells, got 289");
  CHECK_THROWS(
      ops::max_pool2d::check(large, Array<float>({1, 2, 2, 1}), none, {16, 16, 16, 16, 0, 0, 0, 0}, Activation::relu),
      "geometry: expected a window of at most 255 cells, got 256");
  CHECK_THROWS(ops::max_pool2d::check(x, y, none, good, static_cast<Activation>(9)), "activation");
}

}  // namespace
// Images that do not fit a cache go another way on the CPU. (An emulated GPU, which has one, would take minutes.)
TEST(max_pool2d_of_large_images) {
  const Case c{2, 1030, 1027, 2, {3, 3, 2, 2, 1, 1, 1, 1}};
  Random random(3);
  const Array<float> x = random.floats(image_shape(c), -1, 1);
  const Array<float> want = garbage<float>(pooled(c));
  const Array<uint8_t> cells = garbage<uint8_t>(pooled(c));
  reference().max_pool2d(x, want, cells, c.geometry, Activation::none);
  for (const cpu::Isa isa : cpu::supported()) {
    const KernelTable& kernels = cpu::table_for(isa);
    const Array<float> plain = garbage<float>(pooled(c)), got = garbage<float>(pooled(c));
    const Array<uint8_t> argmax = garbage<uint8_t>(pooled(c));
    kernels.max_pool2d(x, plain, Optional<Out<uint8_t>>{}, c.geometry, Activation::none);
    kernels.max_pool2d(x, got, argmax, c.geometry, Activation::none);
    CHECK(same_bits(plain, want));
    CHECK(same_bits(got, want));
    CHECK(same_bits(argmax, cells));
  }
}

}  // namespace hebb::test
