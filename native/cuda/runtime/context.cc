#include "cuda/runtime/context.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "cuda/runtime/device.h"
#ifdef HEBB_EMULATED
#include "cuda/emulation/bounds.h"
#endif

namespace hebb::cuda {

Context& Context::current() { return Device::current().context(); }

void* Context::take(size_t bytes) { return Device::current().take(bytes); }

void* Context::scratch(size_t bytes) {
  if (bytes > scratch_bytes_) grow_scratch(bytes);
#ifdef HEBB_EMULATED
  emulation::set_bound(stream_, scratch_, bytes, scratch_bytes_);
#endif
  return scratch_;
}

void Context::grow_scratch(size_t bytes) {
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
  require(cudaStreamIsCapturing(stream_, &capture), "cudaStreamIsCapturing");
  if (capture != cudaStreamCaptureStatusNone) throw Error("scratch memory cannot grow while a graph is captured");
  // By doubling: the blocks that are left behind are then never more than the one in use.
  for (const size_t size : {std::max(bytes, 2 * scratch_bytes_), bytes}) {
    if (void* const fresh = take(size)) {
      if (scratch_) outgrown_.push_back(scratch_);
      scratch_ = fresh;
      scratch_bytes_ = size;
      return;
    }
  }
  throw OutOfMemory("out of memory: " + std::to_string(bytes) + " bytes of scratch memory");
}

}  // namespace hebb::cuda
