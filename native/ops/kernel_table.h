// A backend is a table of functions, one per line of ops.def, each of the type of its op's check.
#pragma once
#include "ops/ops.h"

namespace hebb {

struct KernelTable {
#define HEBB_OP(name) decltype(ops::name::check)* name;
#include "ops/ops.def"
#undef HEBB_OP
};

}  // namespace hebb
