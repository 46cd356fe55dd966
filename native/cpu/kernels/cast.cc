// Plain loops without branches: the compiler vectorises them, and every instruction set gives the same bits.
#include "core/parallel_for.h"
#include "cpu/kernels/runs.h"
#include "ops/movement.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

constexpr int64_t grain = int64_t{1} << 15;

template <class To>
struct Saturate;

template <>
struct Saturate<float> {
  static HEBB_INLINE float of(float value) { return value; }
};

template <>
struct Saturate<int32_t> {
  static HEBB_INLINE int32_t of(float value) {
    constexpr float low = -2147483648.0f, high = 2147483648.0f, largest_below_high = 2147483520.0f;
    float inside = value > low ? value : low;
    inside = inside < largest_below_high ? inside : largest_below_high;
    const int32_t whole = value >= high ? INT32_MAX : static_cast<int32_t>(inside);
    return value == value ? whole : 0;
  }
  static HEBB_INLINE int32_t of(int32_t value) { return value; }
};

template <>
struct Saturate<uint8_t> {
  static HEBB_INLINE uint8_t of(float value) {
    const float positive = value > 0 ? value : 0;  // NaN: 0
    return static_cast<uint8_t>(static_cast<int32_t>(positive < 255 ? positive : 255));
  }
  static HEBB_INLINE uint8_t of(int32_t value) {
    const int32_t positive = value > 0 ? value : 0;
    return static_cast<uint8_t>(positive < 255 ? positive : 255);
  }
};

template <class From, class To>
void convert(AnyIn x, AnyOut y, float scale, float shift) {
  const From* from = static_cast<const From*>(x.data);
  To* to = static_cast<To*>(y.data);
  parallel_for(x.size(), grain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) to[i] = Saturate<To>::of(static_cast<float>(from[i]) * scale + shift);
  });
}

template <class From, class To>
void convert_exactly(AnyIn x, AnyOut y) {
  const From* from = static_cast<const From*>(x.data);
  To* to = static_cast<To*>(y.data);
  parallel_for(x.size(), grain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) to[i] = Saturate<To>::of(static_cast<int32_t>(from[i]));
  });
}

template <class From>
void convert_from(AnyIn x, AnyOut y, float scale, float shift) {
  if (y.dtype == DType::float32) return convert<From, float>(x, y, scale, shift);
  if (y.dtype == DType::int32) return convert<From, int32_t>(x, y, scale, shift);
  convert<From, uint8_t>(x, y, scale, shift);
}

}  // namespace

void cast(AnyIn x, AnyOut y, double scale, double shift) {
  const bool identity = scale == 1 && shift == 0;
  if (identity && x.dtype == y.dtype) return copy_parallel(y.data, x.data, y.bytes());
  if (identity && x.dtype == DType::int32 && y.dtype == DType::uint8) return convert_exactly<int32_t, uint8_t>(x, y);
  if (identity && x.dtype == DType::uint8 && y.dtype == DType::int32) return convert_exactly<uint8_t, int32_t>(x, y);
  const float factor = static_cast<float>(scale), offset = static_cast<float>(shift);
  if (x.dtype == DType::float32) return convert_from<float>(x, y, factor, offset);
  if (x.dtype == DType::int32) return convert_from<int32_t>(x, y, factor, offset);
  convert_from<uint8_t>(x, y, factor, offset);
}

}  // namespace hebb::cpu::HEBB_ISA
