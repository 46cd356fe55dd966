// Division by a number that stays the same, as a multiplication and a shift (Granlund and Montgomery, Division by
// Invariant Integers using Multiplication, PLDI 1994).
#pragma once
#include <cstdint>

#include "cuda/runtime/api.h"

namespace hebb::cuda {

// From 1 to 2^31; it divides numbers below 2^31.
class Divisor {
 public:
  explicit Divisor(int64_t value) : value_(static_cast<uint32_t>(value)), shift_(0) {
    while ((uint64_t{1} << shift_) < value_) ++shift_;
    const uint64_t rest = (uint64_t{1} << shift_) - value_;
    multiplier_ = static_cast<uint32_t>((rest << 32) / value_ + 1);
  }
  __device__ uint32_t divide(uint32_t number) const { return (__umulhi(number, multiplier_) + number) >> shift_; }
  // Leaves the remainder in number.
  __device__ uint32_t split(uint32_t& number) const {
    const uint32_t quotient = divide(number);
    number -= quotient * value_;
    return quotient;
  }
  __device__ uint32_t value() const { return value_; }

 private:
  uint32_t value_, multiplier_, shift_;
};

}  // namespace hebb::cuda
