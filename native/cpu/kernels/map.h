// Loops of the elementwise kernels: f on whole vectors, the last one partial, in parallel.
#pragma once
#include "core/parallel_for.h"
#include "cpu/simd/large.h"

namespace hebb::cpu::HEBB_ISA {

// Elements a thread takes at once: of loops bound by memory, and of those that compute an exponential or the like.
// Multiples of every vector width, so that only the very last vector is partial.
constexpr int64_t light_grain = 32768, heavy_grain = 8192;

template <class Stores, class F>
HEBB_INLINE void map_range(const float* x, float* y, int64_t begin, int64_t end, F f) {
  int64_t i = begin;
  for (; i + Vec::width <= end; i += Vec::width) Stores::put(y + i, f(load_ahead(x + i)));
  const int rest = static_cast<int>(end - i);
  if (rest > 0) store_partial(y + i, f(load_partial(x + i, rest)), rest);
  Stores::finish();
}

template <class Stores, class F>
HEBB_INLINE void map_range(const float* a, const float* b, float* y, int64_t begin, int64_t end, F f) {
  int64_t i = begin;
  for (; i + Vec::width <= end; i += Vec::width) Stores::put(y + i, f(load_ahead(a + i), load_ahead(b + i)));
  const int rest = static_cast<int>(end - i);
  if (rest > 0) store_partial(y + i, f(load_partial(a + i, rest), load_partial(b + i, rest)), rest);
  Stores::finish();
}

// y[i] = f(x[i])
template <class F>
HEBB_INLINE void map(const float* x, float* y, int64_t count, int64_t grain, F f) {
  with_stores_to(y, count, grain, [&](auto stores) {
    parallel_for(count, grain, [=](int64_t begin, int64_t end) { map_range<decltype(stores)>(x, y, begin, end, f); });
  });
}

// y[i] = f(a[i], b[i])
template <class F>
HEBB_INLINE void map(const float* a, const float* b, float* y, int64_t count, int64_t grain, F f) {
  const auto run = [&](auto stores) {
    parallel_for(count, grain,
                 [=](int64_t begin, int64_t end) { map_range<decltype(stores)>(a, b, y, begin, end, f); });
  };
  // What is changed in place is in the cache when it is stored.
  y == a ? run(CachedStores{}) : with_stores_to(y, count, grain, run);
}

// A function of the C library, lane by lane.
template <class F>
HEBB_INLINE Vec each_lane(Vec a, Vec b, F f) {
  float of_a[Vec::width], of_b[Vec::width];
  store(of_a, a);
  store(of_b, b);
  for (int lane = 0; lane < Vec::width; ++lane) of_a[lane] = f(of_a[lane], of_b[lane]);
  return load(of_a);
}

}  // namespace hebb::cpu::HEBB_ISA
