// Powers with one exponent for all: those that networks use are a multiplication, a division or a square root.
#include "cuda/kernels/map.h"
#include "ops/elementwise.h"

namespace hebb::cuda {

decltype(ops::power_scalar::check) power_scalar;
decltype(ops::power_scalar_backward::check) power_scalar_backward;

namespace {

struct Zeroth {
  __device__ float operator()(float) const { return 1; }
};
struct Itself {
  __device__ float operator()(float x) const { return x; }
};
struct Square {
  __device__ float operator()(float x) const { return x * x; }
};
struct Cube {
  __device__ float operator()(float x) const { return x * x * x; }
};
struct Reciprocal {
  __device__ float operator()(float x) const { return 1 / x; }
};
struct Root {
  // powf makes minus infinity plus infinity, and minus zero plus zero.
  __device__ float operator()(float x) const { return isinf(x) ? fabsf(x) : sqrtf(x + 0.0f); }
};
struct Power {
  float exponent;
  __device__ float operator()(float x) const { return powf(x, exponent); }
};

template <class Derivative>
struct Gradient {
  float factor;
  Derivative power;
  __device__ float operator()(float grad, float x) const { return grad * factor * power(x); }
};
struct NoGradient {
  __device__ float operator()(float, float) const { return 0; }
};

// Calls body(f), f(x) being the fastest way to x ^ exponent.
template <class Body>
void with_power(double exponent, Body body) {
  if (exponent == 0) return body(Zeroth{});
  if (exponent == 1) return body(Itself{});
  if (exponent == 2) return body(Square{});
  if (exponent == 3) return body(Cube{});
  if (exponent == -1) return body(Reciprocal{});
  if (exponent == 0.5) return body(Root{});
  body(Power{static_cast<float>(exponent)});
}

}  // namespace

void power_scalar(In<float> x, Out<float> y, double exponent) {
  with_power(exponent, [&](auto power) { map(power, y.data, x.size(), x.data); });
}

void power_scalar_backward(In<float> grad, In<float> x, Out<float> dx, double exponent) {
  if (exponent == 0) return map(NoGradient{}, dx.data, x.size(), grad.data, x.data);
  with_power(exponent - 1, [&](auto power) {
    map(Gradient<decltype(power)>{static_cast<float>(exponent), power}, dx.data, x.size(), grad.data, x.data);
  });
}

}  // namespace hebb::cuda
