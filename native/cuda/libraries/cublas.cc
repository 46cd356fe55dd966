#include "cuda/libraries/cublas.h"

#include "core/error.h"

namespace hebb::cuda {

std::vector<int> cublas_majors() {
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess) cudaGetLastError();
  return driver == 0 || driver >= 13000 ? std::vector{13, 12} : std::vector{12};
}

namespace {

Cublas* open() {
  Cublas* blas = new Cublas;
  Library& library = blas->library;
  library = open_library(
      {"cuBLAS",
       "libcublas.so",
       cublas_majors(),
       {"libcublasLt.so"},
       "HEBB_CUBLAS",
       "install cuBLAS 13 or 12 and name its folder in HEBB_CUDA_LIBRARIES; until then hebb's own kernels, "
       "which are slower, multiply the matrices that cuBLASLt cannot"});
#define HEBB_FIND(function) library.find(blas->function, #function)
  HEBB_FIND(cublasCreate_v2);
  HEBB_FIND(cublasSetStream_v2);
  HEBB_FIND(cublasSetWorkspace_v2);
  HEBB_FIND(cublasSetAtomicsMode);
  HEBB_FIND(cublasGetProperty);
  HEBB_FIND(cublasGetStatusString);
  HEBB_FIND(cublasGemmStridedBatchedEx);
#undef HEBB_FIND
  if (library) {
    int numbers[3] = {};
    for (const libraryPropertyType_t part : {MAJOR_VERSION, MINOR_VERSION, PATCH_LEVEL}) {
      blas->cublasGetProperty(part, &numbers[part]);
    }
    library.version = version_text(static_cast<size_t>(numbers[0] * 10000 + numbers[1] * 100 + numbers[2]));
  }
  return blas;
}

}  // namespace

void Cublas::require(cublasStatus_t status, const char* what) const {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw Error(library.name + " " + library.version + ": " + what + ": " + cublasGetStatusString(status));
}

const Cublas& cublas() {
  static const Cublas* const opened = open();
  return *opened;
}

}  // namespace hebb::cuda
