// Making, reading and writing tensors: what crosses between JavaScript's memory and a device's.
#pragma once
#include <napi.h>

namespace hebb::node {
void add_tensor_functions(Napi::Env env, Napi::Object& exports);
}
