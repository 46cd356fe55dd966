// cuBLAS, opened at run time: the little of its interface that hebb calls, with NVIDIA's names and values.
#pragma once
#include "cuda/libraries/library.h"
#include "cuda/runtime/api.h"

namespace hebb::cuda {

enum cublasStatus_t : int {
  CUBLAS_STATUS_SUCCESS = 0,
  CUBLAS_STATUS_ALLOC_FAILED = 3,
  CUBLAS_STATUS_ARCH_MISMATCH = 8,
  CUBLAS_STATUS_NOT_SUPPORTED = 15
};
enum cublasOperation_t : int { CUBLAS_OP_N = 0, CUBLAS_OP_T = 1 };
enum cublasComputeType_t : int {
  CUBLAS_COMPUTE_32F = 68,  // strict: each product and sum in float32
  CUBLAS_COMPUTE_32F_FAST_16BF = 75,
  CUBLAS_COMPUTE_32F_FAST_TF32 = 77
};
enum cublasGemmAlgo_t : int { CUBLAS_GEMM_DEFAULT = -1 };
enum cublasAtomicsMode_t : int { CUBLAS_ATOMICS_NOT_ALLOWED = 0, CUBLAS_ATOMICS_ALLOWED = 1 };
enum cudaDataType_t : int { CUDA_R_32F = 0 };
enum libraryPropertyType_t : int { MAJOR_VERSION, MINOR_VERSION, PATCH_LEVEL };
using cublasHandle_t = struct cublasContext*;

// Its functions may be called where `library` holds.
struct Cublas {
  Library library;
  cublasStatus_t (*cublasCreate_v2)(cublasHandle_t* handle);
  cublasStatus_t (*cublasSetStream_v2)(cublasHandle_t handle, cudaStream_t stream);
  cublasStatus_t (*cublasSetWorkspace_v2)(cublasHandle_t handle, void* workspace, size_t bytes);
  cublasStatus_t (*cublasSetAtomicsMode)(cublasHandle_t handle, cublasAtomicsMode_t mode);
  cublasStatus_t (*cublasGetProperty)(libraryPropertyType_t type, int* value);
  const char* (*cublasGetStatusString)(cublasStatus_t status);
  cublasStatus_t (*cublasGemmStridedBatchedEx)(cublasHandle_t handle, cublasOperation_t transa,
                                               cublasOperation_t transb, int m, int n, int k, const void* alpha,
                                               const void* a, cudaDataType_t a_type, int lda, long long stride_a,
                                               const void* b, cudaDataType_t b_type, int ldb, long long stride_b,
                                               const void* beta, void* c, cudaDataType_t c_type, int ldc,
                                               long long stride_c, int batches, cublasComputeType_t compute,
                                               cublasGemmAlgo_t algorithm);
  // Throws Error with cuBLAS's own text.
  void require(cublasStatus_t status, const char* what) const;
};

// The major versions that the driver can run, newest first: all, where there is no driver.
std::vector<int> cublas_majors();

// Opened by the first call.
const Cublas& cublas();

}  // namespace hebb::cuda
