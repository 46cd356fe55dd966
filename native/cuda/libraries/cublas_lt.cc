#include "cuda/libraries/cublas_lt.h"

#include "core/error.h"

namespace hebb::cuda {
namespace {

CublasLt* open() {
  CublasLt* lt = new CublasLt;
  Library& library = lt->library;
  library = open_library({"cuBLASLt",
                          "libcublasLt.so",
                          cublas_majors(),
                          {},
                          "HEBB_CUBLAS",
                          "install cuBLAS 13 or 12, which brings it, and name its folder in HEBB_CUDA_LIBRARIES; until "
                          "then cuBLAS or, without it, hebb's own kernels multiply matrices, more slowly"});
#define HEBB_FIND(function) library.find(lt->function, #function)
  HEBB_FIND(cublasLtCreate);
  HEBB_FIND(cublasLtGetVersion);
  HEBB_FIND(cublasLtGetStatusString);
  HEBB_FIND(cublasLtMatrixLayoutCreate);
  HEBB_FIND(cublasLtMatrixLayoutDestroy);
  HEBB_FIND(cublasLtMatrixLayoutSetAttribute);
  HEBB_FIND(cublasLtMatmulDescCreate);
  HEBB_FIND(cublasLtMatmulDescDestroy);
  HEBB_FIND(cublasLtMatmulDescSetAttribute);
  HEBB_FIND(cublasLtMatmulPreferenceCreate);
  HEBB_FIND(cublasLtMatmulPreferenceDestroy);
  HEBB_FIND(cublasLtMatmulPreferenceSetAttribute);
  HEBB_FIND(cublasLtMatmulAlgoGetHeuristic);
  HEBB_FIND(cublasLtMatmul);
#undef HEBB_FIND
  if (library) library.version = version_text(lt->cublasLtGetVersion());
  return lt;
}

}  // namespace

void CublasLt::require(cublasStatus_t status, const char* what) const {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw Error(library.name + " " + library.version + ": " + what + ": " + cublasLtGetStatusString(status));
}

const CublasLt& cublas_lt() {
  static const CublasLt* const opened = open();
  return *opened;
}

}  // namespace hebb::cuda
