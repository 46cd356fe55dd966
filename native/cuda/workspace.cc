#include "cuda/workspace.h"

#include "core/error.h"
#include "cuda/per_device.h"

namespace hebb::cuda {
namespace {

struct Workspace {
  void* data = nullptr;

  Workspace() {
    const cudaError_t status = cudaMalloc(&data, workspace_bytes);
    if (status == cudaErrorMemoryAllocation) {
      cudaGetLastError();  // it would be told again of the next launch
      throw OutOfMemory("out of memory: " + std::to_string(workspace_bytes) + " bytes to multiply matrices in");
    }
    require(status, "cudaMalloc");
  }
};

}  // namespace

void* workspace() { return per_device<Workspace>().data; }

}  // namespace hebb::cuda
