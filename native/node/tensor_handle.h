// The native side of a tensor, held by a type-tagged JavaScript object.
#pragma once
#include <napi.h>

#include <memory>

#include "core/storage.h"
#include "core/view.h"
#include "node/environment.h"

namespace hebb::node {

struct TensorHandle {
  std::shared_ptr<Storage> storage;  // null once disposed
  DType dtype;
  Shape shape;
  const Device* device;
  int64_t told;  // bytes V8 was told of

  int64_t bytes() const { return shape.size() * size_of(dtype); }
  void dispose(napi_env env);
};

// A handle of a new or (for reshape) a shared storage. V8 is told of the bytes of new ones in the host's memory only.
napi_value make_handle(napi_env env, std::shared_ptr<Storage> storage, DType dtype, const Shape& shape,
                       const Device& device, bool is_new);

// Null when the value is no tensor of this addon.
TensorHandle* find_handle(napi_env env, napi_value value);

// The handle, ready to be used now: throws ArgumentError for what is no tensor, disposed, or gone with a recording.
TensorHandle& require_handle(Environment& environment, napi_env env, napi_value value, const char* argument);

// A word or two on a JavaScript value, for "got ..." in messages.
std::string describe(napi_env env, napi_value value);

}  // namespace hebb::node
