// Element types a tensor may hold.
#pragma once
#include <cstddef>
#include <cstdint>

#include "core/inline.h"

namespace hebb {

enum class DType : uint8_t { float32, int32, uint8 };

HEBB_INLINE int64_t size_of(DType dtype) { return dtype == DType::uint8 ? 1 : 4; }

HEBB_INLINE const char* name_of(DType dtype) {
  return dtype == DType::float32 ? "float32" : dtype == DType::int32 ? "int32" : "uint8";
}

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::float32;
};
template <>
struct DTypeOf<int32_t> {
  static constexpr DType value = DType::int32;
};
template <>
struct DTypeOf<uint8_t> {
  static constexpr DType value = DType::uint8;
};

}  // namespace hebb
