// How cuDNN runs one convolution problem: its descriptors and the algorithms that may run it.
//
// Of cuDNN's algorithms only the direct ones are used: FFT and Winograd round differently, and let an infinity or a NaN
// out of its window. While the same bits are asked for, it is the first that cuDNN recommends, else the fastest of
// them, timed by the first run.
#pragma once
#include <array>
#include <compare>
#include <initializer_list>
#include <vector>

#include "cuda/kernels/epilogue.h"
#include "cuda/libraries/cudnn.h"
#include "cuda/runtime/context.h"
#include "ops/conv2d.h"

namespace hebb::cuda::dnn {

enum class Pass { forward, input_gradient, weight_gradient };

// In device memory, of the convolution's type. The pass tells which one is written.
struct Tensors {
  const void *x, *weight, *y;
  void* output(Pass pass) const {
    return const_cast<void*>(pass == Pass::forward ? y : pass == Pass::input_gradient ? x : weight);
  }
};

// All that the choice of an algorithm depends on.
struct Problem {
  Pass pass;
  std::array<int64_t, 19> numbers;
  bool fused, residual;  // with bias, residual and activation in the same pass
  Activation activation;
  Precision precision;
  bool deterministic;

  Problem(Pass pass, const Convolution& c, const Epilogue* fused, const Context& context);
  auto operator<=>(const Problem&) const = default;
};

template <class Descriptor>
class Owned {
 public:
  Owned(cudnnStatus_t (*make)(Descriptor*), cudnnStatus_t (*destroy)(Descriptor)) : destroy_(destroy) {
    cudnn().require(make(&descriptor_), "making a descriptor");
  }
  ~Owned() { destroy_(descriptor_); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  operator Descriptor() const { return descriptor_; }

 private:
  Descriptor descriptor_ = nullptr;
  cudnnStatus_t (*destroy_)(Descriptor);
};

struct Candidate {
  int algorithm;
  cudnnMathType_t math;
  size_t workspace;
};

class Plan {
 public:
  Plan(const Problem& problem, const Convolution& c, cudnnHandle_t handle);

  bool is_empty() const { return candidates_.empty(); }
  // What the candidates may need.
  size_t workspace() const;
  // False when cuDNN turns out to support no candidate.
  bool run(const Tensors& tensors, const Epilogue* fused, void* workspace);

 private:
  template <class Algorithm, class Ask, class Measure>
  void collect(std::initializer_list<Algorithm> direct, Ask ask, Measure measure);
  void collect();
  cudnnStatus_t attempt(const Candidate& candidate, const Tensors& tensors, const Epilogue* fused, void* workspace);
  void time(const Tensors& tensors, const Epilogue* fused, void* workspace);

  const Cudnn& dnn_ = cudnn();
  const Problem problem_;
  const cudnnHandle_t handle_;
  const Owned<cudnnTensorDescriptor_t> x_{dnn_.cudnnCreateTensorDescriptor, dnn_.cudnnDestroyTensorDescriptor};
  const Owned<cudnnTensorDescriptor_t> y_{dnn_.cudnnCreateTensorDescriptor, dnn_.cudnnDestroyTensorDescriptor};
  const Owned<cudnnTensorDescriptor_t> bias_{dnn_.cudnnCreateTensorDescriptor, dnn_.cudnnDestroyTensorDescriptor};
  const Owned<cudnnFilterDescriptor_t> weight_{dnn_.cudnnCreateFilterDescriptor, dnn_.cudnnDestroyFilterDescriptor};
  const Owned<cudnnConvolutionDescriptor_t> convolution_{dnn_.cudnnCreateConvolutionDescriptor,
                                                         dnn_.cudnnDestroyConvolutionDescriptor};
  const Owned<cudnnActivationDescriptor_t> activation_{dnn_.cudnnCreateActivationDescriptor,
                                                       dnn_.cudnnDestroyActivationDescriptor};
  std::vector<Candidate> candidates_;  // best first
  bool settled_;                       // there is nothing to time
};

}  // namespace hebb::cuda::dnn
