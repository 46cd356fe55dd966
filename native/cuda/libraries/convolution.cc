// Convolutions by cuDNN's classic interface: what it calls NHWC is our order of images and of filters. For bfloat16 it
// wants all three tensors in that type (and sums in float32): they live in scratch memory.
#include <algorithm>
#include <map>

#include "cuda/conv/cudnn.h"
#include "cuda/conv/filters.h"
#include "cuda/kernels/bfloat16.h"
#include "cuda/libraries/cudnn_plan.h"
#include "cuda/per_device.h"

namespace hebb::cuda::dnn {
namespace {

struct State {
  cudnnHandle_t handle = nullptr;
  std::map<Problem, Plan> plans;

  State() {
    cudnn().require(cudnn().cudnnCreate(&handle), "cudnnCreate (HEBB_CUDNN=0 goes without cuDNN)");
    cudnn().require(cudnn().cudnnSetStream(handle, Context::current().stream()), "cudnnSetStream");
  }
  Plan& plan(const Problem& problem, const Convolution& c) {
    constexpr size_t most_plans = 4096;
    const auto known = plans.find(problem);
    if (known != plans.end()) return known->second;
    if (plans.size() == most_plans) plans.clear();
    return plans.try_emplace(problem, problem, c, handle).first->second;
  }
};

// Sizes of the whole tensors.
int64_t image_size(const Convolution& c) { return c.images * c.height * c.width * c.channels; }
int64_t filters_size(const Convolution& c) { return c.filters * c.window(); }
int64_t result_size(const Convolution& c) { return c.positions() * c.filters; }

// cuDNN pads both sides alike. What is behind the last window makes no difference.
bool fits_symmetric_padding(int64_t extent, int64_t pad, int64_t window, int64_t dilation, int64_t stride,
                            int64_t results) {
  const int64_t rest = extent + 2 * pad - dilation * (window - 1) - 1;
  return rest >= 0 && rest / stride + 1 == results;
}

// Whether a convolution may be given to cuDNN: the one place that decides between it and products of matrices, but for
// what cuDNN itself refuses.
bool is_for_cudnn(const Convolution& c) {
  constexpr int64_t most_elements = (int64_t{1} << 31) - 1, largest_parameter = 1 << 12;
  const Conv2dGeometry& g = c.geometry;
  const auto [smallest, largest] = std::minmax({image_size(c), filters_size(c), result_size(c)});
  return cudnn().library && smallest > 0 && largest <= most_elements &&
         std::max({c.window_height, c.window_width, g.pad_top, g.pad_left, g.stride_height, g.stride_width,
                   g.dilation_height, g.dilation_width}) <= largest_parameter &&
         fits_symmetric_padding(c.height, g.pad_top, c.window_height, g.dilation_height, g.stride_height,
                                c.out_height) &&
         fits_symmetric_padding(c.width, g.pad_left, c.window_width, g.dilation_width, g.stride_width, c.out_width);
}

// Pieces of one stretch of scratch memory, each aligned as cuDNN likes it.
class Pieces {
 public:
  size_t add(int64_t count, size_t size) {
    const size_t at = total_;
    total_ += (static_cast<size_t>(count) * size + 255) / 256 * 256;
    return at;
  }
  void allocate() { memory_ = static_cast<char*>(Context::current().scratch(total_)); }
  template <class T>
  T* at(size_t place) const {
    return reinterpret_cast<T*>(memory_ + place);
  }

 private:
  size_t total_ = 0;
  char* memory_ = nullptr;
};

bool run_in_float(Pass pass, const Convolution& c, const float* x, const float* weight, const float* y,
                  const Epilogue* fused) {
  State& state = per_device<State>();
  Plan& plan = state.plan(Problem(pass, c, fused, Context::current()), c);
  if (plan.is_empty()) return false;
  const bool scaled = fused && fused->scale;
  Pieces pieces;
  const size_t workspace = pieces.add(static_cast<int64_t>(plan.workspace()), 1);
  const size_t filters = pieces.add(scaled ? filters_size(c) : 0, sizeof(float));
  pieces.allocate();
  if (scaled) {
    scale_filters(weight, fused->scale, pieces.at<float>(filters), c.filters, c.window());
    weight = pieces.at<float>(filters);
  }
  return plan.run({x, weight, y}, fused, pieces.at<void>(workspace));
}

bool run_in_bfloat16(Pass pass, const Convolution& c, const float* x, const float* weight, const float* y,
                     const Epilogue& epilogue) {
  State& state = per_device<State>();
  Plan& plan = state.plan(Problem(pass, c, nullptr, Context::current()), c);
  if (plan.is_empty()) return false;
  Pieces pieces;
  const size_t workspace = pieces.add(static_cast<int64_t>(plan.workspace()), 1);
  const size_t x_at = pieces.add(image_size(c), sizeof(uint16_t));
  const size_t weight_at = pieces.add(filters_size(c), sizeof(uint16_t));
  const size_t y_at = pieces.add(result_size(c), sizeof(uint16_t));
  pieces.allocate();
  uint16_t* const x16 = pieces.at<uint16_t>(x_at);
  uint16_t* const weight16 = pieces.at<uint16_t>(weight_at);
  uint16_t* const y16 = pieces.at<uint16_t>(y_at);
  if (pass != Pass::input_gradient) to_bfloat16(x, x16, image_size(c));
  if (pass != Pass::weight_gradient) to_bfloat16(weight, weight16, filters_size(c));
  if (pass != Pass::forward) to_bfloat16(y, y16, result_size(c));
  const Tensors tensors{x16, weight16, y16};
  if (!plan.run(tensors, nullptr, pieces.at<void>(workspace))) return false;
  const auto* const from = static_cast<const uint16_t*>(tensors.output(pass));
  float* const to = static_cast<float*>(Tensors{x, weight, y}.output(pass));
  const int64_t rows = pass == Pass::forward          ? c.positions()
                       : pass == Pass::input_gradient ? image_size(c) / c.channels
                                                      : c.filters;
  const int64_t columns = pass == Pass::forward ? c.filters : pass == Pass::input_gradient ? c.channels : c.window();
  apply(epilogue, from, to, rows, columns, columns);
  return true;
}

bool run(Pass pass, const Convolution& c, const float* x, const float* weight, const float* y) {
  if (!is_for_cudnn(c)) return false;
  if (Context::current().precision == Precision::bfloat16) return run_in_bfloat16(pass, c, x, weight, y, {});
  return run_in_float(pass, c, x, weight, y, nullptr);
}

}  // namespace

bool convolve(const Convolution& c, const float* x, const float* weight, const Epilogue& epilogue, float* y) {
  if (!is_for_cudnn(c)) return false;
  if (Context::current().precision == Precision::bfloat16)
    return run_in_bfloat16(Pass::forward, c, x, weight, y, epilogue);
  // Its fused pass wants a bias.
  if (epilogue.bias && run_in_float(Pass::forward, c, x, weight, y, &epilogue)) return true;
  if (!run_in_float(Pass::forward, c, x, weight, y, nullptr)) return false;
  if (!epilogue.is_empty()) apply(epilogue, y, y, c.positions(), c.filters, c.filters);
  return true;
}

bool gradient_of_input(const Convolution& c, const float* grad, const float* weight, float* dx) {
  return run(Pass::input_gradient, c, dx, weight, grad);
}

bool gradient_of_weight(const Convolution& c, const float* grad, const float* x, float* dweight) {
  return run(Pass::weight_gradient, c, x, dweight, grad);
}

}  // namespace hebb::cuda::dnn
