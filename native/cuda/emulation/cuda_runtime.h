// CUDA for the host: the part of CUDA C++ and of its runtime API that hebb uses, so that the same .cu files run where
// there is no GPU. Device memory is host memory, work on a stream runs when somebody waits for it, the threads of a
// block are fibers.
#pragma once
#include "cuda/emulation/device_functions.h"
#include "cuda/emulation/grid.h"
#include "cuda/emulation/qualifiers.h"
#include "cuda/emulation/runtime_api.h"
#include "cuda/emulation/vector_types.h"
