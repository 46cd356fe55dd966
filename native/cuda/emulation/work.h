// What the parts of the emulation know of each other: devices that may be lost, errors, and work on streams.
#pragma once
#include <functional>

#include "cuda/emulation/runtime_api.h"

namespace hebb::cuda::emulation {

constexpr int most_devices = 16;

// Keeps the error for cudaGetLastError, and returns it.
cudaError_t fail(cudaError_t error);

// The calling thread's device. Its error if it was lost, cudaErrorNoDevice if there is none, else cudaSuccess.
int current_device();
cudaError_t usable();
void lose(int device, cudaError_t error);
bool is_lost(int device);
size_t total_memory();  // bytes, of each device

// As usable, for calls that wait or allocate: an error while this thread captures, which spoils the capture.
cudaError_t usable_outside_captures();

bool in_device_memory(const void* pointer);

// AddressSanitizer lets nobody touch device memory but while one of these lives: host code that follows a device's
// pointer is found out.
class DeviceAccess {
 public:
  DeviceAccess();
  ~DeviceAccess();
  DeviceAccess(const DeviceAccess&) = delete;
  DeviceAccess& operator=(const DeviceAccess&) = delete;
};

// Leaves the work to the stream, or records it where the stream is being captured.
cudaError_t enqueue(cudaStream_t stream, std::function<void()> work);

}  // namespace hebb::cuda::emulation
