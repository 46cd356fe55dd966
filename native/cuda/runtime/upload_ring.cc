#include "cuda/runtime/upload_ring.h"

#include <algorithm>

#include "cuda/runtime/context.h"

namespace hebb::cuda {

// Whether there is memory for it.
bool UploadRing::open(Slot& slot) {
  if (slot.memory) return true;
  if (!slot.filled) require(cudaEventCreateWithFlags(&slot.filled, cudaEventDisableTiming), "cudaEventCreate");
  if (!slot.drained) require(cudaEventCreateWithFlags(&slot.drained, cudaEventDisableTiming), "cudaEventCreate");
  slot.memory = Context::take(slot_bytes);
  return slot.memory != nullptr;
}

cudaStream_t UploadRing::pass(void* target, const void* source, size_t bytes, cudaStream_t copy, cudaStream_t compute) {
  cudaStream_t last = copy;
  for (size_t done = 0; done < bytes; done += slot_bytes) {
    void* const to = static_cast<char*>(target) + done;
    const void* const from = static_cast<const char*>(source) + done;
    const size_t part = std::min(slot_bytes, bytes - done);
    Slot& slot = slots_[next_];
    next_ = (next_ + 1) % slot_count;
    if (!open(slot)) {
      // The compute stream waits for every slot that is filled, so it is the last in any case.
      require(cudaMemcpyAsync(to, from, part, cudaMemcpyHostToDevice, compute), "cudaMemcpyAsync");
      last = compute;
      continue;
    }
    // An event that was never recorded holds nobody up.
    require(cudaStreamWaitEvent(copy, slot.drained, 0), "cudaStreamWaitEvent");
    require(cudaMemcpyAsync(slot.memory, from, part, cudaMemcpyHostToDevice, copy), "cudaMemcpyAsync");
    require(cudaEventRecord(slot.filled, copy), "cudaEventRecord");
    require(cudaStreamWaitEvent(compute, slot.filled, 0), "cudaStreamWaitEvent");
    require(cudaMemcpyAsync(to, slot.memory, part, cudaMemcpyDeviceToDevice, compute), "cudaMemcpyAsync");
    require(cudaEventRecord(slot.drained, compute), "cudaEventRecord");
  }
  return last;
}

}  // namespace hebb::cuda
