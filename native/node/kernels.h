// The kernels as JavaScript functions: one per line of ops.def.
#pragma once
#include <napi.h>

namespace hebb::node {
Napi::Object make_kernels(Napi::Env env);
}
