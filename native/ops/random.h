// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
#pragma once
#include "ops/op.h"

namespace hebb::ops {

// state is [4]: the key's low and high words, then the low and high words of a 64-bit counter. Element i of a call uses
// word i mod 4 of the block at counter + i / 4; the call then advances the counter by the blocks it used.
struct RandomState {
  static constexpr int words = 4;
};

// Uniform in [low, high): low + (high - low) * (word >> 8) * 2^-24, or the float below high where that rounds to high.
struct random_uniform {
  static constexpr Names names{"y", "state", "low", "high"};
  static void check(Out<float> y, InOut<int32_t> state, double low, double high);
};
// Box-Muller on pairs of words: elements 2j and 2j + 1 are mean + deviation * radius times the cosine and the sine of
// 2 pi * (second >> 8) * 2^-24, where radius = sqrt(-2 log(((first >> 8) + 1) * 2^-24)): 5.8 deviations at most.
struct random_normal {
  static constexpr Names names{"y", "state", "mean", "deviation"};
  static void check(Out<float> y, InOut<int32_t> state, double mean, double deviation);
};
// 1 where (word >> 8) * 2^-24 < probability (rounded to 24 bits), else 0.
struct random_bernoulli {
  static constexpr Names names{"y", "state", "probability"};
  static void check(Out<float> y, InOut<int32_t> state, double probability);
};
// y = mask ? x / (1 - probability) : 0, mask 1 where kept: each element is dropped with the given probability in [0,
// 1], as random_bernoulli draws 1.
struct dropout {
  static constexpr Names names{"x", "y", "mask", "state", "probability"};
  static void check(In<float> x, Out<float> y, Out<uint8_t> mask, InOut<int32_t> state, double probability);
};
struct dropout_backward {
  static constexpr Names names{"grad", "mask", "dx", "probability"};
  static void check(In<float> grad, In<uint8_t> mask, Out<float> dx, double probability);
};

}  // namespace hebb::ops
