// Winograd's convolutions without their gate. Compiled once per instruction set and called by winograd_test.cc.
#include "cpu/conv/winograd/winograd.h"

namespace hebb::cpu::HEBB_ISA {

decltype(ops::conv2d::check) winograd_forward;
void winograd_forward(In<float> x, In<float> weight, Optional<In<float>> scale, Optional<In<float>> bias,
                      Optional<In<float>> residual, Out<float> y, Conv2dGeometry geometry, Activation activation) {
  winograd::convolve(Convolution(x.shape, weight.shape, y.shape, geometry), x.data, weight.data, true,
                     {scale.data, bias.data, residual.data, weight.shape[0], activation}, y.data);
}

decltype(ops::conv2d_input_gradient::check) winograd_input_gradient;
void winograd_input_gradient(In<float> grad, In<float> weight, Out<float> dx, Conv2dGeometry geometry) {
  winograd::gradient_of_input(Convolution(dx.shape, weight.shape, grad.shape, geometry), grad.data, weight.data,
                              dx.data);
}

decltype(ops::conv2d_weight_gradient::check) winograd_weight_gradient;
void winograd_weight_gradient(In<float> grad, In<float> x, Out<float> dweight, Conv2dGeometry geometry) {
  winograd::gradient_of_weight(Convolution(x.shape, dweight.shape, grad.shape, geometry), grad.data, x.data,
                               dweight.data);
}

bool winograd_pays(const Shape& x, const Shape& weight, const Shape& y, const Conv2dGeometry& geometry);
bool winograd_pays(const Shape& x, const Shape& weight, const Shape& y, const Conv2dGeometry& geometry) {
  return winograd::pays(Convolution(x, weight, y, geometry));
}

}  // namespace hebb::cpu::HEBB_ISA
