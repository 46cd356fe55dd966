// Compiled once per instruction set: HEBB_ISA is scalar, avx2, avx512 or neon.
#include "ops/kernel_table.h"

namespace hebb::cpu::HEBB_ISA {
#include "ops/backend.inc"
}
