#include "cuda/runtime/fences.h"

#include <chrono>

#include "core/spin.h"

namespace hebb::cuda {
namespace {

// The step of a small network is over by then; for a longer one it does not matter how long it takes to wake up.
constexpr std::chrono::microseconds stand_by_time{300};

}  // namespace

uint64_t Fences::add(cudaStream_t stream) {
  if (const cudaEvent_t event = events_.record(stream)) {
    pending_.push_back(event);
  } else {
    for (const cudaEvent_t passed : pending_) events_.give_back(passed);
    reached_ += pending_.size() + 1;
    pending_.clear();
  }
  return reached_ + pending_.size();
}

bool Fences::reached(uint64_t fence) {
  while (reached_ < fence && !pending_.empty() && is_passed(pending_.front())) {
    events_.give_back(pending_.front());
    pending_.pop_front();
    ++reached_;
  }
  return fence <= reached_;
}

void Fences::await(uint64_t fence) {
  if (spin(stand_by_time, [&] { return reached(fence); })) return;
  cudaEventSynchronize(pending_[fence - reached_ - 1]);
  cudaGetLastError();
  reached(fence);
}

}  // namespace hebb::cuda
