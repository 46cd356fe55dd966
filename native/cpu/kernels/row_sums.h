// Sums over the rows of [rows, channels], two a channel: by blocks, then over the blocks in order.
#pragma once
#include "core/scratch.h"
#include "cpu/kernels/channels.h"

namespace hebb::cpu::HEBB_ISA {

// Sums over a block's rows of two terms each, four rows at a time: terms(vector, row, channel, first, second).
template <class Stores = CachedStores, class Terms>
HEBB_INLINE void sum_rows(const RowBlocks& blocks, int64_t block, float* first, float* second, const Terms& terms) {
  constexpr int unroll = 4;  // rows that share one visit to the sums
  const int64_t channels = blocks.channels, end = blocks.end(block);
  for (int64_t c = 0; c < channels; ++c) first[c] = second[c] = 0;
  int64_t row = blocks.begin(block);
  for (; row + unroll <= end; row += unroll)
    for_each_channel_vector<Stores>(channels, [&](auto vector, int64_t c) {
      Vec a[unroll], b[unroll];
      for (int r = 0; r < unroll; ++r) terms(vector, row + r, c, a[r], b[r]);
      vector.to(first + c, vector.from(first + c) + ((a[0] + a[1]) + (a[2] + a[3])));
      vector.to(second + c, vector.from(second + c) + ((b[0] + b[1]) + (b[2] + b[3])));
    });
  for (; row < end; ++row)
    for_each_channel_vector<Stores>(channels, [&](auto vector, int64_t c) {
      Vec a, b;
      terms(vector, row, c, a, b);
      vector.to(first + c, vector.from(first + c) + a);
      vector.to(second + c, vector.from(second + c) + b);
    });
}

// Two sums a block and channel.
struct Partials {
  float* data;
  int64_t channels;
  HEBB_INLINE explicit Partials(const RowBlocks& blocks)
      : data(scratch(ScratchSlot::partial, blocks.count * blocks.channels * 2)), channels(blocks.channels) {}
  HEBB_INLINE float* first(int64_t block) const { return data + 2 * block * channels; }
  HEBB_INLINE float* second(int64_t block) const { return data + (2 * block + 1) * channels; }
};

// body(channel) in parallel, where it takes a look at every block's sums.
template <class Body>
HEBB_INLINE void for_each_channel(const RowBlocks& blocks, const Body& body) {
  constexpr int64_t worth_a_thread = 16384;
  parallel_for(blocks.channels, worth_a_thread / (blocks.count + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) body(c);
  });
}

}  // namespace hebb::cpu::HEBB_ISA
