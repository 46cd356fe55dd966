// Numbered points in the work of a stream.
#pragma once
#include <cstdint>
#include <deque>

#include "cuda/runtime/events.h"

namespace hebb::cuda {

class Fences {
 public:
  uint64_t add(cudaStream_t stream);
  bool reached(uint64_t fence);
  void await(uint64_t fence);

 private:
  std::deque<cudaEvent_t> pending_;  // of the fences after reached_, in order
  uint64_t reached_ = 0;
  Events events_;
};

}  // namespace hebb::cuda
