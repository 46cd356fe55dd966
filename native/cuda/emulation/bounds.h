// Scratch memory is as large as the largest request. So that AddressSanitizer finds a kernel that uses more than it
// asked for, the rest is forbidden until the next request, or until a graph runs whose kernels asked for other amounts.
#pragma once
#include <cstddef>

namespace hebb::cuda::emulation {

void set_bound(void* block, size_t bytes, size_t capacity);
void lift_bound();

}  // namespace hebb::cuda::emulation
