// Numbers in bfloat16, held as the high halves of floats.
#pragma once
#include <cstdint>

namespace hebb::cuda {

// Rounds to nearest, ties to even.
void to_bfloat16(const float* x, uint16_t* y, int64_t count);

}  // namespace hebb::cuda
