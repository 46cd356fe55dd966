// cuDNN 9, opened at run time: the little of its interface that hebb calls, with NVIDIA's names and values.
#pragma once
#include "cuda/libraries/library.h"
#include "cuda/runtime/api.h"

namespace hebb::cuda {

enum cudnnStatus_t : int {
  CUDNN_STATUS_SUCCESS = 0,
  CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED = 1008,
  CUDNN_STATUS_BAD_PARAM = 2000,      // and what follows, for particular ones
  CUDNN_STATUS_NOT_SUPPORTED = 3000,  // and what follows, for particular reasons
  CUDNN_STATUS_INTERNAL_ERROR = 4000
};
enum cudnnDataType_t : int { CUDNN_DATA_FLOAT = 0, CUDNN_DATA_BFLOAT16 = 9 };
enum cudnnTensorFormat_t : int { CUDNN_TENSOR_NHWC = 1 };
enum cudnnMathType_t : int {
  CUDNN_DEFAULT_MATH = 0,  // TF32 where the GPU has it
  CUDNN_TENSOR_OP_MATH = 1,
  CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION = 2,
  CUDNN_FMA_MATH = 3  // strict
};
enum cudnnConvolutionMode_t : int { CUDNN_CROSS_CORRELATION = 1 };
enum cudnnDeterminism_t : int { CUDNN_NON_DETERMINISTIC = 0, CUDNN_DETERMINISTIC = 1 };
enum cudnnActivationMode_t : int { CUDNN_ACTIVATION_RELU = 1, CUDNN_ACTIVATION_IDENTITY = 5 };
enum cudnnNanPropagation_t : int { CUDNN_PROPAGATE_NAN = 1 };
enum cudnnConvolutionFwdAlgo_t : int {
  CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM = 0,
  CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM = 1,
  CUDNN_CONVOLUTION_FWD_ALGO_GEMM = 2
};
enum cudnnConvolutionBwdDataAlgo_t : int {
  CUDNN_CONVOLUTION_BWD_DATA_ALGO_0 = 0,
  CUDNN_CONVOLUTION_BWD_DATA_ALGO_1 = 1
};
enum cudnnConvolutionBwdFilterAlgo_t : int {
  CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0 = 0,
  CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1 = 1,
  CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3 = 3
};
// What heuristics say of an algorithm of one of the three kinds above: NVIDIA has a struct for each, all of this form.
template <class Algorithm>
struct cudnnConvolutionAlgoPerf_t {
  Algorithm algo;
  cudnnStatus_t status;
  float time;
  size_t memory;
  cudnnDeterminism_t determinism;
  cudnnMathType_t mathType;
  int reserved[3];
};
using cudnnHandle_t = struct cudnnContext*;
using cudnnTensorDescriptor_t = struct cudnnTensorStruct*;
using cudnnFilterDescriptor_t = struct cudnnFilterStruct*;
using cudnnConvolutionDescriptor_t = struct cudnnConvolutionStruct*;
using cudnnActivationDescriptor_t = struct cudnnActivationStruct*;

// Its functions may be called where `library` holds.
struct Cudnn {
  Library library;
  cudnnStatus_t (*cudnnCreate)(cudnnHandle_t* handle);
  cudnnStatus_t (*cudnnSetStream)(cudnnHandle_t handle, cudaStream_t stream);
  size_t (*cudnnGetVersion)();
  const char* (*cudnnGetErrorString)(cudnnStatus_t status);
  cudnnStatus_t (*cudnnCreateTensorDescriptor)(cudnnTensorDescriptor_t* tensor);
  cudnnStatus_t (*cudnnDestroyTensorDescriptor)(cudnnTensorDescriptor_t tensor);
  cudnnStatus_t (*cudnnSetTensor4dDescriptor)(cudnnTensorDescriptor_t tensor, cudnnTensorFormat_t format,
                                              cudnnDataType_t type, int images, int channels, int height, int width);
  cudnnStatus_t (*cudnnCreateFilterDescriptor)(cudnnFilterDescriptor_t* filter);
  cudnnStatus_t (*cudnnDestroyFilterDescriptor)(cudnnFilterDescriptor_t filter);
  cudnnStatus_t (*cudnnSetFilter4dDescriptor)(cudnnFilterDescriptor_t filter, cudnnDataType_t type,
                                              cudnnTensorFormat_t format, int filters, int channels, int height,
                                              int width);
  cudnnStatus_t (*cudnnCreateActivationDescriptor)(cudnnActivationDescriptor_t* activation);
  cudnnStatus_t (*cudnnDestroyActivationDescriptor)(cudnnActivationDescriptor_t activation);
  cudnnStatus_t (*cudnnSetActivationDescriptor)(cudnnActivationDescriptor_t activation, cudnnActivationMode_t mode,
                                                cudnnNanPropagation_t nan, double coefficient);
  cudnnStatus_t (*cudnnCreateConvolutionDescriptor)(cudnnConvolutionDescriptor_t* convolution);
  cudnnStatus_t (*cudnnDestroyConvolutionDescriptor)(cudnnConvolutionDescriptor_t convolution);
  cudnnStatus_t (*cudnnSetConvolution2dDescriptor)(cudnnConvolutionDescriptor_t convolution, int pad_height,
                                                   int pad_width, int stride_height, int stride_width,
                                                   int dilation_height, int dilation_width, cudnnConvolutionMode_t mode,
                                                   cudnnDataType_t compute);
  cudnnStatus_t (*cudnnSetConvolutionGroupCount)(cudnnConvolutionDescriptor_t convolution, int groups);
  cudnnStatus_t (*cudnnSetConvolutionMathType)(cudnnConvolutionDescriptor_t convolution, cudnnMathType_t math);

  cudnnStatus_t (*cudnnGetConvolutionForwardAlgorithm_v7)(
      cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t weight,
      cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t y, int requested, int* returned,
      cudnnConvolutionAlgoPerf_t<cudnnConvolutionFwdAlgo_t>* results);
  cudnnStatus_t (*cudnnGetConvolutionForwardWorkspaceSize)(cudnnHandle_t handle, cudnnTensorDescriptor_t x,
                                                           cudnnFilterDescriptor_t weight,
                                                           cudnnConvolutionDescriptor_t convolution,
                                                           cudnnTensorDescriptor_t y,
                                                           cudnnConvolutionFwdAlgo_t algorithm, size_t* bytes);
  cudnnStatus_t (*cudnnConvolutionForward)(cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t x_shape,
                                           const void* x, cudnnFilterDescriptor_t weight_shape, const void* weight,
                                           cudnnConvolutionDescriptor_t convolution,
                                           cudnnConvolutionFwdAlgo_t algorithm, void* workspace, size_t bytes,
                                           const void* beta, cudnnTensorDescriptor_t y_shape, void* y);
  // y = activation(alpha1 * convolution(x) + alpha2 * z + bias)
  cudnnStatus_t (*cudnnConvolutionBiasActivationForward)(
      cudnnHandle_t handle, const void* alpha1, cudnnTensorDescriptor_t x_shape, const void* x,
      cudnnFilterDescriptor_t weight_shape, const void* weight, cudnnConvolutionDescriptor_t convolution,
      cudnnConvolutionFwdAlgo_t algorithm, void* workspace, size_t bytes, const void* alpha2,
      cudnnTensorDescriptor_t z_shape, const void* z, cudnnTensorDescriptor_t bias_shape, const void* bias,
      cudnnActivationDescriptor_t activation, cudnnTensorDescriptor_t y_shape, void* y);

  cudnnStatus_t (*cudnnGetConvolutionBackwardDataAlgorithm_v7)(
      cudnnHandle_t handle, cudnnFilterDescriptor_t weight, cudnnTensorDescriptor_t grad,
      cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t dx, int requested, int* returned,
      cudnnConvolutionAlgoPerf_t<cudnnConvolutionBwdDataAlgo_t>* results);
  cudnnStatus_t (*cudnnGetConvolutionBackwardDataWorkspaceSize)(cudnnHandle_t handle, cudnnFilterDescriptor_t weight,
                                                                cudnnTensorDescriptor_t grad,
                                                                cudnnConvolutionDescriptor_t convolution,
                                                                cudnnTensorDescriptor_t dx,
                                                                cudnnConvolutionBwdDataAlgo_t algorithm, size_t* bytes);
  cudnnStatus_t (*cudnnConvolutionBackwardData)(cudnnHandle_t handle, const void* alpha,
                                                cudnnFilterDescriptor_t weight_shape, const void* weight,
                                                cudnnTensorDescriptor_t grad_shape, const void* grad,
                                                cudnnConvolutionDescriptor_t convolution,
                                                cudnnConvolutionBwdDataAlgo_t algorithm, void* workspace, size_t bytes,
                                                const void* beta, cudnnTensorDescriptor_t dx_shape, void* dx);

  cudnnStatus_t (*cudnnGetConvolutionBackwardFilterAlgorithm_v7)(
      cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t grad,
      cudnnConvolutionDescriptor_t convolution, cudnnFilterDescriptor_t dweight, int requested, int* returned,
      cudnnConvolutionAlgoPerf_t<cudnnConvolutionBwdFilterAlgo_t>* results);
  cudnnStatus_t (*cudnnGetConvolutionBackwardFilterWorkspaceSize)(cudnnHandle_t handle, cudnnTensorDescriptor_t x,
                                                                  cudnnTensorDescriptor_t grad,
                                                                  cudnnConvolutionDescriptor_t convolution,
                                                                  cudnnFilterDescriptor_t dweight,
                                                                  cudnnConvolutionBwdFilterAlgo_t algorithm,
                                                                  size_t* bytes);
  cudnnStatus_t (*cudnnConvolutionBackwardFilter)(cudnnHandle_t handle, const void* alpha,
                                                  cudnnTensorDescriptor_t x_shape, const void* x,
                                                  cudnnTensorDescriptor_t grad_shape, const void* grad,
                                                  cudnnConvolutionDescriptor_t convolution,
                                                  cudnnConvolutionBwdFilterAlgo_t algorithm, void* workspace,
                                                  size_t bytes, const void* beta, cudnnFilterDescriptor_t dweight_shape,
                                                  void* dweight);
  // Throws Error with cuDNN's own text.
  void require(cudnnStatus_t status, const char* what) const;
};

// It takes no such problem, or lacks the library for it: nothing has been enqueued.
inline bool is_unsupported(cudnnStatus_t status) {
  return status == CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED ||
         (status >= CUDNN_STATUS_BAD_PARAM && status < CUDNN_STATUS_INTERNAL_ERROR);
}

// Opened by the first call.
const Cudnn& cudnn();

}  // namespace hebb::cuda
