#include "ops/conv2d.h"

#include "ops/kernel_table.h"

namespace hebb::ref {
namespace {

struct Extents {
  int64_t images, height, width, channels;              // of the image
  int64_t filters, kernel_height, kernel_width, depth;  // depth: input channels of a group
  int64_t out_height, out_width;
};

Extents extents_of(const Shape& image, const Shape& filters, const Shape& result) {
  return {image[0], image[1], image[2], image[3], filters[0], filters[1], filters[2], filters[3], result[1], result[2]};
}

// Calls visit(image index, filter index, result index) for every product of the convolution, padding left out.
template <class Visit>
void for_each_product(const Extents& e, const Conv2dGeometry& g, const Visit& visit) {
  const int64_t filters_of_group = e.filters / g.groups;
  for (int64_t n = 0; n < e.images; ++n)
    for (int64_t oh = 0; oh < e.out_height; ++oh)
      for (int64_t ow = 0; ow < e.out_width; ++ow)
        for (int64_t o = 0; o < e.filters; ++o) {
          const int64_t result = ((n * e.out_height + oh) * e.out_width + ow) * e.filters + o;
          const int64_t first_channel = o / filters_of_group * e.depth;
          for (int64_t kh = 0; kh < e.kernel_height; ++kh)
            for (int64_t kw = 0; kw < e.kernel_width; ++kw) {
              const int64_t h = oh * g.stride_height - g.pad_top + kh * g.dilation_height;
              const int64_t w = ow * g.stride_width - g.pad_left + kw * g.dilation_width;
              if (h < 0 || h >= e.height || w < 0 || w >= e.width) continue;
              for (int64_t i = 0; i < e.depth; ++i)
                visit(((n * e.height + h) * e.width + w) * e.channels + first_channel + i,
                      ((o * e.kernel_height + kh) * e.kernel_width + kw) * e.depth + i, result);
            }
        }
}

// Sums in double; rounded once at the end.
struct Sums {
  explicit Sums(int64_t count) : count(count), values(new double[static_cast<size_t>(count)]()) {}
  ~Sums() { delete[] values; }
  Sums(const Sums&) = delete;
  Sums& operator=(const Sums&) = delete;
  void round_to(float* out) const {
    for (int64_t index = 0; index < count; ++index) out[index] = static_cast<float>(values[index]);
  }
  const int64_t count;
  double* const values;
};

}  // namespace

decltype(ops::conv2d::check) conv2d;
void conv2d(In<float> x, In<float> weight, Optional<In<float>> scale, Optional<In<float>> bias,
            Optional<In<float>> residual, Out<float> y, Conv2dGeometry geometry, Activation activation) {
  const Extents e = extents_of(x.shape, weight.shape, y.shape);
  Sums sums(y.size());
  for_each_product(e, geometry, [&](int64_t image, int64_t filter, int64_t result) {
    sums.values[result] += static_cast<double>(x.data[image]) * weight.data[filter];
  });
  for (int64_t index = 0; index < sums.count; ++index) {
    double& value = sums.values[index];
    if (scale) value *= scale.data[index % e.filters];
    if (bias) value += bias.data[index % e.filters];
    if (residual) value += residual.data[index];
    if (activation == Activation::relu && value < 0) value = 0;
  }
  sums.round_to(y.data);
}

decltype(ops::conv2d_input_gradient::check) conv2d_input_gradient;
void conv2d_input_gradient(In<float> grad, In<float> weight, Out<float> dx, Conv2dGeometry geometry) {
  Sums sums(dx.size());
  for_each_product(extents_of(dx.shape, weight.shape, grad.shape), geometry,
                   [&](int64_t image, int64_t filter, int64_t result) {
                     sums.values[image] += static_cast<double>(grad.data[result]) * weight.data[filter];
                   });
  sums.round_to(dx.data);
}

decltype(ops::conv2d_weight_gradient::check) conv2d_weight_gradient;
void conv2d_weight_gradient(In<float> grad, In<float> x, Out<float> dweight, Conv2dGeometry geometry) {
  Sums sums(dweight.size());
  for_each_product(extents_of(x.shape, dweight.shape, grad.shape), geometry,
                   [&](int64_t image, int64_t filter, int64_t result) {
                     sums.values[filter] += static_cast<double>(grad.data[result]) * x.data[image];
                   });
  sums.round_to(dweight.data);
}

}  // namespace hebb::ref
