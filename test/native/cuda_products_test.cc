// Matrix products and convolutions on the emulated GPU, where the table of ops does not reach: hebb's own gemm, tiles
// of patches, bfloat16.
#include "cuda/conv/filters.h"
#include "cuda/conv/products.h"
#include "cuda/kernels/bfloat16.h"
#include "cuda/kernels/epilogue.h"
#include "cuda/kernels/gemm.h"
#include "cuda/runtime/device.h"
#include "harness.h"

namespace hebb::test {
namespace {

using cuda::Product;

// Until then nothing needs to have run.
void finish() {
  cuda::Device& device = cuda::Device::current();
  device.await(device.fence());
  const char* const failure = device.failure();
  CHECK_EQ(std::string(failure ? failure : ""), "");
}

// c = activation(op(a) op(b) + bias), or c + op(a) op(b), from operands with gaps between rows and between batches.
struct Sizes {
  int64_t rows, columns, depth, batches = 1;
};

void check_gemm(const Sizes& s, bool transposed_a, bool transposed_b, bool accumulate, Random& random) {
  constexpr int64_t gap = 3;
  const bool shared_b = s.batches > 1 && transposed_b;  // one matrix for all batches
  const int64_t a_rows = transposed_a ? s.depth : s.rows, a_stride = (transposed_a ? s.rows : s.depth) + gap;
  const int64_t b_rows = transposed_b ? s.columns : s.depth, b_stride = (transposed_b ? s.depth : s.columns) + gap;
  const int64_t c_stride = s.columns + gap;
  const Array<float> a = random.integers({s.batches, a_rows, a_stride}, -9, 9);
  const Array<float> b = random.integers({shared_b ? 1 : s.batches, b_rows, b_stride}, -9, 9);
  const Array<float> bias = random.integers({s.columns}, -300, 300);
  const Array<float> before = random.integers({s.batches, s.rows, c_stride}, -99, 99);
  const Array<float> got = before.clone(), want = before.clone();
  Product p{};
  p.rows = s.rows, p.columns = s.columns, p.depth = s.depth, p.batches = s.batches;
  p.a = {a.data.get(), a_stride, transposed_a, a_rows * a_stride};
  p.b = {b.data.get(), b_stride, transposed_b, shared_b ? 0 : b_rows * b_stride};
  p.c = got.data.get();
  p.c_stride = c_stride, p.c_batch_step = s.rows * c_stride;
  p.accumulate = accumulate;
  if (!accumulate) p.bias = bias.data.get(), p.activation = Activation::relu;
  cuda::tiled_gemm(p);
  finish();
  for (int64_t batch = 0; batch < s.batches; ++batch)
    for (int64_t row = 0; row < s.rows; ++row)
      for (int64_t column = 0; column < s.columns; ++column) {
        double sum = 0;
        for (int64_t k = 0; k < s.depth; ++k) {
          const int64_t in_a = transposed_a ? k * a_stride + row : row * a_stride + k;
          const int64_t in_b = transposed_b ? column * b_stride + k : k * b_stride + column;
          sum += static_cast<double>(a[batch * p.a.batch_step + in_a]) * b[batch * p.b.batch_step + in_b];
        }
        float& c = want[(batch * s.rows + row) * c_stride + column];
        sum += accumulate ? c : bias[column];
        c = static_cast<float>(!accumulate && sum < 0 ? 0 : sum);
      }
  check_close("tiled_gemm of " + to_string(shape({s.rows, s.columns, s.depth, s.batches})), got, want, exact);
}

struct Case {
  const char* name;
  Shape image, weight;
  Conv2dGeometry geometry;  // strides, pads (top, left, bottom, right), dilations, groups
};

int64_t extent(int64_t image, int64_t before, int64_t after, int64_t window, int64_t dilation, int64_t stride) {
  return (image + before + after - dilation * (window - 1) - 1) / stride + 1;
}

Shape result_of(const Case& c) {
  const Conv2dGeometry& g = c.geometry;
  return shape(
      {c.image[0], extent(c.image[1], g.pad_top, g.pad_bottom, c.weight[1], g.dilation_height, g.stride_height),
       extent(c.image[2], g.pad_left, g.pad_right, c.weight[2], g.dilation_width, g.stride_width), c.weight[0]});
}

struct SmallTiles {
  explicit SmallTiles(int64_t floats) { cuda::products::most_floats = floats; }
  ~SmallTiles() { cuda::products::most_floats = before; }
  const int64_t before = cuda::products::most_floats;
};

}  // namespace

TEST(tiled_gemm_of_many_shapes) {
  Random random(11);
  for (const bool transposed_a : {false, true})
    for (const bool transposed_b : {false, true})
      for (const bool accumulate : {false, true})
        for (const Sizes& sizes : {Sizes{1, 1, 1}, Sizes{3, 5, 7}, Sizes{64, 64, 16}, Sizes{65, 63, 17},
                                   Sizes{130, 70, 33, 2}, Sizes{2, 3, 0, 2}, Sizes{5, 9, 40, 3}})
          check_gemm(sizes, transposed_a, transposed_b, accumulate, random);
}

TEST(tiled_gemm_splits_long_sums) {
  Random random(12);
  for (const bool transposed : {false, true}) {
    check_gemm({6, 25, 5000}, transposed, !transposed, transposed, random);
    check_gemm({70, 3, 700, 2}, transposed, transposed, !transposed, random);
  }
}

TEST(tiled_gemm_with_large_tiles) {
  Random random(13);
  check_gemm({130, 129, 18, 64}, true, false, false, random);
  check_gemm({129, 140, 5, 64}, false, true, true, random);
}

TEST(tiled_gemm_of_nothing_and_nan) {
  Product p{};
  cuda::tiled_gemm(p);  // no rows, no columns
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Array<float> a({1, 1}, {nan}), b({1, 1}, {1}), c({1, 1});
  p.rows = p.columns = p.depth = 1;
  p.a = {a.data.get(), 1}, p.b = {b.data.get(), 1};
  p.c = c.data.get(), p.c_stride = 1;
  p.activation = Activation::relu;
  cuda::tiled_gemm(p);
  finish();
  CHECK(std::isnan(c[0]));
}

// The patches of a convolution come in tiles of positions or, for the input's gradient, in bands of rows or of images.
TEST(convolutions_in_small_tiles) {
  const Case cases[] = {
      {"3x3", shape({3, 9, 8, 4}), shape({5, 3, 3, 4}), {1, 1, 1, 1, 1, 1, 1, 1, 1}},
      {"strided", shape({2, 11, 9, 3}), shape({4, 3, 2, 3}), {3, 2, 2, 0, 1, 3, 1, 1, 1}},
      {"dilated, groups", shape({2, 13, 17, 8}), shape({6, 3, 4, 4}), {2, 3, 2, 1, 3, 4, 4, 2, 2}},
      {"stride above the window", shape({2, 13, 12, 4}), shape({5, 2, 3, 4}), {5, 4, 1, 1, 0, 2, 1, 1, 1}},
      {"padding above the window", shape({1, 3, 4, 3}), shape({2, 2, 2, 3}), {1, 1, 4, 3, 5, 6, 1, 1, 1}},
  };
  for (const int64_t floats : {1, 300, 2000, 9000}) {
    const SmallTiles tiles(floats);
    for (const Case& c : cases) {
      Random random(static_cast<uint64_t>(floats));
      const Shape result = result_of(c);
      const Convolution convolution(c.image, c.weight, result, c.geometry);
      const Array<float> x = random.integers(c.image, -8, 8), weight = random.integers(c.weight, -8, 8);
      const Array<float> grad = random.integers(result, -8, 8), bias = random.integers({c.weight[0]}, -50, 50);
      const std::string what = std::string(c.name) + " in tiles of " + std::to_string(floats);

      const Array<float> y = garbage<float>(result), want_y(result);
      reference().conv2d(x, weight, {}, bias, {}, want_y, c.geometry, Activation::relu);
      cuda::products::convolve(convolution, x.data.get(), weight.data.get(),
                               {nullptr, bias.data.get(), nullptr, Activation::relu}, y.data.get());
      finish();
      check_close("convolution, " + what, y, want_y, exact);

      const Array<float> dx = garbage<float>(c.image), want_dx(c.image);
      reference().conv2d_input_gradient(grad, weight, want_dx, c.geometry);
      cuda::products::gradient_of_input(convolution, grad.data.get(), weight.data.get(), dx.data.get());
      finish();
      check_close("input's gradient, " + what, dx, want_dx, exact);

      const Array<float> dweight = garbage<float>(c.weight), want_dweight(c.weight);
      reference().conv2d_weight_gradient(grad, x, want_dweight, c.geometry);
      cuda::products::gradient_of_weight(convolution, grad.data.get(), x.data.get(), dweight.data.get());
      finish();
      check_close("weight's gradient, " + what, dweight, want_dweight, exact);
    }
  }
}

TEST(bfloat16_rounds_to_nearest_even) {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  // 1 + 2^-7 is the number after 1; ties go to the even one; what is above the largest becomes infinite.
  const Array<float> x({10}, {1, 1 + 0x1p-8f, 1 + 0x1.8p-7f, 1 + 0x1.02p-8f, -3.5f, infinity, -infinity, nan,
                              std::numeric_limits<float>::max(), 0x1p-130f});
  const Array<float> want({10}, {1, 1, 1 + 0x1p-6f, 1 + 0x1p-7f, -3.5f, infinity, -infinity, nan, infinity, 0x1p-130f});
  for (const int64_t skipped : {0, 1}) {  // by fours, and one by one
    uint16_t halves[10] = {};
    const Array<float> y = garbage<float>(x.shape);
    y[0] = 1;
    cuda::to_bfloat16(x.data.get() + skipped, halves + skipped, 10 - skipped);
    cuda::apply({}, halves + skipped, y.data.get() + skipped, 1, 10 - skipped, 10 - skipped);
    finish();
    check_close("bfloat16", y, want, exact);
  }
}

TEST(epilogue_of_rows_that_lie_apart) {
  Random random(14);
  for (const int64_t columns : {1, 3, 8}) {
    const int64_t rows = 37, stride = columns + 4;
    const Array<float> sums = random.integers({rows, stride}, -9, 9), residual = random.integers({rows, stride}, -9, 9);
    const Array<float> scale = random.integers({columns}, -3, 3), bias = random.integers({columns}, -20, 20);
    const Array<float> got = sums.clone(), want = sums.clone();
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; ++column) {
        const int64_t at = row * stride + column;
        want[at] = std::fmax(sums[at] * scale[column] + bias[column] + residual[at], 0.0f);
      }
    cuda::apply({scale.data.get(), bias.data.get(), residual.data.get(), Activation::relu}, got.data.get(),
                got.data.get(), rows, columns, stride);
    finish();
    check_close("epilogue", got, want, exact);
  }
}

TEST(filters_scaled) {
  Random random(15);
  const Array<float> weight = random.integers({5, 3000}, -9, 9), scale = random.integers({5}, -3, 3);
  const Array<float> got = garbage<float>(weight.shape), want = weight.clone();
  for (int64_t index = 0; index < want.size(); ++index) want[index] *= scale[index / 3000];
  cuda::scale_filters(weight.data.get(), scale.data.get(), got.data.get(), 5, 3000);
  finish();
  check_close("filters", got, want, exact);
}

}  // namespace hebb::test
