#include "core/parallel_for.h"
#include "cpu/kernels/random_words.h"
#include "ops/random.h"

namespace hebb::cpu::HEBB_ISA {

void dropout(In<float> x, Out<float> y, Out<uint8_t> mask, InOut<int32_t> state, double probability) {
  const PhiloxState philox(state.data);
  const int32_t threshold = random_threshold(probability);
  const float scale = dropout_scale(probability);
  const int64_t count = x.size();
  parallel_for(count, random_grain, [=](int64_t begin, int64_t end) {
    int32_t bits[random_chunk];
    for (int64_t start = begin; start < end; start += random_chunk) {
      random_chunk_bits(philox, static_cast<uint64_t>(start) / 4, bits);
      const int present = static_cast<int>(end - start < random_chunk ? end - start : random_chunk);
      const float* __restrict from = x.data + start;
      float* __restrict to = y.data + start;
      uint8_t* __restrict kept = mask.data + start;
      for (int i = 0; i < present; ++i) {
        const float scaled = from[i] * scale;
        to[i] = bits[i] < threshold ? 0.0f : scaled;
      }
      for (int i = 0; i < present; ++i) kept[i] = bits[i] < threshold ? 0 : 1;
    }
  });
  philox.advance(state.data, count);
}

void dropout_backward(In<float> grad, In<uint8_t> mask, Out<float> dx, double probability) {
  const float scale = dropout_scale(probability);
  parallel_for(grad.size(), random_grain, [=](int64_t begin, int64_t end) {
    const float* __restrict from = grad.data;
    const uint8_t* __restrict kept = mask.data;
    float* __restrict to = dx.data;
    for (int64_t i = begin; i < end; ++i) {
      const float scaled = from[i] * scale;
      to[i] = kept[i] ? scaled : 0.0f;
    }
  });
}

}  // namespace hebb::cpu::HEBB_ISA
