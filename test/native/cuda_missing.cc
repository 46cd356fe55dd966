// Weak stand-ins for the CUDA kernels that are not written yet: they throw. Goes when all are there.
#include "core/error.h"
#include "ops/kernel_table.h"

extern "C" void hebb_missing_kernel() { throw hebb::Error("no such CUDA kernel yet"); }

#pragma GCC diagnostic ignored "-Wattribute-alias"
namespace hebb::cuda {
#define HEBB_OP(name) __attribute__((weak, alias("hebb_missing_kernel"))) decltype(ops::name::check) name;
#include "ops/ops.def"
#undef HEBB_OP
}  // namespace hebb::cuda
