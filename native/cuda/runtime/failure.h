// What went wrong on a device, kept as text until its executor asks.
#pragma once
#include "cuda/runtime/context.h"

namespace hebb::cuda {

// The first failure since the last take. Of fixed size: to tell of a lack of memory takes no memory.
class Failures {
 public:
  void keep(const char* what, const char* text) noexcept;  // "<what>: <text>"
  void keep(const DeviceFailure& failure) noexcept;
  void clear() noexcept { kept_[0] = '\0'; }
  // Null when there is none. The text is valid until the next call.
  const char* take() noexcept;

 private:
  char kept_[512] = "", told_[512] = "";
};

}  // namespace hebb::cuda
