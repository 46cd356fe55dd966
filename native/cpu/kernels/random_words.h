// Philox words in bulk, a counter a lane.
#pragma once
#include <cstdint>

#include "core/philox.h"
#include "cpu/kernels/transpose_4x4.h"
#include "cpu/simd/simd.h"

namespace hebb::cpu::HEBB_ISA {

constexpr int64_t random_chunk = 256;  // words at a time: they stay in the L1 cache
constexpr int64_t random_grain = int64_t{1} << 14;
static_assert(random_grain % random_chunk == 0 && random_chunk % (4 * Vec::width) == 0);

// bits[i] = random_bits of word i of the blocks from `first` on, random_chunk of them.
HEBB_INLINE void random_chunk_bits(const PhiloxState& philox, uint64_t first, int32_t* __restrict bits) {
  if constexpr (Vec::width == 4) {  // too few lanes to gain by them
    for (int64_t block = 0; block < random_chunk / 4; ++block) {
      const PhiloxBlock words = philox.block(first + static_cast<uint64_t>(block));
      for (int word = 0; word < 4; ++word) bits[4 * block + word] = random_bits(words.words[word]);
    }
    return;
  }
  const IVec multiplier0 = splat_int(static_cast<int32_t>(philox_multiplier0));
  const IVec multiplier1 = splat_int(static_cast<int32_t>(philox_multiplier1));
  int32_t low[Vec::width], high[Vec::width], words[4][Vec::width];
  for (int64_t block = 0; block < random_chunk / 4; block += Vec::width) {
    for (int lane = 0; lane < Vec::width; ++lane) {
      const uint64_t at = philox.counter + first + static_cast<uint64_t>(block + lane);
      low[lane] = static_cast<int32_t>(static_cast<uint32_t>(at));
      high[lane] = static_cast<int32_t>(static_cast<uint32_t>(at >> 32));
    }
    IVec c0 = load(low), c1 = load(high), c2 = splat_int(0), c3 = splat_int(0);
    uint32_t key0 = philox.key0, key1 = philox.key1;
    HEBB_UNROLL
    for (int round = 0; round < philox_rounds; ++round) {
      const IVec old0 = c0, old2 = c2;
      c0 = mul_high_unsigned(old2, multiplier1) ^ c1 ^ splat_int(static_cast<int32_t>(key0));
      c1 = mul_low(old2, multiplier1);
      c2 = mul_high_unsigned(old0, multiplier0) ^ c3 ^ splat_int(static_cast<int32_t>(key1));
      c3 = mul_low(old0, multiplier0);
      key0 += philox_key_step0;
      key1 += philox_key_step1;
    }
    store(words[0], shift_right<8>(c0));
    store(words[1], shift_right<8>(c1));
    store(words[2], shift_right<8>(c2));
    store(words[3], shift_right<8>(c3));
    if constexpr (Vec::width == 16) {  // the compiler makes permutations of this, but of 8 lanes one move an element
      for (int lane = 0; lane < Vec::width; ++lane)
        for (int word = 0; word < 4; ++word) bits[4 * (block + lane) + word] = words[word][lane];
      continue;
    }
    for (int lane = 0; lane < Vec::width; lane += 4) {
      transpose_4x4(reinterpret_cast<Word*>(bits + 4 * (block + lane)), 4,
                    reinterpret_cast<const Word*>(words[0] + lane), Vec::width);
    }
  }
}

}  // namespace hebb::cpu::HEBB_ISA
