// Per-thread temporary memory for kernels (packing buffers, partial sums). It grows to the largest request and is kept.
#pragma once
#include <cstdint>

namespace hebb {

// At least so many floats, 64-byte aligned, contents undefined. One block per (thread, slot): asking again for a slot
// invalidates what it gave before. Throws OutOfMemory. Call it outside parallel_for bodies where you can (bodies must
// not throw).
enum class ScratchSlot { pack_a, pack_b, partial, extra, count };
float* scratch(ScratchSlot slot, int64_t floats);

}  // namespace hebb
