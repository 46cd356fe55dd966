// Unary functions, and their gradients: f takes the gradient of y and what the forward saved.
#include "cuda/kernels/map.h"
#include "ops/elementwise.h"

namespace hebb::cuda {

decltype(ops::negate::check) negate;
decltype(ops::absolute::check) absolute;
decltype(ops::exponential::check) exponential;
decltype(ops::logarithm::check) logarithm;
decltype(ops::square_root::check) square_root;
decltype(ops::sine::check) sine;
decltype(ops::cosine::check) cosine;
decltype(ops::relu::check) relu;
decltype(ops::sigmoid::check) sigmoid;
decltype(ops::hyperbolic_tangent::check) hyperbolic_tangent;
decltype(ops::absolute_backward::check) absolute_backward;
decltype(ops::square_root_backward::check) square_root_backward;
decltype(ops::relu_backward::check) relu_backward;
decltype(ops::sigmoid_backward::check) sigmoid_backward;
decltype(ops::hyperbolic_tangent_backward::check) hyperbolic_tangent_backward;
decltype(ops::leaky_relu::check) leaky_relu;
decltype(ops::leaky_relu_backward::check) leaky_relu_backward;
decltype(ops::elu::check) elu;
decltype(ops::elu_backward::check) elu_backward;
decltype(ops::affine::check) affine;
decltype(ops::accumulate::check) accumulate;

namespace {

struct Negate {
  __device__ float operator()(float x) const { return -x; }
};
struct Absolute {
  __device__ float operator()(float x) const { return fabsf(x); }
};
struct Exponential {
  __device__ float operator()(float x) const { return expf(x); }
};
struct Logarithm {
  __device__ float operator()(float x) const { return logf(x); }
};
struct SquareRoot {
  __device__ float operator()(float x) const { return sqrtf(x); }
};
struct Sine {
  __device__ float operator()(float x) const { return sinf(x); }
};
struct Cosine {
  __device__ float operator()(float x) const { return cosf(x); }
};
struct Relu {
  __device__ float operator()(float x) const { return x < 0 ? 0 : x; }  // a NaN stays
};
struct Sigmoid {
  __device__ float operator()(float x) const { return 1 / (1 + expf(-x)); }
};
struct HyperbolicTangent {
  __device__ float operator()(float x) const { return tanhf(x); }
};

struct AbsoluteBackward {
  // Neither above nor below 0: x itself is the 0, or the NaN.
  __device__ float operator()(float grad, float x) const { return x > 0 ? grad : x < 0 ? -grad : x; }
};
struct SquareRootBackward {
  __device__ float operator()(float grad, float y) const { return grad / (y + y); }
};
struct ReluBackward {
  __device__ float operator()(float grad, float y) const { return y <= 0 ? 0 : grad; }
};
struct SigmoidBackward {
  __device__ float operator()(float grad, float y) const { return grad * y * (1 - y); }
};
struct HyperbolicTangentBackward {
  __device__ float operator()(float grad, float y) const { return grad * fmaf(-y, y, 1); }
};

struct LeakyRelu {
  float slope;
  __device__ float operator()(float x) const { return x > 0 ? x : slope * x; }
  __device__ float operator()(float grad, float x) const { return x > 0 ? grad : slope * grad; }
};
struct Elu {
  float alpha;
  __device__ float operator()(float x) const { return x > 0 ? x : alpha * expm1f(x); }
  __device__ float operator()(float grad, float x) const { return x > 0 ? grad : grad * (alpha * expf(x)); }
};
struct Affine {
  float scale, shift;
  __device__ float operator()(float x) const { return fmaf(x, scale, shift); }
};

template <class F>
void unary(In<float> x, Out<float> y, F f) {
  map(f, y.data, x.size(), x.data);
}
template <class F>
void gradient(In<float> grad, In<float> saved, Out<float> dx, F f) {
  map(f, dx.data, saved.size(), grad.data, saved.data);
}

}  // namespace

void negate(In<float> x, Out<float> y) { unary(x, y, Negate{}); }
void absolute(In<float> x, Out<float> y) { unary(x, y, Absolute{}); }
void exponential(In<float> x, Out<float> y) { unary(x, y, Exponential{}); }
void logarithm(In<float> x, Out<float> y) { unary(x, y, Logarithm{}); }
void square_root(In<float> x, Out<float> y) { unary(x, y, SquareRoot{}); }
void sine(In<float> x, Out<float> y) { unary(x, y, Sine{}); }
void cosine(In<float> x, Out<float> y) { unary(x, y, Cosine{}); }
void relu(In<float> x, Out<float> y) { unary(x, y, Relu{}); }
void sigmoid(In<float> x, Out<float> y) { unary(x, y, Sigmoid{}); }
void hyperbolic_tangent(In<float> x, Out<float> y) { unary(x, y, HyperbolicTangent{}); }

void absolute_backward(In<float> grad, In<float> saved, Out<float> dx) {
  gradient(grad, saved, dx, AbsoluteBackward{});
}
void square_root_backward(In<float> grad, In<float> saved, Out<float> dx) {
  gradient(grad, saved, dx, SquareRootBackward{});
}
void relu_backward(In<float> grad, In<float> saved, Out<float> dx) { gradient(grad, saved, dx, ReluBackward{}); }
void sigmoid_backward(In<float> grad, In<float> saved, Out<float> dx) { gradient(grad, saved, dx, SigmoidBackward{}); }
void hyperbolic_tangent_backward(In<float> grad, In<float> saved, Out<float> dx) {
  gradient(grad, saved, dx, HyperbolicTangentBackward{});
}

void leaky_relu(In<float> x, Out<float> y, double slope) { unary(x, y, LeakyRelu{static_cast<float>(slope)}); }
void leaky_relu_backward(In<float> grad, In<float> x, Out<float> dx, double slope) {
  gradient(grad, x, dx, LeakyRelu{static_cast<float>(slope)});
}
void elu(In<float> x, Out<float> y, double alpha) { unary(x, y, Elu{static_cast<float>(alpha)}); }
void elu_backward(In<float> grad, In<float> x, Out<float> dx, double alpha) {
  gradient(grad, x, dx, Elu{static_cast<float>(alpha)});
}
void affine(In<float> x, Out<float> y, double scale, double shift) {
  unary(x, y, Affine{static_cast<float>(scale), static_cast<float>(shift)});
}

void accumulate(InOut<float> target, In<float> x) {
  const float* const old = target.data;
  map(Plus{}, target.data, x.size(), old, x.data);
}

}  // namespace hebb::cuda
