#include "cuda/libraries/cudnn_plan.h"

#include <algorithm>
#include <utility>

namespace hebb::cuda::dnn {
namespace {

constexpr float one = 1, zero = 0;
constexpr size_t most_workspace = size_t{1} << 30;  // a large batch whose layout cuDNN changes needs so much

int number(int64_t value) { return static_cast<int>(value); }

// What algorithms are asked for: without the middle one, bfloat16 may come without tensor cores.
cudnnMathType_t math_of(Precision precision) {
  if (precision == Precision::float32) return CUDNN_FMA_MATH;
  return precision == Precision::bfloat16 ? CUDNN_TENSOR_OP_MATH : CUDNN_DEFAULT_MATH;
}

}  // namespace

Problem::Problem(Pass pass, const Convolution& c, const Epilogue* fused, const Context& context)
    : pass(pass),
      numbers{c.images,
              c.height,
              c.width,
              c.channels,
              c.filters,
              c.window_height,
              c.window_width,
              c.depth,
              c.out_height,
              c.out_width,
              c.geometry.stride_height,
              c.geometry.stride_width,
              c.geometry.pad_top,
              c.geometry.pad_left,
              c.geometry.pad_bottom,
              c.geometry.pad_right,
              c.geometry.dilation_height,
              c.geometry.dilation_width,
              c.geometry.groups},
      fused(fused),
      residual(fused && fused->residual),
      activation(fused ? fused->activation : Activation::none),
      precision(context.precision),
      deterministic(context.deterministic) {}

size_t Plan::workspace() const {
  size_t most = 0;
  for (const Candidate& candidate : candidates_) most = std::max(most, candidate.workspace);
  return most;
}

Plan::Plan(const Problem& problem, const Convolution& c, cudnnHandle_t handle) : problem_(problem), handle_(handle) {
  const Conv2dGeometry& g = c.geometry;
  const cudnnDataType_t type = problem.precision == Precision::bfloat16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
  const cudnnStatus_t steps[] = {
      dnn_.cudnnSetTensor4dDescriptor(x_, CUDNN_TENSOR_NHWC, type, number(c.images), number(c.channels),
                                      number(c.height), number(c.width)),
      dnn_.cudnnSetTensor4dDescriptor(y_, CUDNN_TENSOR_NHWC, type, number(c.images), number(c.filters),
                                      number(c.out_height), number(c.out_width)),
      dnn_.cudnnSetTensor4dDescriptor(bias_, CUDNN_TENSOR_NHWC, type, 1, number(c.filters), 1, 1),
      dnn_.cudnnSetFilter4dDescriptor(weight_, type, CUDNN_TENSOR_NHWC, number(c.filters), number(c.depth),
                                      number(c.window_height), number(c.window_width)),
      dnn_.cudnnSetConvolution2dDescriptor(convolution_, number(g.pad_top), number(g.pad_left), number(g.stride_height),
                                           number(g.stride_width), number(g.dilation_height), number(g.dilation_width),
                                           CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
      dnn_.cudnnSetConvolutionGroupCount(convolution_, number(g.groups)),
      dnn_.cudnnSetConvolutionMathType(convolution_, math_of(problem.precision)),
      dnn_.cudnnSetActivationDescriptor(
          activation_, problem.activation == Activation::relu ? CUDNN_ACTIVATION_RELU : CUDNN_ACTIVATION_IDENTITY,
          CUDNN_PROPAGATE_NAN, 0)};
  for (const cudnnStatus_t status : steps) {
    if (!is_unsupported(status)) dnn_.require(status, "describing a convolution");
  }
  if (std::none_of(std::begin(steps), std::end(steps), is_unsupported)) collect();
  settled_ = problem.deterministic || candidates_.size() < 2;
}

// The algorithms that `ask` recommends, best first, of those allowed; `measure` tells their workspace.
template <class Algorithm, class Ask, class Measure>
void Plan::collect(std::initializer_list<Algorithm> direct, Ask ask, Measure measure) {
  constexpr int most = 16;
  cudnnConvolutionAlgoPerf_t<Algorithm> results[most];
  int count = 0;
  const cudnnStatus_t status = ask(most, &count, results);
  if (is_unsupported(status)) return;
  dnn_.require(status, "choosing an algorithm");
  for (int index = 0; index < count; ++index) {
    const auto& result = results[index];
    if (result.status != CUDNN_STATUS_SUCCESS || result.mathType == CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION ||
        std::find(direct.begin(), direct.end(), result.algo) == direct.end() ||
        (problem_.deterministic && result.determinism != CUDNN_DETERMINISTIC)) {
      continue;
    }
    const cudnnMathType_t math = problem_.precision == Precision::tf32 ? result.mathType : math_of(problem_.precision);
    Candidate candidate{result.algo, math, 0};
    dnn_.require(dnn_.cudnnSetConvolutionMathType(convolution_, candidate.math), "cudnnSetConvolutionMathType");
    if (measure(result.algo, &candidate.workspace) != CUDNN_STATUS_SUCCESS) continue;
    if (candidate.workspace <= most_workspace) candidates_.push_back(candidate);
  }
}

void Plan::collect() {
  switch (problem_.pass) {
    case Pass::forward: {
      const auto ask = [this](auto... rest) {
        return dnn_.cudnnGetConvolutionForwardAlgorithm_v7(handle_, x_, weight_, convolution_, y_, rest...);
      };
      const auto measure = [this](auto... rest) {
        return dnn_.cudnnGetConvolutionForwardWorkspaceSize(handle_, x_, weight_, convolution_, y_, rest...);
      };
      // Without an activation, fusion is for one algorithm only.
      if (problem_.fused && problem_.activation == Activation::none)
        return collect({CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM}, ask, measure);
      return collect({CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM,
                      CUDNN_CONVOLUTION_FWD_ALGO_GEMM},
                     ask, measure);
    }
    case Pass::input_gradient:
      return collect(
          {CUDNN_CONVOLUTION_BWD_DATA_ALGO_0, CUDNN_CONVOLUTION_BWD_DATA_ALGO_1},
          [this](auto... rest) {
            return dnn_.cudnnGetConvolutionBackwardDataAlgorithm_v7(handle_, weight_, y_, convolution_, x_, rest...);
          },
          [this](auto... rest) {
            return dnn_.cudnnGetConvolutionBackwardDataWorkspaceSize(handle_, weight_, y_, convolution_, x_, rest...);
          });
    case Pass::weight_gradient:
      return collect(
          {CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1,
           CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3},
          [this](auto... rest) {
            return dnn_.cudnnGetConvolutionBackwardFilterAlgorithm_v7(handle_, x_, y_, convolution_, weight_, rest...);
          },
          [this](auto... rest) {
            return dnn_.cudnnGetConvolutionBackwardFilterWorkspaceSize(handle_, x_, y_, convolution_, weight_, rest...);
          });
  }
}

cudnnStatus_t Plan::attempt(const Candidate& candidate, const Tensors& t, const Epilogue* fused, void* workspace) {
  const size_t bytes = candidate.workspace;
  void* const output = t.output(problem_.pass);
  dnn_.require(dnn_.cudnnSetConvolutionMathType(convolution_, candidate.math), "cudnnSetConvolutionMathType");
  switch (problem_.pass) {
    case Pass::forward: {
      const auto algorithm = static_cast<cudnnConvolutionFwdAlgo_t>(candidate.algorithm);
      if (!fused) {
        return dnn_.cudnnConvolutionForward(handle_, &one, x_, t.x, weight_, t.weight, convolution_, algorithm,
                                            workspace, bytes, &zero, y_, output);
      }
      const void* const residual = fused->residual ? fused->residual : output;  // null is not allowed, 0 times is
      return dnn_.cudnnConvolutionBiasActivationForward(handle_, &one, x_, t.x, weight_, t.weight, convolution_,
                                                        algorithm, workspace, bytes, fused->residual ? &one : &zero, y_,
                                                        residual, bias_, fused->bias, activation_, y_, output);
    }
    case Pass::input_gradient:
      return dnn_.cudnnConvolutionBackwardData(handle_, &one, weight_, t.weight, y_, t.y, convolution_,
                                               static_cast<cudnnConvolutionBwdDataAlgo_t>(candidate.algorithm),
                                               workspace, bytes, &zero, x_, output);
    default:
      return dnn_.cudnnConvolutionBackwardFilter(handle_, &one, x_, t.x, y_, t.y, convolution_,
                                                 static_cast<cudnnConvolutionBwdFilterAlgo_t>(candidate.algorithm),
                                                 workspace, bytes, &zero, weight_, output);
  }
}

namespace {

struct Event {
  cudaEvent_t event = nullptr;
  Event() { require(cudaEventCreate(&event), "cudaEventCreate"); }
  ~Event() { cudaEventDestroy(event); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record() { require(cudaEventRecord(event, Context::current().stream()), "cudaEventRecord"); }
};

}  // namespace

// Sorts the candidates by the time they take. Waits for the device: not while a graph is captured.
void Plan::time(const Tensors& tensors, const Epilogue* fused, void* workspace) {
  constexpr int runs = 3;
  std::vector<std::pair<float, Candidate>> times;
  Event begin, end;
  for (const Candidate& candidate : candidates_) {
    const cudnnStatus_t status = attempt(candidate, tensors, fused, workspace);  // the first run is slower
    if (is_unsupported(status)) continue;
    dnn_.require(status, "a convolution");
    begin.record();
    for (int run = 0; run < runs; ++run) dnn_.require(attempt(candidate, tensors, fused, workspace), "a convolution");
    end.record();
    float milliseconds = 0;
    require(cudaEventSynchronize(end.event), "cudaEventSynchronize");
    require(cudaEventElapsedTime(&milliseconds, begin.event, end.event), "cudaEventElapsedTime");
    times.emplace_back(milliseconds, candidate);
  }
  std::stable_sort(times.begin(), times.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  candidates_.clear();
  for (const auto& [milliseconds, candidate] : times) candidates_.push_back(candidate);
  settled_ = true;
}

bool Plan::run(const Tensors& tensors, const Epilogue* fused, void* workspace) {
  if (!settled_) {
    cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
    require(cudaStreamIsCapturing(Context::current().stream(), &capture), "cudaStreamIsCapturing");
    if (capture == cudaStreamCaptureStatusNone) time(tensors, fused, workspace);
  }
  while (!candidates_.empty()) {
    const cudnnStatus_t status = attempt(candidates_.front(), tensors, fused, workspace);
    if (!is_unsupported(status)) {
      dnn_.require(status, "a convolution");
      return true;
    }
    candidates_.erase(candidates_.begin());
  }
  return false;
}

}  // namespace hebb::cuda::dnn
