#include "cuda/workspace.h"

#include "core/error.h"
#include "cuda/per_device.h"

namespace hebb::cuda {
namespace {

struct Workspace {
  void* const data;

  Workspace() : data(Context::take(workspace_bytes)) {
    if (!data)
      throw OutOfMemory("out of memory: " + std::to_string(workspace_bytes) + " bytes to multiply matrices in");
  }
};

}  // namespace

void* workspace() { return per_device<Workspace>().data; }

}  // namespace hebb::cuda
