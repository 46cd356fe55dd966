#include "ops/random.h"

#include <cmath>

#include "core/philox.h"

namespace hebb::ref {
namespace {

constexpr double two_pi = 6.283185307179586;

// Calls element(i, word) for each i, then advances the state.
template <class Element>
void for_each_word(int64_t count, int32_t* state, Element element) {
  const PhiloxState philox(state);
  for (int64_t i = 0; i < count; ++i) element(i, philox.block(i / 4).words[i % 4]);
  philox.advance(state, count);
}

}  // namespace

void random_uniform(Out<float> y, InOut<int32_t> state, double low, double high) {
  const UniformRange range(low, high);
  for_each_word(y.size(), state.data, [&](int64_t i, uint32_t word) { y.data[i] = range.at(random_bits(word)); });
}

// Box and Muller, "A note on the generation of random normal deviates", 1958.
void random_normal(Out<float> y, InOut<int32_t> state, double mean, double deviation) {
  const PhiloxState philox(state.data);
  for (int64_t i = 0; i < y.size(); ++i) {
    const PhiloxBlock block = philox.block(i / 4);
    const uint32_t* pair = block.words + (i % 4) / 2 * 2;
    const double radius = std::sqrt(-2 * std::log((random_bits(pair[0]) + 1) * 0x1p-24));  // of (0, 1]
    const double angle = two_pi * (random_bits(pair[1]) * 0x1p-24);
    y.data[i] = static_cast<float>(mean + deviation * radius * (i % 2 ? std::sin(angle) : std::cos(angle)));
  }
  philox.advance(state.data, y.size());
}

void random_bernoulli(Out<float> y, InOut<int32_t> state, double probability) {
  const int32_t threshold = random_threshold(probability);
  for_each_word(y.size(), state.data,
                [&](int64_t i, uint32_t word) { y.data[i] = random_bits(word) < threshold ? 1.0f : 0.0f; });
}

void dropout(In<float> x, Out<float> y, Out<uint8_t> mask, InOut<int32_t> state, double probability) {
  const int32_t threshold = random_threshold(probability);
  const float scale = dropout_scale(probability);
  for_each_word(x.size(), state.data, [&](int64_t i, uint32_t word) {
    mask.data[i] = random_bits(word) < threshold ? 0 : 1;
    y.data[i] = mask.data[i] ? x.data[i] * scale : 0;
  });
}

void dropout_backward(In<float> grad, In<uint8_t> mask, Out<float> dx, double probability) {
  const float scale = dropout_scale(probability);
  for (int64_t i = 0; i < grad.size(); ++i) dx.data[i] = mask.data[i] ? grad.data[i] * scale : 0;
}

}  // namespace hebb::ref
