// The product of gemm.h with nothing packed: the rows of a matrix by a small right side, read where they lie.
#pragma once
#include "cpu/gemm/gemm.h"

namespace hebb::cpu::HEBB_ISA {

// Of products whose rows stay in place (in_place.h): whether both sides are matrices, neither is kept, and b is small
// enough to be read once for each tile of rows.
bool packs_nothing(const Gemm& gemm);
void run_unpacked(const Gemm& gemm);

}  // namespace hebb::cpu::HEBB_ISA
