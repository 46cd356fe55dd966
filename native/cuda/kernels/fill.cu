// Kernels that neither compute nor rearrange: copy, fill.
#include "cuda/launch.h"
#include "ops/movement.h"
#include "ops/pattern.h"

namespace hebb::cuda {

decltype(ops::copy::check) copy;
decltype(ops::fill::check) fill;

namespace {

// Tensors begin where 16 bytes may be written at once; the last, partial ones are written one by one.
__global__ void fill_with_pattern(void* to, int64_t bytes, uint32_t pattern) {
  const int64_t wide = bytes / sizeof(uint4), rest = wide * sizeof(uint4) + first_index();
  for (int64_t i = first_index(); i < wide; i += index_step()) {
    static_cast<uint4*>(to)[i] = make_uint4(pattern, pattern, pattern, pattern);
  }
  if (rest < bytes) static_cast<uint8_t*>(to)[rest] = static_cast<uint8_t>(pattern >> rest % 4 * 8);
}

}  // namespace

void copy(AnyIn x, AnyOut y) {
  require(cudaMemcpyAsync(y.data, x.data, static_cast<size_t>(x.bytes()), cudaMemcpyDeviceToDevice,
                          Context::current().stream()),
          "cudaMemcpyAsync");
}

void fill(AnyOut y, double value) {
  launch(grid_for(y.bytes(), 256, sizeof(uint4)), {}, fill_with_pattern, y.data, y.bytes(), pattern_of(value, y.dtype));
}

}  // namespace hebb::cuda
