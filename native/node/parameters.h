// Arguments of the native functions that are not kernels.
#pragma once
#include "node/tensor_handle.h"

namespace hebb::node {

const Device& device_parameter(const Napi::CallbackInfo& info, size_t index);
DType dtype_parameter(const Napi::CallbackInfo& info, size_t index);
// Extents are non-negative integers; the tensor's bytes must be countable.
Shape shape_parameter(const Napi::CallbackInfo& info, size_t index, DType dtype);

// A native function whose exceptions become JavaScript errors that start with its name.
using NativeFunction = Napi::Value (*)(const Napi::CallbackInfo&);
template <NativeFunction function>
void add_function(Napi::Env env, Napi::Object& exports, const char* name);

}  // namespace hebb::node

#include "node/guard.h"

namespace hebb::node {
template <NativeFunction function>
void add_function(Napi::Env env, Napi::Object& exports, const char* name) {
  auto call = [](const Napi::CallbackInfo& info) {
    const auto* own_name = static_cast<const char*>(info.Data());
    const napi_value value = guarded(info.Env(), own_name, [&]() -> napi_value { return function(info); });
    return Napi::Value(info.Env(), value);
  };
  exports.Set(name, Napi::Function::New(env, call, name, const_cast<char*>(name)));
}
}  // namespace hebb::node
