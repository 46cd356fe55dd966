// Element i depends on the state and on i alone.
#include "cuda/kernels/pack.h"
#include "cuda/kernels/philox_blocks.h"
#include "ops/random.h"

namespace hebb::cuda {

decltype(ops::random_uniform::check) random_uniform;
decltype(ops::random_normal::check) random_normal;
decltype(ops::random_bernoulli::check) random_bernoulli;

namespace {

struct Uniform {
  UniformRange range;
  __device__ Pack<4> operator()(const PhiloxBlock& block) const {
    Pack<4> values;
    for (int i = 0; i < 4; ++i) values[i] = range.at(random_bits(block.words[i]));
    return values;
  }
};

struct Bernoulli {
  int32_t threshold;
  __device__ Pack<4> operator()(const PhiloxBlock& block) const {
    Pack<4> values;
    for (int i = 0; i < 4; ++i) values[i] = random_bits(block.words[i]) < threshold ? 1.0f : 0.0f;
    return values;
  }
};

// Box and Muller, "A note on the generation of random normal deviates", 1958.
struct Normal {
  float mean, deviation;
  __device__ Pack<4> operator()(const PhiloxBlock& block) const {
    Pack<4> values;
    for (int i = 0; i < 4; i += 2) {
      const float radius = sqrtf(-2 * logf(static_cast<float>(random_bits(block.words[i]) + 1) * random_unit));
      float sine, cosine;
      sincospif(2 * (static_cast<float>(random_bits(block.words[i + 1])) * random_unit), &sine, &cosine);
      values[i] = fmaf(deviation, radius * cosine, mean);
      values[i + 1] = fmaf(deviation, radius * sine, mean);
    }
    return values;
  }
};

template <class Draw>
__global__ void draw_all(float* y, int64_t count, bool aligned, int32_t* state, Draw draw) {
  for_each_philox_block(count, state, [&](int64_t first, const PhiloxBlock& block) {
    const Pack<4> values = draw(block);
    if (aligned && first + 4 <= count) return store(y + first, values);
    for (int i = 0; i < 4; ++i)
      if (first + i < count) y[first + i] = values[i];
  });
}

template <class Draw>
void run(Out<float> y, InOut<int32_t> state, Draw draw) {
  const int64_t count = y.size();
  launch(philox_grid(count), {}, draw_all<Draw>, y.data, count, aligned16(y.data), state.data, draw);
}

}  // namespace

void random_uniform(Out<float> y, InOut<int32_t> state, double low, double high) {
  run(y, state, Uniform{UniformRange(low, high)});
}

void random_normal(Out<float> y, InOut<int32_t> state, double mean, double deviation) {
  run(y, state, Normal{static_cast<float>(mean), static_cast<float>(deviation)});
}

void random_bernoulli(Out<float> y, InOut<int32_t> state, double probability) {
  run(y, state, Bernoulli{random_threshold(probability)});
}

}  // namespace hebb::cuda
