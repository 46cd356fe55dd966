// Matrix products by a kernel of hebb's own, in float32 whatever the precision: for machines without cuBLAS, and for
// what cuBLAS does not take.
#pragma once
#include "cuda/gemm.h"

namespace hebb::cuda {

void tiled_gemm(const Product& product);

}  // namespace hebb::cuda
