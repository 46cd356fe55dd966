// Conversions, four elements at a time.
#include "cuda/kernels/pack.h"
#include "cuda/kernels/pipeline.h"
#include "ops/movement.h"

namespace hebb::cuda {

decltype(ops::copy::check) copy;

namespace {

constexpr int pack = 4;

template <class To>
struct Saturate;
template <>
struct Saturate<float> {
  static __device__ float of(float value) { return value; }
};
template <>
struct Saturate<int32_t> {
  static __device__ int32_t of(float value) { return __float2int_rz(value); }  // NaN: 0
  static __device__ int32_t of(int32_t value) { return value; }
};
template <>
struct Saturate<uint8_t> {
  static __device__ uint8_t of(float value) { return static_cast<uint8_t>(fminf(fmaxf(value, 0), 255)); }  // NaN: 0
  static __device__ uint8_t of(int32_t value) { return static_cast<uint8_t>(min(max(value, 0), 255)); }
};

struct ScaleAndShift {
  float scale, shift;
  template <class From>
  __device__ float operator()(From x) const {
    return __fadd_rn(__fmul_rn(static_cast<float>(x), scale), shift);  // rounded twice on every device
  }
};
struct Exactly {
  template <class From>
  __device__ int32_t operator()(From x) const {
    return x;
  }
};

template <class From, class To, class Function>
__global__ void convert(const From* x, To* y, int64_t count, Function function) {
  const int64_t packs = count / pack;
  pipeline(
      packs, [&](int64_t i) { return load<pack>(x + i * pack); },
      [&](int64_t i, const Pack<pack, From>& value) {
        Pack<pack, To> result;
        for (int v = 0; v < pack; ++v) result[v] = Saturate<To>::of(function(value[v]));
        store(y + i * pack, result);
      });
  const int64_t rest = packs * pack + first_index();
  if (rest < count) y[rest] = Saturate<To>::of(function(x[rest]));
}

template <class From, class To, class Function>
void launch_convert(AnyIn x, AnyOut y, Function function) {
  launch(pipeline_grid(blocks_for(x.size(), pack)), {}, convert<From, To, Function>, static_cast<const From*>(x.data),
         static_cast<To*>(y.data), x.size(), function);
}

template <class From>
void convert_from(AnyIn x, AnyOut y, ScaleAndShift function) {
  if (y.dtype == DType::float32) return launch_convert<From, float>(x, y, function);
  if (y.dtype == DType::int32) return launch_convert<From, int32_t>(x, y, function);
  launch_convert<From, uint8_t>(x, y, function);
}

}  // namespace

void cast(AnyIn x, AnyOut y, double scale, double shift) {
  const bool identity = scale == 1 && shift == 0;
  if (identity && x.dtype == y.dtype) return copy(x, y);
  if (identity && x.dtype == DType::int32 && y.dtype == DType::uint8) {
    return launch_convert<int32_t, uint8_t>(x, y, Exactly{});
  }
  if (identity && x.dtype == DType::uint8 && y.dtype == DType::int32) {
    return launch_convert<uint8_t, int32_t>(x, y, Exactly{});
  }
  const ScaleAndShift function{static_cast<float>(scale), static_cast<float>(shift)};
  if (x.dtype == DType::float32) return convert_from<float>(x, y, function);
  if (x.dtype == DType::int32) return convert_from<int32_t>(x, y, function);
  convert_from<uint8_t>(x, y, function);
}

}  // namespace hebb::cuda
