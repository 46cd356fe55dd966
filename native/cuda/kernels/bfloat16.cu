#include "cuda/kernels/bfloat16.h"

#include "cuda/kernels/halves.h"

namespace hebb::cuda {
namespace {

template <int width>
__global__ void round_packs(const float* x, uint16_t* y, int64_t count) {
  const int64_t packs = count / width, last = packs * width + first_index();
  for (int64_t pack = first_index(); pack < packs; pack += index_step()) {
    store(y + pack * width, load<width>(x + pack * width));
  }
  if (last < count) store(y + last, load<1>(x + last));
}

}  // namespace

void to_bfloat16(const float* x, uint16_t* y, int64_t count) {
  if (aligned16(x) && aligned16(y)) {
    launch(grid_for(count, 256, 4), {}, round_packs<4>, x, y, count);
  } else {
    launch(grid_for(count), {}, round_packs<1>, x, y, count);
  }
}

}  // namespace hebb::cuda
