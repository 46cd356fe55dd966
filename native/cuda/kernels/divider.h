// Division by an extent that the host knows: a multiplication for numbers below 2^31 (Granlund and Montgomery,
// "Division by invariant integers using multiplication", 1994).
#pragma once
#include <cstdint>

#include "cuda/runtime/api.h"

namespace hebb::cuda {

class Divider {
 public:
  Divider() = default;
  explicit Divider(int64_t divisor) : divisor_(divisor) {
    if (divisor > int64_t{1} << 31) return;  // the quotient of what is below 2^31 is 0
    int bits = 0;
    while (int64_t{1} << bits < divisor) ++bits;
    shift_ = 31 + bits;
    multiplier_ = static_cast<uint32_t>(((uint64_t{1} << shift_) + static_cast<uint64_t>(divisor) - 1) /
                                        static_cast<uint64_t>(divisor));
  }

  __host__ __device__ int64_t divisor() const { return divisor_; }
  // Of n >= 0.
  __device__ int64_t quotient(int64_t n) const {
    return n >> 31 ? n / divisor_ : static_cast<int64_t>(static_cast<uint64_t>(n) * multiplier_ >> shift_);
  }

 private:
  int64_t divisor_ = 1;
  uint32_t multiplier_ = 0;
  int shift_ = 0;
};

}  // namespace hebb::cuda
