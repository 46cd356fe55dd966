// Errors, and devices that come from the environment.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cuda/emulation/work.h"

namespace hebb::cuda::emulation {
namespace {

constexpr int cuda_version = 13000, capability_major = 9, capability_minor = 0;
// Few, so that loops over the grid go round.
constexpr int multiprocessors = 4;
constexpr size_t default_memory = size_t{4} << 30;

thread_local cudaError_t last_error = cudaSuccess;
thread_local int chosen_device = 0;
std::atomic<cudaError_t> lost[most_devices];

int device_count() {
  const char* const text = std::getenv("HEBB_EMULATED_DEVICES");
  const int count = text == nullptr ? 1 : std::atoi(text);
  return count < most_devices ? count : most_devices;
}

cudaError_t check(int device) {
  const int count = device_count();
  if (count < 0) return cudaErrorInsufficientDriver;
  if (count == 0) return cudaErrorNoDevice;
  return device >= 0 && device < count ? cudaSuccess : cudaErrorInvalidDevice;
}

}  // namespace

cudaError_t fail(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

int current_device() { return chosen_device; }

cudaError_t usable() {
  const cudaError_t status = check(chosen_device);
  return fail(status == cudaSuccess ? lost[chosen_device].load() : status);
}

void lose(int device, cudaError_t error) { lost[device] = error; }
bool is_lost(int device) { return lost[device] != cudaSuccess; }
void mend(int device) { lost[device] = cudaSuccess; }

size_t total_memory() {
  const char* const text = std::getenv("HEBB_EMULATED_MEMORY");
  return text == nullptr ? default_memory : std::strtoull(text, nullptr, 10);
}

}  // namespace hebb::cuda::emulation

using namespace hebb::cuda::emulation;

const char* cudaGetErrorName(cudaError_t error) {
#define HEBB_NAME(name) \
  case name:            \
    return #name;
  switch (error) {
    HEBB_NAME(cudaSuccess)
    HEBB_NAME(cudaErrorInvalidValue)
    HEBB_NAME(cudaErrorMemoryAllocation)
    HEBB_NAME(cudaErrorInvalidConfiguration)
    HEBB_NAME(cudaErrorInvalidMemcpyDirection)
    HEBB_NAME(cudaErrorInsufficientDriver)
    HEBB_NAME(cudaErrorNoDevice)
    HEBB_NAME(cudaErrorInvalidDevice)
    HEBB_NAME(cudaErrorInvalidResourceHandle)
    HEBB_NAME(cudaErrorIllegalState)
    HEBB_NAME(cudaErrorNotReady)
    HEBB_NAME(cudaErrorLaunchFailure)
    HEBB_NAME(cudaErrorStreamCaptureUnsupported)
    HEBB_NAME(cudaErrorStreamCaptureInvalidated)
    HEBB_NAME(cudaErrorStreamCaptureUnmatched)
    HEBB_NAME(cudaErrorStreamCaptureIsolation)
    HEBB_NAME(cudaErrorCapturedEvent)
    HEBB_NAME(cudaErrorStreamCaptureWrongThread)
  }
#undef HEBB_NAME
  return "unrecognized error code";
}

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInvalidConfiguration:
      return "invalid configuration argument";
    case cudaErrorInvalidMemcpyDirection:
      return "invalid copy direction for memcpy";
    case cudaErrorInsufficientDriver:
      return "CUDA driver version is insufficient for CUDA runtime version";
    case cudaErrorNoDevice:
      return "no CUDA-capable device is detected";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    case cudaErrorInvalidResourceHandle:
      return "invalid resource handle";
    case cudaErrorIllegalState:
      return "the operation cannot be performed in the present state";
    case cudaErrorNotReady:
      return "device not ready";
    case cudaErrorLaunchFailure:
      return "unspecified launch failure";
    case cudaErrorStreamCaptureUnsupported:
      return "operation not permitted when stream is capturing";
    case cudaErrorStreamCaptureInvalidated:
      return "operation failed due to a previous error during capture";
    case cudaErrorStreamCaptureUnmatched:
      return "operation would result in a merge of separate capture sequences";
    case cudaErrorStreamCaptureIsolation:
      return "dependency created on uncaptured work in another stream";
    case cudaErrorCapturedEvent:
      return "operation not permitted on an event last recorded in a capturing stream";
    case cudaErrorStreamCaptureWrongThread:
      return "attempt to terminate a thread-local capture sequence from another thread";
  }
  return "unrecognized error code";
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = last_error;
  last_error = cudaSuccess;
  return error;
}
cudaError_t cudaPeekAtLastError() { return last_error; }

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 0;
  const cudaError_t status = check(0);
  if (status == cudaSuccess) *count = device_count();
  return fail(status);
}

cudaError_t cudaSetDevice(int device) {
  const cudaError_t status = check(device);
  if (status == cudaSuccess) chosen_device = device;
  return fail(status == cudaSuccess ? lost[device].load() : status);
}

cudaError_t cudaGetDevice(int* device) {
  *device = chosen_device;
  return fail(check(chosen_device));
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (check(device) != cudaSuccess) return fail(check(device));
  *properties = {};
  std::snprintf(properties->name, sizeof properties->name, "emulated GPU");
  properties->totalGlobalMem = total_memory();
  properties->sharedMemPerBlock = size_t{48} << 10;
  properties->major = capability_major;
  properties->minor = capability_minor;
  properties->multiProcessorCount = multiprocessors;
  properties->warpSize = 32;
  properties->maxThreadsPerBlock = 1024;
  properties->l2CacheSize = 4 << 20;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  cudaDeviceProp properties;
  const cudaError_t status = cudaGetDeviceProperties(&properties, device);
  if (status != cudaSuccess) return status;
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
      *value = properties.maxThreadsPerBlock;
      return cudaSuccess;
    case cudaDevAttrMaxSharedMemoryPerBlock:
      *value = static_cast<int>(properties.sharedMemPerBlock);
      return cudaSuccess;
    case cudaDevAttrWarpSize:
      *value = properties.warpSize;
      return cudaSuccess;
    case cudaDevAttrMultiProcessorCount:
      *value = properties.multiProcessorCount;
      return cudaSuccess;
    case cudaDevAttrL2CacheSize:
      *value = properties.l2CacheSize;
      return cudaSuccess;
    case cudaDevAttrComputeCapabilityMajor:
      *value = properties.major;
      return cudaSuccess;
    case cudaDevAttrComputeCapabilityMinor:
      *value = properties.minor;
      return cudaSuccess;
  }
  return fail(cudaErrorInvalidValue);
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = device_count() < 0 ? 0 : cuda_version;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = cuda_version;
  return cudaSuccess;
}
