#include "ops/conv2d.h"

#include "cpu/winograd_switch.h"
#include "harness.h"

namespace hebb::test {
namespace {

struct Case {
  const char* name;
  int64_t images, height, width, filters, window_height, window_width, depth;
  Conv2dGeometry geometry;  // strides, pads (top, left, bottom, right), dilations, groups
};

constexpr Case cases[] = {
    {"one pixel", 1, 1, 1, 1, 1, 1, 1, {1, 1, 0, 0, 0, 0, 1, 1, 1}},
    {"pointwise", 2, 5, 7, 19, 1, 1, 21, {1, 1, 0, 0, 0, 0, 1, 1, 1}},
    {"pointwise, strided", 2, 7, 6, 5, 1, 1, 18, {2, 3, 0, 0, 0, 0, 1, 1, 1}},
    {"pointwise, padded", 1, 4, 5, 3, 1, 1, 4, {1, 1, 1, 2, 0, 1, 1, 1, 1}},
    {"pointwise, groups", 2, 5, 4, 6, 1, 1, 3, {1, 1, 0, 0, 0, 0, 1, 1, 2}},
    {"lenet, first layer", 3, 28, 28, 6, 5, 5, 1, {1, 1, 2, 2, 2, 2, 1, 1, 1}},
    {"lenet, second layer", 3, 14, 14, 16, 5, 5, 6, {1, 1, 0, 0, 0, 0, 1, 1, 1}},
    {"alexnet, first layer", 1, 31, 47, 33, 11, 11, 3, {4, 4, 2, 2, 2, 2, 1, 1, 1}},
    {"resnet, first layer", 1, 33, 30, 20, 7, 7, 3, {2, 2, 3, 3, 3, 3, 1, 1, 1}},
    {"two channels", 2, 9, 40, 7, 3, 5, 2, {1, 1, 1, 2, 1, 2, 1, 1, 1}},
    {"3x3", 2, 9, 8, 35, 3, 3, 34, {1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"3x3, many channels", 1, 5, 6, 20, 3, 3, 130, {1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"3x3, stride 2", 2, 9, 10, 17, 3, 3, 19, {2, 2, 1, 1, 1, 1, 1, 1, 1}},
    {"3x2, stride 3 by 2, uneven padding", 2, 11, 9, 4, 3, 2, 5, {3, 2, 2, 0, 1, 3, 1, 1, 1}},
    {"stride above the window", 1, 13, 12, 5, 2, 3, 4, {5, 4, 1, 1, 0, 2, 1, 1, 1}},
    {"stride above the window, many positions", 16, 7, 56, 260, 1, 1, 3, {2, 2, 1, 1, 1, 1, 1, 1, 1}},
    {"stride above the window, lines of few positions", 9, 17, 5, 7, 2, 2, 5, {4, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"dilated", 2, 12, 13, 6, 3, 3, 5, {1, 1, 2, 3, 2, 3, 2, 3, 1}},
    {"dilated and strided", 2, 13, 17, 6, 3, 4, 5, {2, 3, 2, 1, 3, 4, 4, 2, 1}},
    {"dilation and stride prime to each other", 1, 19, 16, 3, 4, 3, 2, {3, 2, 1, 4, 2, 0, 2, 3, 1}},
    {"groups", 2, 6, 7, 9, 3, 3, 4, {1, 1, 1, 1, 1, 1, 1, 1, 3}},
    {"groups, strided", 2, 8, 7, 36, 3, 3, 17, {2, 2, 1, 0, 1, 1, 1, 1, 2}},
    {"depthwise", 2, 7, 9, 37, 3, 3, 1, {1, 1, 1, 1, 1, 1, 1, 1, 37}},
    {"depthwise, strided, two filters a channel", 2, 7, 9, 10, 3, 3, 1, {2, 2, 1, 1, 1, 1, 1, 1, 5}},
    {"window as large as the image", 3, 5, 6, 8, 5, 6, 3, {1, 1, 0, 0, 0, 0, 1, 1, 1}},
    {"padding above the window", 1, 3, 4, 2, 2, 2, 3, {1, 1, 4, 3, 5, 6, 1, 1, 1}},
    {"all in the padding", 1, 2, 2, 2, 1, 1, 3, {7, 7, 5, 5, 3, 3, 1, 1, 1}},
    {"one line", 2, 1, 90, 7, 1, 9, 3, {1, 2, 0, 4, 0, 4, 1, 1, 1}},
    {"one column", 2, 90, 1, 7, 9, 1, 3, {2, 1, 4, 0, 4, 0, 1, 1, 1}},
    {"many positions", 4, 40, 45, 5, 3, 3, 2, {1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"few windows at the border, strided", 3, 40, 38, 20, 3, 3, 24, {2, 2, 1, 1, 1, 1, 1, 1, 1}},
    {"few windows at the border", 2, 61, 57, 9, 3, 3, 16, {1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"few windows at the border, dilated", 1, 50, 64, 4, 3, 3, 12, {1, 1, 2, 3, 2, 3, 2, 3, 1}},
    {"one channel, one filter", 2, 9, 33, 1, 3, 3, 1, {1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"one channel, two filters, bands of lines", 2, 70, 48, 2, 5, 3, 1, {1, 1, 4, 2, 0, 0, 1, 1, 1}},
    {"one channel, three filters, dilated", 3, 20, 40, 3, 3, 4, 1, {1, 1, 2, 1, 3, 2, 2, 2, 1}},
    {"one channel, four filters", 1, 33, 24, 4, 2, 2, 1, {1, 1, 0, 0, 1, 0, 1, 1, 1}},
    {"one channel, seven filters", 1, 12, 128, 7, 7, 1, 1, {1, 1, 3, 0, 3, 0, 1, 1, 1}},
    {"one channel, eight filters", 35, 6, 96, 8, 3, 3, 1, {1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"one channel, padding beyond the image", 1, 5, 16, 2, 3, 3, 1, {1, 1, 2, 20, 2, 20, 1, 1, 1}},
    {"few channels, a wide window", 1, 20, 33, 5, 3, 11, 8, {1, 1, 1, 5, 1, 5, 1, 1, 1}},
    {"a bundle of images, one channel", 16, 28, 28, 6, 5, 5, 1, {1, 1, 2, 2, 2, 2, 1, 1, 1}},
    {"two bundles of images, second layer", 32, 14, 14, 16, 5, 5, 6, {1, 1, 0, 0, 0, 0, 1, 1, 1}},
    {"bundles of images that are not full", 31, 9, 7, 5, 3, 2, 3, {1, 1, 2, 0, 0, 1, 1, 1, 1}},
    {"bundles of images, more filters than lanes", 32, 6, 8, 23, 3, 3, 5, {1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"bundles of images, more channels than lanes", 16, 6, 8, 7, 3, 3, 19, {1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"a bundle of images, padding beyond the window", 16, 4, 5, 3, 3, 3, 2, {1, 1, 4, 5, 3, 6, 1, 1, 1}},
    {"a bundle of images smaller than the window", 16, 2, 3, 4, 5, 5, 2, {1, 1, 4, 4, 4, 4, 1, 1, 1}},
    {"a bundle of images some pages apart", 16, 32, 32, 4, 3, 3, 3, {1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"a bundle of images in bands of rows", 12, 90, 100, 4, 3, 3, 3, {1, 1, 0, 1, 2, 1, 1, 1, 1}},
    {"many bundles of images", 600, 4, 5, 2, 3, 3, 1, {1, 1, 0, 0, 0, 0, 1, 1, 1}},
    {"many filters: packed rows, of runs with a rest", 2, 6, 7, 260, 3, 3, 7, {1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"many filters and channels, strides", 1, 13, 11, 256, 3, 3, 40, {2, 2, 1, 1, 1, 1, 1, 1, 1}},
    {"no images", 0, 5, 6, 3, 3, 3, 2, {1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"no filters", 2, 5, 6, 0, 3, 3, 2, {1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"no channels", 2, 5, 6, 3, 3, 3, 0, {1, 1, 1, 1, 1, 1, 1, 1, 1}},
};

Shape image_of(const Case& c) { return shape({c.images, c.height, c.width, c.depth * c.geometry.groups}); }
Shape weight_of(const Case& c) { return shape({c.filters, c.window_height, c.window_width, c.depth}); }
Shape result_of(const Case& c) {
  const Conv2dGeometry& g = c.geometry;
  const int64_t rest_height = c.height + g.pad_top + g.pad_bottom - g.dilation_height * (c.window_height - 1) - 1;
  const int64_t rest_width = c.width + g.pad_left + g.pad_right - g.dilation_width * (c.window_width - 1) - 1;
  return shape({c.images, rest_height / g.stride_height + 1, rest_width / g.stride_width + 1, c.filters});
}

Array<float> magnitudes(const Array<float>& values) {
  const Array<float> result = values.clone();
  for (int64_t index = 0; index < result.size(); ++index) result[index] = std::fabs(result[index]);
  return result;
}

// Runs `kernel(table, left, right, out)` on integers, exactly, and on floats within (length + 3) roundings of the sum
// of the products' magnitudes (Higham, Accuracy and Stability of Numerical Algorithms, 3.1).
template <class Kernel>
void check_sums(const std::string& what, const Shape& left, const Shape& right, const Shape& out, int64_t length,
                Kernel kernel) {
  Random random(static_cast<uint64_t>(left.size() + 31 * right.size()));
  const auto with = [kernel](const Array<float>& a, const Array<float>& b) {
    return [=](const KernelTable& kernels, Out<float> y) { kernel(kernels, a, b, y); };
  };
  compare(what + ", integers", out, exact, with(random.integers(left, -8, 8), random.integers(right, -8, 8)));
  const Array<float> a = random.floats(left, -1, 1), b = random.floats(right, -1, 1), bounds(out);
  with(magnitudes(a), magnitudes(b))(reference(), bounds);
  const auto tolerance = [=](int64_t index, double) {
    return (static_cast<double>(length) + 3) * unit_roundoff * bounds[index];
  };
  compare(what + ", floats", out, tolerance, with(a, b));
}

// Integers come out exact: not by Winograd's way, which winograd_test.cc tests.
struct DirectWay {
  DirectWay() { cpu::switch_winograd(false); }
  ~DirectWay() { cpu::switch_winograd(before); }
  const bool before = cpu::winograd_is_on();
};

void check_forward(const std::string& name, const Case& c, const Optional<In<float>>& bias, Activation activation) {
  const int64_t length = c.window_height * c.window_width * c.depth;
  // The bound leaves the bias, of 50 at most, out: room for roundings at its magnitude too.
  check_sums("conv2d, " + name, image_of(c), weight_of(c), result_of(c), bias ? 8 * length + 400 : length,
             [=](const KernelTable& kernels, In<float> x, In<float> weight, Out<float> y) {
               ops::conv2d::check(x, weight, {}, bias, {}, y, c.geometry, activation);
               kernels.conv2d(x, weight, {}, bias, {}, y, c.geometry, activation);
             });
}

void check_input_gradient(const std::string& name, const Case& c) {
  check_sums("conv2d_input_gradient, " + name, result_of(c), weight_of(c), image_of(c),
             c.window_height * c.window_width * c.filters / c.geometry.groups,
             [=](const KernelTable& kernels, In<float> grad, In<float> weight, Out<float> dx) {
               ops::conv2d_input_gradient::check(grad, weight, dx, c.geometry);
               kernels.conv2d_input_gradient(grad, weight, dx, c.geometry);
             });
}

void check_weight_gradient(const std::string& name, const Case& c) {
  const Shape result = result_of(c);
  check_sums("conv2d_weight_gradient, " + name, result, image_of(c), weight_of(c), result.product(0, 3),
             [=](const KernelTable& kernels, In<float> grad, In<float> x, Out<float> dweight) {
               ops::conv2d_weight_gradient::check(grad, x, dweight, c.geometry);
               kernels.conv2d_weight_gradient(grad, x, dweight, c.geometry);
             });
}

Case draw_case(Random& random) {
  const auto extent = [&] { return random.one_of({1, 2, 5, 7, 13, 14, 16, 17, 28, 33, 56}); };
  const auto channels = [&] { return random.one_of({1, 3, 4, 6, 7, 8, 14, 16, 17, 32, 33, 64, 96, 256, 257}); };
  Case c{"", random.one_of({1, 2, 4, 9, 16, 17}), extent(), extent(), 0, 0, 0, channels(), {}};
  c.window_height = c.window_width = random.one_of({1, 1, 1, 2, 2, 3, 3, 3, 5, 7});
  const int64_t stride = random.one_of({1, 1, 1, 2, 2, 3, 5}), padding = random.one_of({0, 1, c.window_width / 2});
  const int64_t dilation = random.one_of({1, 1, 1, 1, 1, 2}), groups = random.one_of({1, 1, 1, 1, 2});
  c.geometry = {stride, stride, padding, padding, padding, padding, dilation, dilation, groups};
  c.filters = channels() * groups;
  return c;
}

std::string name_of(const Case& c) {
  const Conv2dGeometry& g = c.geometry;
  std::string name = "drawn:";
  for (const int64_t number : {c.images, c.height, c.width, c.depth, c.filters, c.window_width, g.stride_width,
                               g.pad_left, g.dilation_width, g.groups})
    name += " " + std::to_string(number);
  return name + " (images, height, width, depth, filters, window, stride, padding, dilation, groups)";
}

}  // namespace

TEST(conv2d_of_many_geometries) {
  const DirectWay direct;
  for (const Case& c : cases) {
    const Array<float> bias = Random(3).integers({c.filters}, -50, 50);
    for (const bool biased : {false, true}) {
      const Optional<In<float>> offset = biased ? Optional<In<float>>(bias) : Optional<In<float>>();
      const Activation activation = biased ? Activation::relu : Activation::none;
      check_forward(c.name, c, offset, activation);
    }
  }
}

TEST(conv2d_scales_its_sums_and_adds_residuals) {
  const DirectWay direct;
  for (const Case& c : cases) {
    Random random(7);
    const Array<float> scale = random.integers({c.filters}, -3, 3), bias = random.integers({c.filters}, -50, 50);
    const Array<float> residual = random.integers(result_of(c), -200, 200), x = random.integers(image_of(c), -8, 8);
    const Array<float> weight = random.integers(weight_of(c), -8, 8);
    for (const auto& [biased, added] : {std::pair{false, true}, {true, true}, {true, false}}) {
      const Optional<In<float>> offset = biased ? Optional<In<float>>(bias) : Optional<In<float>>();
      const Optional<In<float>> addend = added ? Optional<In<float>>(residual) : Optional<In<float>>();
      const Activation activation = biased ? Activation::relu : Activation::none;
      compare(std::string("conv2d with scale") + (added ? " and residual, " : ", ") + c.name, result_of(c), exact,
              [&, offset, addend](const KernelTable& kernels, Out<float> y) {
                ops::conv2d::check(x, weight, scale, offset, addend, y, c.geometry, activation);
                kernels.conv2d(x, weight, scale, offset, addend, y, c.geometry, activation);
              });
    }
  }
}

TEST(conv2d_input_gradient_of_many_geometries) {
  const DirectWay direct;
  for (const Case& c : cases) check_input_gradient(c.name, c);
}

TEST(conv2d_weight_gradient_of_many_geometries) {
  const DirectWay direct;
  for (const Case& c : cases) check_weight_gradient(c.name, c);
}

// Extents at and beside those of tiles, panels and blocks, in combinations that nobody thought of.
TEST(conv2d_of_drawn_geometries) {
  const DirectWay direct;
  Random random(20261127);
  for (int count = 0; count < 120;) {
    const Case c = draw_case(random);
    const Shape result = result_of(c);
    const int64_t products = result.product(0, 3) * weight_of(c).product(0, 4);
    const int64_t span = (c.window_width - 1) * c.geometry.dilation_width + 1 - 2 * c.geometry.pad_left;
    if (c.height < span || c.width < span || products > 2'000'000 || image_of(c).product(0, 4) > 200'000) continue;
    const std::string name = name_of(c);
    check_forward(name, c, {}, Activation::none);
    check_input_gradient(name, c);
    check_weight_gradient(name, c);
    ++count;
  }
}

TEST(conv2d_checks) {
  const Conv2dGeometry plain{1, 1, 0, 0, 0, 0, 1, 1, 1};
  const Array<float> x({2, 5, 6, 4}), weight({3, 2, 2, 4}), bias({3}), y({2, 4, 5, 3}), none;
  const auto check = [&](const Array<float>& x, const Array<float>& weight, const Array<float>& bias,
                         const Array<float>& y, const Conv2dGeometry& geometry) {
    ops::conv2d::check(x, weight, {}, bias, {}, y, geometry, Activation::relu);
  };
  check(x, weight, bias, y, plain);
  CHECK_THROWS(check(none, weight, bias, y, plain), "x: expected 4 dimensions");
  CHECK_THROWS(check(x, bias, bias, y, plain), "weight: expected 4 dimensions");
  CHECK_THROWS(check(x, weight, y, y, plain), "bias: expected shape [3]");
  CHECK_THROWS(check(x, weight, bias, x, plain), "y: expected shape [2, 4, 5, 3], got [2, 5, 6, 4]");
  CHECK_THROWS(check(x, Array<float>({3, 2, 2, 3}), bias, y, plain), "weight: expected 4 input channels in 1 groups");
  CHECK_THROWS(check(x, Array<float>({3, 0, 2, 4}), bias, y, plain), "weight: expected a kernel of 1 by 1 at least");
  CHECK_THROWS(check(x, Array<float>({3, 6, 2, 4}), bias, y, plain), "weight: expected a window no larger");
  CHECK_THROWS(ops::conv2d::check(x, weight, y, bias, {}, y, plain, Activation::relu), "scale: expected shape [3]");
  CHECK_THROWS(ops::conv2d::check(x, weight, bias, bias, x, y, plain, Activation::relu),
               "residual: expected shape [2, 4, 5, 3], got [2, 5, 6, 4]");
  CHECK_THROWS(ops::conv2d::check(x, weight, {}, bias, {}, y, plain, Activation::count), "activation: expected");
  const auto with = [&](int64_t Conv2dGeometry::*member, int64_t value) {
    Conv2dGeometry geometry = plain;
    geometry.*member = value;
    return geometry;
  };
  CHECK_THROWS(check(x, weight, bias, y, with(&Conv2dGeometry::groups, 2)), "weight: expected a number of filters");
  CHECK_THROWS(check(x, weight, bias, y, with(&Conv2dGeometry::groups, 3)), "weight: expected 4 input channels");
  for (const int64_t value : {int64_t{0}, int64_t{-1}, INT64_MIN, INT64_MAX, (int64_t{1} << 30) + 1}) {
    CHECK_THROWS(check(x, weight, bias, y, with(&Conv2dGeometry::stride_height, value)), "geometry: expected");
    CHECK_THROWS(check(x, weight, bias, y, with(&Conv2dGeometry::stride_width, value)), "geometry: expected");
    CHECK_THROWS(check(x, weight, bias, y, with(&Conv2dGeometry::dilation_height, value)), "geometry: expected");
    CHECK_THROWS(check(x, weight, bias, y, with(&Conv2dGeometry::dilation_width, value)), "geometry: expected");
    CHECK_THROWS(check(x, weight, bias, y, with(&Conv2dGeometry::groups, value)), "geometry: expected");
    if (value == 0) continue;
    CHECK_THROWS(check(x, weight, bias, y, with(&Conv2dGeometry::pad_top, value)), "geometry: expected padding");
    CHECK_THROWS(check(x, weight, bias, y, with(&Conv2dGeometry::pad_left, value)), "geometry: expected padding");
    CHECK_THROWS(check(x, weight, bias, y, with(&Conv2dGeometry::pad_bottom, value)), "geometry: expected padding");
    CHECK_THROWS(check(x, weight, bias, y, with(&Conv2dGeometry::pad_right, value)), "geometry: expected padding");
  }
  CHECK_THROWS(ops::conv2d_input_gradient::check(y, weight, y, plain), "weight: expected 3 input channels");
  CHECK_THROWS(ops::conv2d_input_gradient::check(x, weight, x, plain), "grad: expected shape [2, 4, 5, 3]");
  CHECK_THROWS(ops::conv2d_weight_gradient::check(x, x, weight, plain), "grad: expected shape [2, 4, 5, 3]");
}

// Extents near the limits: the checks' arithmetic does not overflow and the kernels do not loop over the stride.
TEST(conv2d_of_huge_parameters) {
  constexpr int64_t huge = int64_t{1} << 30;
  const Conv2dGeometry geometry{huge, huge, 0, 0, huge, huge, huge, huge, 1};
  Random random(5);
  check_sums("conv2d, huge", shape({1, 2, 3, 2}), shape({3, 1, 2, 2}), shape({1, 2, 1, 3}), 4,
             [=](const KernelTable& kernels, In<float> x, In<float> weight, Out<float> y) {
               ops::conv2d::check(x, weight, {}, {}, {}, y, geometry, Activation::none);
               kernels.conv2d(x, weight, {}, {}, {}, y, geometry, Activation::none);
             });
  check_sums("conv2d_input_gradient, huge", shape({1, 2, 1, 3}), shape({3, 1, 2, 2}), shape({1, 2, 3, 2}), 3,
             [=](const KernelTable& kernels, In<float> grad, In<float> weight, Out<float> dx) {
               ops::conv2d_input_gradient::check(grad, weight, dx, geometry);
               kernels.conv2d_input_gradient(grad, weight, dx, geometry);
             });
}

}  // namespace hebb::test
