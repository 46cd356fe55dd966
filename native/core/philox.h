// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), and what every backend must
// compute alike so that the same state gives the same bits everywhere.
#pragma once
#include <cmath>
#include <cstdint>

#include "core/inline.h"

namespace hebb {

constexpr int philox_rounds = 10;
constexpr uint32_t philox_multiplier0 = 0xD2511F53, philox_multiplier1 = 0xCD9E8D57;
// The golden ratio and sqrt(3) - 1, as fractions.
constexpr uint32_t philox_key_step0 = 0x9E3779B9, philox_key_step1 = 0xBB67AE85;

struct PhiloxBlock {
  uint32_t words[4];
};

HEBB_INLINE PhiloxBlock philox4x32(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t key0, uint32_t key1) {
  HEBB_UNROLL
  for (int round = 0; round < philox_rounds; ++round) {
    const uint64_t product0 = static_cast<uint64_t>(philox_multiplier0) * c0;
    const uint64_t product1 = static_cast<uint64_t>(philox_multiplier1) * c2;
    c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ key0;
    c1 = static_cast<uint32_t>(product1);
    c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ key1;
    c3 = static_cast<uint32_t>(product0);
    key0 += philox_key_step0;
    key1 += philox_key_step1;
  }
  return {{c0, c1, c2, c3}};
}

// The state tensor of the random kernels: see ops/random.h.
struct PhiloxState {
  uint32_t key0, key1;
  uint64_t counter;

  HEBB_INLINE explicit PhiloxState(const int32_t* state)
      : key0(static_cast<uint32_t>(state[0])),
        key1(static_cast<uint32_t>(state[1])),
        counter(static_cast<uint64_t>(static_cast<uint32_t>(state[3])) << 32 | static_cast<uint32_t>(state[2])) {}

  HEBB_INLINE PhiloxBlock block(uint64_t index) const {
    const uint64_t at = counter + index;
    return philox4x32(static_cast<uint32_t>(at), static_cast<uint32_t>(at >> 32), 0, 0, key0, key1);
  }

  // Past the blocks that `elements` elements used.
  HEBB_INLINE void advance(int32_t* state, int64_t elements) const {
    const uint64_t next = counter + (static_cast<uint64_t>(elements) + 3) / 4;
    state[2] = static_cast<int32_t>(static_cast<uint32_t>(next));
    state[3] = static_cast<int32_t>(static_cast<uint32_t>(next >> 32));
  }
};

// A word's upper 24 bits: as many as a float holds, so that k * 2^-24 is exact.
HEBB_INLINE int32_t random_bits(uint32_t word) { return static_cast<int32_t>(word >> 8); }
constexpr float random_unit = 0x1p-24f;

// random_bits(word) < random_threshold(p) has probability p, to 2^-25; never at 0 and always at 1.
HEBB_INLINE int32_t random_threshold(double probability) { return static_cast<int32_t>(probability * 0x1p24 + 0.5); }

// A product that no compiler may fuse with the sum it goes into: the bits would be others.
HEBB_INLINE float rounded_product(float a, float b) {
#ifdef __CUDA_ARCH__
  return __fmul_rn(a, b);
#else
  return a * b;
#endif
}

// low + span * k * 2^-24, but `last` at most: the sum may round up to high, which is not in [low, high).
struct UniformRange {
  float low, span, last;
  HEBB_INLINE UniformRange(double low, double high)
      : low(static_cast<float>(low)), span(static_cast<float>(high - low)), last(static_cast<float>(high)) {
    if (last > this->low) last = nextafterf(last, this->low);
  }
  HEBB_INLINE float at(int32_t bits) const {
    const float value = low + rounded_product(span, static_cast<float>(bits) * random_unit);
    return value < last ? value : last;
  }
};

// What dropout multiplies the kept elements by. 0 where nothing is kept.
HEBB_INLINE float dropout_scale(double probability) {
  return probability < 1 ? static_cast<float>(1 / (1 - probability)) : 0.0f;
}

}  // namespace hebb
