// The bytes that fill a tensor with a value.
#pragma once
#include <cstdint>
#include <cstring>

#include "core/dtype.h"

namespace hebb {

// One element's bytes, as often as an int32 or float repeats in memory: once, and a uint8 four times.
HEBB_INLINE uint32_t pattern_of(double value, DType dtype) {
  uint32_t bits;
  if (dtype == DType::float32) {
    const float element = static_cast<float>(value);
    std::memcpy(&bits, &element, sizeof bits);
  } else if (dtype == DType::int32) {
    bits = static_cast<uint32_t>(static_cast<int32_t>(value));
  } else {
    bits = static_cast<uint32_t>(value) * 0x01010101u;
  }
  return bits;
}

}  // namespace hebb
