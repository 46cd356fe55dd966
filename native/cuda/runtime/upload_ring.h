// Device memory through which large uploads pass.
//
// A tensor's memory may have been another's a moment ago, and commands enqueued earlier may still be at work on it:
// only the compute stream knows when it is free. To wait for that, the transfer from the host would have to wait for
// all the computing before it. So it goes to a slot of the ring, on the copy stream, beside what is being computed, and
// from there to the tensor in the order of the compute stream, which takes a hundredth of the time.
#pragma once
#include <cstddef>

#include "cuda/runtime/api.h"

namespace hebb::cuda {

class UploadRing {
 public:
  // Throws Error. Returns the stream that is the last to read the source.
  cudaStream_t pass(void* target, const void* source, size_t bytes, cudaStream_t copy, cudaStream_t compute);

 private:
  // Several batches of images of the usual sizes are on their way at once.
  static constexpr size_t slot_bytes = size_t{16} << 20;
  static constexpr int slot_count = 8;
  struct Slot {
    void* memory = nullptr;
    cudaEvent_t filled = nullptr, drained = nullptr;
  };
  static bool open(Slot& slot);

  Slot slots_[slot_count];
  int next_ = 0;
};

}  // namespace hebb::cuda
