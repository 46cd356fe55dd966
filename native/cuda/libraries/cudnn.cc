#include "cuda/libraries/cudnn.h"

#include "core/error.h"
#include "cuda/libraries/cublas_lt.h"

namespace hebb::cuda {
namespace {

Cudnn* open() {
  cublas_lt();  // cuDNN opens it by name: so it gets the same one
  Cudnn* dnn = new Cudnn;
  Library& library = dnn->library;
  library = open_library({"cuDNN",
                          "libcudnn.so",
                          {9},
                          {"libcudnn_graph.so", "libcudnn_ops.so", "libcudnn_cnn.so"},
                          "HEBB_CUDNN",
                          "install cuDNN 9 and name its folder in HEBB_CUDA_LIBRARIES; until then convolutions run as "
                          "matrix products"});
#define HEBB_FIND(function) library.find(dnn->function, #function)
  HEBB_FIND(cudnnCreate);
  HEBB_FIND(cudnnSetStream);
  HEBB_FIND(cudnnGetVersion);
  HEBB_FIND(cudnnGetErrorString);
  HEBB_FIND(cudnnCreateTensorDescriptor);
  HEBB_FIND(cudnnDestroyTensorDescriptor);
  HEBB_FIND(cudnnSetTensor4dDescriptor);
  HEBB_FIND(cudnnCreateFilterDescriptor);
  HEBB_FIND(cudnnDestroyFilterDescriptor);
  HEBB_FIND(cudnnSetFilter4dDescriptor);
  HEBB_FIND(cudnnCreateActivationDescriptor);
  HEBB_FIND(cudnnDestroyActivationDescriptor);
  HEBB_FIND(cudnnSetActivationDescriptor);
  HEBB_FIND(cudnnCreateConvolutionDescriptor);
  HEBB_FIND(cudnnDestroyConvolutionDescriptor);
  HEBB_FIND(cudnnSetConvolution2dDescriptor);
  HEBB_FIND(cudnnSetConvolutionGroupCount);
  HEBB_FIND(cudnnSetConvolutionMathType);
  HEBB_FIND(cudnnGetConvolutionForwardAlgorithm_v7);
  HEBB_FIND(cudnnGetConvolutionForwardWorkspaceSize);
  HEBB_FIND(cudnnConvolutionForward);
  HEBB_FIND(cudnnConvolutionBiasActivationForward);
  HEBB_FIND(cudnnGetConvolutionBackwardDataAlgorithm_v7);
  HEBB_FIND(cudnnGetConvolutionBackwardDataWorkspaceSize);
  HEBB_FIND(cudnnConvolutionBackwardData);
  HEBB_FIND(cudnnGetConvolutionBackwardFilterAlgorithm_v7);
  HEBB_FIND(cudnnGetConvolutionBackwardFilterWorkspaceSize);
  HEBB_FIND(cudnnConvolutionBackwardFilter);
#undef HEBB_FIND
  if (library) library.version = version_text(dnn->cudnnGetVersion());
  return dnn;
}

}  // namespace

void Cudnn::require(cudnnStatus_t status, const char* what) const {
  if (status == CUDNN_STATUS_SUCCESS) return;
  throw Error(library.name + " " + library.version + ": " + what + ": " + cudnnGetErrorString(status));
}

const Cudnn& cudnn() {
  static const Cudnn* const opened = open();
  return *opened;
}

}  // namespace hebb::cuda
