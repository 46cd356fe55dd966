// CUDA's runtime API, or its emulation on the host (HEBB_EMULATED), which the tests use where there is no GPU.
#pragma once
#ifdef HEBB_EMULATED
#include "cuda/emulation/cuda_runtime.h"
#else
#include <cuda_runtime.h>
#endif
