// What a kernel's host side needs of its device: its stream, scratch memory, and where the device tells of failures.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/accelerator.h"
#include "cuda/runtime/api.h"

namespace hebb::cuda {

// Written by kernels (see report in launch.h), in page-locked memory that the device sees: the first failure since the
// host last looked.
struct DeviceFailure {
  int code;                    // 0: none; set last
  long long value, at, limit;  // what was found, where, and what it had to stay below
};

// Codes of DeviceFailure; failure.cc has their sentences.
enum class Failure : int { none, label, row };

class Context {
 public:
  // That of the device whose executor is the calling thread; other threads get device 0's (for tests).
  static Context& current();

  int device() const { return device_; }
  cudaStream_t stream() const { return stream_; }
  int multiprocessors() const { return multiprocessors_; }
  // Compute capability times ten: 75, 80, 90 ...
  int capability() const { return capability_; }
  Precision precision = Precision::float32;
  bool deterministic = true;

  // Scratch memory of this device, aligned to 256 bytes, contents undefined, the caller's until the next kernel of the
  // table is called (a kernel asks once, for all it needs). Throws OutOfMemory. What was handed out stays mapped for
  // good, since captured graphs hold its address.
  void* scratch(size_t bytes);
  template <class T>
  T* scratch(int64_t count) {
    return static_cast<T*>(scratch(static_cast<size_t>(count) * sizeof(T)));
  }

  // Device memory for good, counted by the device's limit. Null when there is none; not while a graph is captured.
  static void* take(size_t bytes);

  DeviceFailure* failure() const { return failure_; }  // the device's address of it

 private:
  friend class Device;
  void grow_scratch(size_t bytes);
  int device_ = 0, multiprocessors_ = 1, capability_ = 0;
  cudaStream_t stream_ = nullptr;
  DeviceFailure* failure_ = nullptr;
  void* scratch_ = nullptr;
  std::vector<void*> outgrown_;  // scratch blocks
  size_t scratch_bytes_ = 0;
};

// Throws Error("<what>: <CUDA's own text>") unless status is cudaSuccess.
void require(cudaError_t status, const char* what);

}  // namespace hebb::cuda
