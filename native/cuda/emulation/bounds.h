// Scratch memory is as large as the largest request. So that AddressSanitizer finds a kernel that uses more than it
// asked for, the rest is forbidden until the next request, in the order of the stream.
#pragma once
#include <cstddef>

#include "cuda/emulation/runtime_api.h"

namespace hebb::cuda::emulation {

void set_bound(cudaStream_t stream, void* block, size_t bytes, size_t capacity);

}  // namespace hebb::cuda::emulation
