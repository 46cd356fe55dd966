// Device memory: blocks of the host of exactly the size asked for, so that AddressSanitizer sees an access past the
// end, and full of garbage, so that a read before a write shows.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "cuda/emulation/queue.h"
#include "cuda/emulation/work.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

namespace hebb::cuda::emulation {
namespace {

constexpr size_t alignment = 256;
constexpr int garbage = 0xFF;  // NaN as floats
// What is locked of a block: enough to find out who reads it, and no more, as it is done often.
constexpr size_t most_locked_bytes = size_t{1} << 20;

struct Block {
  char* start;
  size_t bytes;
  int device;  // page_locked for the host's
};
constexpr int page_locked = -1;

std::mutex mutex;
// By the address behind their end, to find the block around an address.
std::map<const char*, Block>& blocks() {
  static auto* const all = new std::map<const char*, Block>;
  return *all;
}

int accesses = 0;  // DeviceAccess that live

void lock(const Block& block) {
  if (block.device == page_locked || accesses > 0) return;
#ifdef __SANITIZE_ADDRESS__
  __asan_poison_memory_region(block.start, std::min(block.bytes, most_locked_bytes));
#endif
}
void unlock(const Block& block) {
#ifdef __SANITIZE_ADDRESS__
  __asan_unpoison_memory_region(block.start, std::min(block.bytes, most_locked_bytes));
#endif
}

size_t used_on(int device) {
  size_t used = 0;
  for (const auto& [end, block] : blocks()) used += block.device == device ? block.bytes : 0;
  return used;
}

void* acquire(size_t bytes, int device) {
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, bytes) != 0) return nullptr;
  std::memset(memory, garbage, bytes);
  char* const start = static_cast<char*>(memory);
  lock(blocks()[start + bytes] = {start, bytes, device});
  return memory;
}

// As on a GPU, once all enqueued work is done.
cudaError_t release(void* memory, bool on_host) {
  if (const cudaError_t status = usable_outside_captures(); status != cudaSuccess) return status;
  if (memory == nullptr) return cudaSuccess;
  Queue::run_all(current_device());
  const std::lock_guard guard(mutex);
  const auto found = blocks().upper_bound(static_cast<char*>(memory));
  if (found == blocks().end() || found->second.start != memory) return fail(cudaErrorInvalidValue);
  if ((found->second.device == page_locked) != on_host) return fail(cudaErrorInvalidValue);
  unlock(found->second);
  blocks().erase(found);
  std::free(memory);
  return cudaSuccess;
}

}  // namespace

bool in_device_memory(const void* pointer) {
  const std::lock_guard guard(mutex);
  const auto found = blocks().upper_bound(static_cast<const char*>(pointer));
  return found != blocks().end() && found->second.device != page_locked &&
         static_cast<const char*>(pointer) >= found->second.start;
}

DeviceAccess::DeviceAccess() {
  const std::lock_guard guard(mutex);
  if (accesses++ > 0) return;
  for (const auto& [end, block] : blocks()) unlock(block);
}
DeviceAccess::~DeviceAccess() {
  const std::lock_guard guard(mutex);
  if (--accesses > 0) return;
  for (const auto& [end, block] : blocks()) lock(block);
}

}  // namespace hebb::cuda::emulation

using namespace hebb::cuda::emulation;

cudaError_t cudaMemGetInfo(size_t* available, size_t* total) {
  if (const cudaError_t status = usable(); status != cudaSuccess) return status;
  const std::lock_guard guard(mutex);
  const size_t used = used_on(current_device());
  *total = total_memory();
  *available = *total > used ? *total - used : 0;
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  *pointer = nullptr;
  if (const cudaError_t status = usable_outside_captures(); status != cudaSuccess) return status;
  if (bytes == 0) return cudaSuccess;
  const std::lock_guard guard(mutex);
  const size_t used = used_on(current_device()), total = total_memory();
  if (used > total || bytes > total - used) return fail(cudaErrorMemoryAllocation);
  *pointer = acquire(bytes, current_device());
  return *pointer == nullptr ? fail(cudaErrorMemoryAllocation) : cudaSuccess;
}

cudaError_t cudaFree(void* pointer) { return release(pointer, false); }

cudaError_t cudaHostAlloc(void** pointer, size_t bytes, unsigned) {
  *pointer = nullptr;
  if (const cudaError_t status = usable_outside_captures(); status != cudaSuccess) return status;
  if (bytes == 0) return cudaSuccess;
  const std::lock_guard guard(mutex);
  *pointer = acquire(bytes, page_locked);
  return *pointer == nullptr ? fail(cudaErrorMemoryAllocation) : cudaSuccess;
}

cudaError_t cudaFreeHost(void* pointer) { return release(pointer, true); }

cudaError_t cudaHostGetDevicePointer(void** device, void* host, unsigned) {
  *device = host;
  return usable();
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  if (bytes == 0) return usable();
  const bool to_host = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyHostToHost;
  const bool from_host = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyHostToHost;
  if (to == nullptr || from == nullptr || (to_host && in_device_memory(to)) || (from_host && in_device_memory(from))) {
    return fail(cudaErrorInvalidValue);
  }
  return enqueue(stream, [=] { std::memmove(to, from, bytes); });
}

cudaError_t cudaMemsetAsync(void* to, int byte, size_t bytes, cudaStream_t stream) {
  if (bytes == 0) return usable();
  if (to == nullptr) return fail(cudaErrorInvalidValue);
  return enqueue(stream, [=] { std::memset(to, byte, bytes); });
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  const cudaError_t status = usable_outside_captures();
  return status == cudaSuccess ? cudaMemcpyAsync(to, from, bytes, kind, nullptr) : status;
}
