#include "ops/conv2d.h"

#include "cuda/conv/cudnn.h"
#include "cuda/conv/products.h"

namespace hebb::cuda {

decltype(ops::conv2d::check) conv2d;
void conv2d(In<float> x, In<float> weight, Optional<In<float>> scale, Optional<In<float>> bias,
            Optional<In<float>> residual, Out<float> y, Conv2dGeometry geometry, Activation activation) {
  if (y.size() == 0) return;
  const Convolution c(x.shape, weight.shape, y.shape, geometry);
  const Epilogue epilogue{scale ? scale.data : nullptr, bias ? bias.data : nullptr, residual ? residual.data : nullptr,
                          activation};
  if (dnn::convolve(c, x.data, weight.data, epilogue, y.data)) return;
  products::convolve(c, x.data, weight.data, epilogue, y.data);
}

decltype(ops::conv2d_input_gradient::check) conv2d_input_gradient;
void conv2d_input_gradient(In<float> grad, In<float> weight, Out<float> dx, Conv2dGeometry geometry) {
  if (dx.size() == 0) return;
  const Convolution c(dx.shape, weight.shape, grad.shape, geometry);
  if (dnn::gradient_of_input(c, grad.data, weight.data, dx.data)) return;
  products::gradient_of_input(c, grad.data, weight.data, dx.data);
}

decltype(ops::conv2d_weight_gradient::check) conv2d_weight_gradient;
void conv2d_weight_gradient(In<float> grad, In<float> x, Out<float> dweight, Conv2dGeometry geometry) {
  if (dweight.size() == 0) return;
  const Convolution c(x.shape, dweight.shape, grad.shape, geometry);
  if (dnn::gradient_of_weight(c, grad.data, x.data, dweight.data)) return;
  products::gradient_of_weight(c, grad.data, x.data, dweight.data);
}

}  // namespace hebb::cuda
