// Events without timing, kept for reuse. Not thread-safe.
#pragma once
#include <vector>

#include "cuda/runtime/api.h"

namespace hebb::cuda {

class Events {
 public:
  // Null when there is none to be had.
  cudaEvent_t take() noexcept {
    cudaEvent_t event = nullptr;
    if (idle_.empty()) {
      // A thread that waits for it sleeps.
      if (cudaEventCreateWithFlags(&event, cudaEventDisableTiming | cudaEventBlockingSync) != cudaSuccess) {
        cudaGetLastError();
        return nullptr;
      }
    } else {
      event = idle_.back();
      idle_.pop_back();
    }
    return event;
  }
  void give_back(cudaEvent_t event) { idle_.push_back(event); }

  // An event behind all work enqueued on the stream so far. Null when there is none: then that work is done.
  cudaEvent_t record(cudaStream_t stream) noexcept {
    const cudaEvent_t event = take();
    if (event && cudaEventRecord(event, stream) == cudaSuccess) return event;
    if (event) give_back(event);
    cudaStreamSynchronize(stream);
    cudaGetLastError();
    return nullptr;
  }

 private:
  std::vector<cudaEvent_t> idle_;
};

// Whether the work before the event is done. That of a lost device counts as done, since nothing more will come of it.
inline bool is_passed(cudaEvent_t event) noexcept {
  const bool passed = cudaEventQuery(event) != cudaErrorNotReady;
  cudaGetLastError();  // "not ready" would be taken for a failure of the next launch
  return passed;
}

}  // namespace hebb::cuda
