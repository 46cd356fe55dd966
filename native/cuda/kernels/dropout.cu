#include "cuda/kernels/pack.h"
#include "cuda/kernels/philox_blocks.h"
#include "ops/random.h"

namespace hebb::cuda {

decltype(ops::dropout::check) dropout;
decltype(ops::dropout_backward::check) dropout_backward;

namespace {

// Whether floats can be moved by fours and their mask's bytes with them.
bool by_fours(const float* a, const float* b, const uint8_t* mask) {
  return aligned16(a) && aligned16(b) && reinterpret_cast<uintptr_t>(mask) % 4 == 0;
}

__global__ void drop(const float* x, float* y, uint8_t* mask, int64_t count, bool by_fours, int32_t* state,
                     int32_t threshold, float scale) {
  for_each_philox_block(count, state, [&](int64_t first, const PhiloxBlock& block) {
    if (by_fours && first + 4 <= count) {
      Pack<4> values = load<4>(x + first);
      Bytes<4> kept;
      for (int i = 0; i < 4; ++i) {
        kept[i] = random_bits(block.words[i]) < threshold ? 0 : 1;
        values[i] = kept[i] ? values[i] * scale : 0.0f;
      }
      store(y + first, values);
      store(mask + first, kept);
      return;
    }
    for (int i = 0; i < 4 && first + i < count; ++i) {
      const bool kept = random_bits(block.words[i]) >= threshold;
      mask[first + i] = kept;
      y[first + i] = kept ? x[first + i] * scale : 0.0f;
    }
  });
}

template <int width>
__global__ void drop_backward(const float* grad, const uint8_t* mask, float* dx, int64_t count, float scale) {
  const int64_t packs = count / width;
  for (int64_t pack = first_index(); pack < packs; pack += index_step()) {
    Pack<width> values = load<width>(grad + pack * width);
    const Bytes<width> kept = load<width>(mask + pack * width);
    for (int i = 0; i < width; ++i) values[i] = kept[i] ? values[i] * scale : 0.0f;
    store(dx + pack * width, values);
  }
  const int64_t rest = packs * width + first_index();
  if (rest < count) dx[rest] = mask[rest] ? grad[rest] * scale : 0.0f;
}

}  // namespace

void dropout(In<float> x, Out<float> y, Out<uint8_t> mask, InOut<int32_t> state, double probability) {
  const int64_t count = x.size();
  launch(philox_grid(count), {}, drop, x.data, y.data, mask.data, count, by_fours(x.data, y.data, mask.data),
         state.data, random_threshold(probability), dropout_scale(probability));
}

void dropout_backward(In<float> grad, In<uint8_t> mask, Out<float> dx, double probability) {
  const int64_t count = grad.size();
  const bool fours = by_fours(grad.data, dx.data, mask.data);
  launch(grid_for(count, 256, fours ? 4 : 1), {}, fours ? drop_backward<4> : drop_backward<1>, grad.data, mask.data,
         dx.data, count, dropout_scale(probability));
}

}  // namespace hebb::cuda
