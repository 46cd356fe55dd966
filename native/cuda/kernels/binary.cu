// Binary functions with broadcasting.
#include "cuda/kernels/broadcast_map.h"
#include "ops/elementwise.h"

namespace hebb::cuda {

decltype(ops::add::check) add;
decltype(ops::subtract::check) subtract;
decltype(ops::multiply::check) multiply;
decltype(ops::divide::check) divide;
decltype(ops::power::check) power;
decltype(ops::maximum::check) maximum;
decltype(ops::minimum::check) minimum;
decltype(ops::equal::check) equal;
decltype(ops::greater::check) greater;
decltype(ops::greater_equal::check) greater_equal;
decltype(ops::maximum_backward::check) maximum_backward;
decltype(ops::minimum_backward::check) minimum_backward;

namespace {

struct Minus {
  __device__ float operator()(float a, float b) const { return a - b; }
};
struct Times {
  __device__ float operator()(float a, float b) const { return a * b; }
};
struct Over {
  __device__ float operator()(float a, float b) const { return a / b; }
};
struct Power {
  __device__ float operator()(float a, float b) const { return powf(a, b); }
};
// NaN if either is.
struct Larger {
  __device__ float operator()(float a, float b) const { return isnan(a) || a > b ? a : b; }
};
struct Smaller {
  __device__ float operator()(float a, float b) const { return isnan(a) || a < b ? a : b; }
};
struct Equal {
  __device__ float operator()(float a, float b) const { return a == b ? 1 : 0; }
};
struct Greater {
  __device__ float operator()(float a, float b) const { return a > b ? 1 : 0; }
};
struct GreaterEqual {
  __device__ float operator()(float a, float b) const { return a >= b ? 1 : 0; }
};

struct MaximumBackward {
  __device__ float operator()(float a, float b, float grad) const { return a > b ? grad : a == b ? grad / 2 : 0; }
};
struct MinimumBackward {
  __device__ float operator()(float a, float b, float grad) const { return a < b ? grad : a == b ? grad / 2 : 0; }
};

}  // namespace

void add(In<float> a, In<float> b, Out<float> y) { broadcast_map(Plus{}, y, a, b); }
void subtract(In<float> a, In<float> b, Out<float> y) { broadcast_map(Minus{}, y, a, b); }
void multiply(In<float> a, In<float> b, Out<float> y) { broadcast_map(Times{}, y, a, b); }
void divide(In<float> a, In<float> b, Out<float> y) { broadcast_map(Over{}, y, a, b); }
void power(In<float> a, In<float> b, Out<float> y) { broadcast_map(Power{}, y, a, b); }
void maximum(In<float> a, In<float> b, Out<float> y) { broadcast_map(Larger{}, y, a, b); }
void minimum(In<float> a, In<float> b, Out<float> y) { broadcast_map(Smaller{}, y, a, b); }
void equal(In<float> a, In<float> b, Out<float> y) { broadcast_map(Equal{}, y, a, b); }
void greater(In<float> a, In<float> b, Out<float> y) { broadcast_map(Greater{}, y, a, b); }
void greater_equal(In<float> a, In<float> b, Out<float> y) { broadcast_map(GreaterEqual{}, y, a, b); }

void maximum_backward(In<float> grad, In<float> a, In<float> b, Out<float> da) {
  broadcast_map(MaximumBackward{}, da, a, b, grad.data);
}
void minimum_backward(In<float> grad, In<float> a, In<float> b, Out<float> da) {
  broadcast_map(MinimumBackward{}, da, a, b, grad.data);
}

}  // namespace hebb::cuda
