// Copies of tensors in another form, kept for as long as the memory they were made from is not written: weights that do
// not change are packed once. Every write to a tensor's memory is told by whoever enqueues or runs it, so nobody else
// has to think of it.
#pragma once
#include <cstddef>
#include <cstdint>

namespace hebb {

// What a copy is made from, and how: `form` is unique to a way of packing (the address of its function).
struct CopyKey {
  const void* data;
  int64_t bytes;
  const void* form;
  int64_t extents[3];
};

struct KeptCopy {
  float* data;  // 64-byte aligned; null: none is kept
  bool made;    // false: of undefined values, to be filled by the caller now
};

// On the executor's thread. A copy is kept from the second call on since the memory was written, and while all of them
// fill no more than a quarter of the memory there is. It stays until the next call for any key.
KeptCopy kept_copy(const CopyKey& key, int64_t floats);

// Copies are kept only where whoever enqueues work promises to tell of all writes. Off at first.
void keep_copies(bool keep);

// From any thread: the memory is about to be written, or to belong to another tensor.
void forget_copies(const void* data, int64_t bytes);
// Values to a tensor in the host's memory, and word of it.
void copy_to_tensor(void* target, const void* values, size_t bytes);

}  // namespace hebb
