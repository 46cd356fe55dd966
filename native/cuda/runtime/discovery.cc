#include "cuda/runtime/discovery.h"

#include <dlfcn.h>

#include <cstdlib>
#include <fstream>

#include "cuda/runtime/api.h"

namespace hebb::cuda {
namespace {

constexpr int least_capability = 75;

std::string cuda_version(int version) {
  return "CUDA " + std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

// The first driver that knows a runtime's major version.
const char* least_driver_for(int runtime) { return runtime >= 13000 ? "580" : "525.60"; }

// What the driver calls itself, and the newest CUDA it knows.
std::string driver_text(int version) {
  std::string number;
  std::ifstream("/sys/module/nvidia/version") >> number;
  return (number.empty() ? "" : number + ", ") + cuda_version(version);
}

std::string why_no_driver() {
  void* const driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (!driver) return dlerror();
  dlclose(driver);
  return "libcuda.so.1 is none that CUDA's runtime can use";
}

Gpu gpu_of(int ordinal, const cudaDeviceProp& properties) {
  return {ordinal, properties.name, properties.major * 10 + properties.minor, properties.multiProcessorCount,
          static_cast<int64_t>(properties.totalGlobalMem)};
}

}  // namespace

Discovery look() {
  Discovery found;
  int version = 0, runtime = 0, count = 0;
  cudaRuntimeGetVersion(&runtime);
  const std::string least_driver = least_driver_for(runtime);
  if (cudaDriverGetVersion(&version) != cudaSuccess || version == 0) {
    cudaGetLastError();
    found.of_driver = {why_no_driver(),
                       "install the NVIDIA driver, " + least_driver +
                           " or newer; in a container, start it with access to the GPU (docker run --gpus all)"};
    return found;
  }
  found.driver = driver_text(version);
  const cudaError_t status = cudaGetDeviceCount(&count);
  cudaGetLastError();
  if (status == cudaErrorInsufficientDriver) {
    found.of_driver = {"it is too old: hebb was built with " + cuda_version(runtime),
                       "install NVIDIA driver " + least_driver + " or newer"};
  } else if (status == cudaErrorNoDevice) {
    found.of_gpus = {"the driver finds none", std::getenv("CUDA_VISIBLE_DEVICES")
                                                  ? "see whether CUDA_VISIBLE_DEVICES hides it"
                                                  : "see whether nvidia-smi lists one"};
  } else if (status != cudaSuccess) {
    found.of_gpus = {cudaGetErrorString(status), "see whether nvidia-smi runs"};
  }
  if (status != cudaSuccess) return found;
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    cudaDeviceProp properties;
    if (const cudaError_t asked = cudaGetDeviceProperties(&properties, ordinal); asked != cudaSuccess) {
      cudaGetLastError();
      found.of_gpus = {cudaGetErrorString(asked), "see whether nvidia-smi runs"};
      continue;
    }
    const Gpu gpu = gpu_of(ordinal, properties);
    (gpu.capability < least_capability ? found.too_old : found.usable).push_back(gpu);
  }
  return found;
}

const Discovery& discover() {
  static const auto* found = new Discovery(look());
  return *found;
}

}  // namespace hebb::cuda
