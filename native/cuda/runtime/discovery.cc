#include "cuda/runtime/discovery.h"

#include <cstdlib>
#include <fstream>

#include "cuda/runtime/api.h"

namespace hebb::cuda {
namespace {

constexpr int least_capability = 75;

// The first driver that knows the major version of CUDA which the plugin was compiled with.
constexpr const char* least_driver = CUDART_VERSION >= 13000 ? "580" : "525.60";

std::string cuda_version(int version) {
  return "CUDA " + std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

// What the driver calls itself, and the newest CUDA it knows.
std::string driver_text(int version) {
  std::string number;
  std::ifstream("/sys/module/nvidia/version") >> number;
  return (number.empty() ? "" : number + ", ") + cuda_version(version);
}

Gpu gpu_of(int ordinal, const cudaDeviceProp& properties) {
  return {ordinal, properties.name, properties.major * 10 + properties.minor, properties.multiProcessorCount,
          static_cast<int64_t>(properties.totalGlobalMem)};
}

Discovery look() {
  Discovery found;
  int version = 0, count = 0;
  if (cudaDriverGetVersion(&version) != cudaSuccess || version == 0) {
    cudaGetLastError();
    found.reason = "libcuda.so.1 could not be loaded";
    found.remedy = std::string("install the NVIDIA driver, ") + least_driver +
                   " or newer; in a container, start it with access to the GPU (docker run --gpus all)";
    return found;
  }
  found.driver = driver_text(version);
  const cudaError_t status = cudaGetDeviceCount(&count);
  cudaGetLastError();
  if (status == cudaErrorInsufficientDriver) {
    found.reason = "it is too old: hebb was built with " + cuda_version(CUDART_VERSION);
    found.remedy = std::string("install NVIDIA driver ") + least_driver + " or newer";
  } else if (status == cudaErrorNoDevice) {
    found.reason = "the driver finds no GPU";
    found.remedy = std::getenv("CUDA_VISIBLE_DEVICES") ? "see whether CUDA_VISIBLE_DEVICES hides it"
                                                       : "see whether nvidia-smi lists one";
  } else if (status != cudaSuccess) {
    found.reason = cudaGetErrorString(status);
    found.remedy = "see whether nvidia-smi runs";
  }
  if (status != cudaSuccess) return found;
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    cudaDeviceProp properties;
    if (cudaGetDeviceProperties(&properties, ordinal) != cudaSuccess) {
      cudaGetLastError();
      continue;
    }
    const Gpu gpu = gpu_of(ordinal, properties);
    (gpu.capability < least_capability ? found.too_old : found.usable).push_back(gpu);
  }
  return found;
}

}  // namespace

const Discovery& discover() {
  static const auto* found = new Discovery(look());
  return *found;
}

}  // namespace hebb::cuda
