#include "cuda/kernels/bfloat16.h"

#include "cuda/launch.h"

namespace hebb::cuda {
namespace {

__device__ uint32_t rounded(float x) {
  const uint32_t bits = __float_as_uint(x);
  if (x != x) return bits >> 16 | 0x40;  // still a NaN
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

__global__ void round_fours(const float4* x, uint2* y, int64_t count) {
  for (int64_t index = first_index(); index < count; index += index_step()) {
    const float4 four = x[index];
    y[index] = make_uint2(rounded(four.x) | rounded(four.y) << 16, rounded(four.z) | rounded(four.w) << 16);
  }
}

__global__ void round_each(const float* x, uint16_t* y, int64_t count) {
  for (int64_t index = first_index(); index < count; index += index_step()) {
    y[index] = static_cast<uint16_t>(rounded(x[index]));
  }
}

}  // namespace

void to_bfloat16(const float* x, uint16_t* y, int64_t count) {
  const int64_t fours = aligned16(x) && aligned16(y) ? count / 4 : 0, done = 4 * fours;
  launch(grid_for(fours), {}, round_fours, reinterpret_cast<const float4*>(x), reinterpret_cast<uint2*>(y), fours);
  launch(grid_for(count - done), {}, round_each, x + done, y + done, count - done);
}

}  // namespace hebb::cuda
