// Work shared among as many slots as threads, each slot with scratch memory of its own.
#pragma once
#include "core/parallel_for.h"
#include "cpu/gemm/pack.h"

namespace hebb::cpu::HEBB_ISA {

// The threads that so many multiplications are worth, no more than there are items.
HEBB_INLINE int threads_worth(int64_t products, int64_t items = INT64_MAX, int64_t per_thread = products_per_thread) {
  const int64_t worth = at_most(at_most(products / per_thread, items), thread_count());
  return worth > 1 ? static_cast<int>(worth) : 1;
}

// Calls body(slot, begin, end) so that the slots cover [0, items). The items must not care which slot they fall in.
template <class Body>
HEBB_INLINE void for_slots(int slots, int64_t items, const Body& body) {
  if (slots <= 1) {
    body(0, int64_t{0}, items);
    return;
  }
  parallel_for(slots, 1, [&](int64_t first, int64_t last) {
    for (int64_t slot = first; slot < last; ++slot)
      body(static_cast<int>(slot), items * slot / slots, items * (slot + 1) / slots);
  });
}

}  // namespace hebb::cpu::HEBB_ISA
