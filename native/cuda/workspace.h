// Memory of each device that matrix products work in, apart from Context::scratch, which their callers may hold.
#pragma once
#include <cstddef>

namespace hebb::cuda {

constexpr size_t workspace_bytes = size_t{32} << 20;  // as NVIDIA advises for cuBLAS on its large GPUs

// The current device's, made by the first call. Throws OutOfMemory.
void* workspace();

}  // namespace hebb::cuda
