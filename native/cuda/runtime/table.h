// The kernels as the addon calls them: on the thread of a device's executor, and without exceptions.
#pragma once
#include "ops/kernel_table.h"

namespace hebb::cuda {

extern const KernelTable table;

}  // namespace hebb::cuda
