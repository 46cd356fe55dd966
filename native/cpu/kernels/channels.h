// Walks over [rows, channels]: by blocks of whole rows that the problem alone decides, and along a row by vectors.
#pragma once
#include "core/parallel_for.h"
#include "cpu/simd/large.h"

namespace hebb::cpu::HEBB_ISA {

struct RowBlocks {
  int64_t rows, channels, block_rows, count;

  HEBB_INLINE RowBlocks(int64_t size, int64_t channels) : channels(channels) {
    constexpr int64_t block_elements = 32768, fewest_rows = 32, most_rows = 512;  // sums of few rows round little
    rows = size / channels;
    block_rows = block_elements / channels;
    block_rows = block_rows < fewest_rows ? fewest_rows : block_rows > most_rows ? most_rows : block_rows;
    count = (rows + block_rows - 1) / block_rows;
  }
  HEBB_INLINE int64_t begin(int64_t block) const { return block * block_rows; }
  HEBB_INLINE int64_t end(int64_t block) const {
    return begin(block) + block_rows < rows ? begin(block) + block_rows : rows;
  }

  // body(block) in parallel, as many blocks a thread as make it worth one.
  template <class Body>
  HEBB_INLINE void for_each(const Body& body) const {
    parallel_for(count, grain(), [&](int64_t first, int64_t last) {
      for (int64_t block = first; block < last; ++block) body(block);
    });
  }
  // From the last to the first: what a pass before this one has read last is still in the cache.
  template <class Body>
  HEBB_INLINE void for_each_backward(const Body& body) const {
    parallel_for_backward(count, grain(), [&](int64_t first, int64_t last) {
      for (int64_t block = last - 1; block >= first; --block) body(block);
    });
  }

 private:
  HEBB_INLINE int64_t grain() const {
    constexpr int64_t worth_a_thread = 32768;
    return worth_a_thread / (block_rows * channels) + 1;
  }
};

// The lanes of a vector that are there: all of them, or the first few. `ahead` reads what is read once from end to end,
// `put` writes it.
template <class Stores = CachedStores>
struct WholeVector {
  HEBB_INLINE Vec from(const float* p) const { return load(p); }
  HEBB_INLINE Vec ahead(const float* p) const { return load_ahead(p); }
  HEBB_INLINE void to(float* p, Vec a) const { store(p, a); }
  HEBB_INLINE void put(float* p, Vec a) const { Stores::put(p, a); }
};
struct PartialVector {
  int lanes;
  HEBB_INLINE Vec from(const float* p) const { return load_partial(p, lanes); }
  HEBB_INLINE Vec ahead(const float* p) const { return from(p); }
  HEBB_INLINE void to(float* p, Vec a) const { store_partial(p, a, lanes); }
  HEBB_INLINE void put(float* p, Vec a) const { to(p, a); }
};

// body(vector, channel)
template <class Stores = CachedStores, class Body>
HEBB_INLINE void for_each_channel_vector(int64_t channels, const Body& body) {
  int64_t channel = 0;
  for (; channel + Vec::width <= channels; channel += Vec::width) body(WholeVector<Stores>{}, channel);
  if (channel < channels) body(PartialVector{static_cast<int>(channels - channel)}, channel);
}

}  // namespace hebb::cpu::HEBB_ISA
