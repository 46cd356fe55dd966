// Page-locked memory of the host, which the device's copy engines read and write. Blocks are cached by size, and given
// back to the system only where it has no more: to lock memory takes far longer than to copy it.
#pragma once
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <unordered_map>

#include "cuda/runtime/events.h"

namespace hebb::cuda {

class Staging {
 public:
  // From any thread, with the device current.
  void* acquire(size_t bytes);  // null when there is none
  void release(void* block);
  void release_after(void* block, cudaStream_t stream);  // when what is enqueued on the stream so far is done

 private:
  struct InUse {
    cudaEvent_t done;
    void* block;
  };
  void collect();
  void free_idle();

  std::mutex mutex_;
  std::unordered_map<void*, size_t> sizes_;
  std::multimap<size_t, void*> idle_;
  std::map<cudaStream_t, std::deque<InUse>> in_use_;  // in the order of the stream
  Events events_;
};

}  // namespace hebb::cuda
