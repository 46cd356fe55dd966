#include "node/tensor_handle.h"

#include "core/error.h"
#include "node/garbage.h"

namespace hebb::node {
namespace {

constexpr napi_type_tag tag = {0x6c1f0e3b5ad84b0c, 0x9b7e2d51c3f64a88};

void finalize(napi_env env, void* data, void*) {
  auto* handle = static_cast<TensorHandle*>(data);
  handle->dispose(env);
  delete handle;
}

void require(napi_env env, napi_status status) {
  if (status != napi_ok) throw Napi::Error::New(env);
}

}  // namespace

void TensorHandle::dispose(napi_env env) {
  if (!storage) return;
  storage.reset();
  if (told != 0) {
    int64_t total;
    napi_adjust_external_memory(env, -told, &total);
    told = 0;
  }
}

napi_value make_handle(napi_env env, std::shared_ptr<Storage> storage, DType dtype, const Shape& shape,
                       const Device& device, bool is_new) {
  auto handle = std::make_unique<TensorHandle>(TensorHandle{std::move(storage), dtype, shape, &device, 0});
  napi_value object;
  require(env, napi_create_object(env, &object));
  require(env, napi_wrap(env, object, handle.get(), finalize, nullptr, nullptr));
  TensorHandle* owned = handle.release();
  require(env, napi_type_tag_object(env, object, &tag));
  if (is_new && device.accelerator) {
    collect_if_filling(env, device);
  } else if (is_new && owned->storage->bytes() > 0) {
    int64_t total;
    owned->told = owned->storage->bytes();
    napi_adjust_external_memory(env, owned->told, &total);
  }
  return object;
}

TensorHandle* find_handle(napi_env env, napi_value value) {
  napi_valuetype type;
  bool tagged = false;
  void* data = nullptr;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return nullptr;
  if (napi_check_object_type_tag(env, value, &tag, &tagged) != napi_ok || !tagged) {
    // A proxy's traps may have thrown: that exception is not ours to leave behind.
    napi_value thrown;
    bool pending = false;
    if (napi_is_exception_pending(env, &pending) == napi_ok && pending) napi_get_and_clear_last_exception(env, &thrown);
    return nullptr;
  }
  return napi_unwrap(env, value, &data) == napi_ok ? static_cast<TensorHandle*>(data) : nullptr;
}

TensorHandle& require_handle(Environment& environment, napi_env env, napi_value value, const char* argument) {
  TensorHandle* handle = find_handle(env, value);
  if (!handle) throw ArgumentError(argument, "a tensor", describe(env, value));
  if (!handle->storage) throw ArgumentError(argument, "a tensor", "a disposed tensor");
  if (!handle->storage->placed() &&
      !(environment.program && handle->storage->recording() == environment.program->number())) {
    throw ArgumentError(argument, "a tensor", "one that was made inside a compiled function and not returned by it");
  }
  return *handle;
}

std::string describe(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, value, &type) != napi_ok) return "something unreadable";
  switch (type) {
    case napi_undefined:
      return "undefined";
    case napi_null:
      return "null";
    case napi_boolean:
      return "a boolean";
    case napi_number: {
      double number = 0;
      napi_get_value_double(env, value, &number);
      std::string text = std::to_string(number);
      if (number == static_cast<double>(static_cast<int64_t>(number < 9e15 && number > -9e15 ? number : 0))) {
        text = std::to_string(static_cast<int64_t>(number));
      }
      return text;
    }
    case napi_string:
      return "a string";
    case napi_symbol:
      return "a symbol";
    case napi_function:
      return "a function";
    case napi_bigint:
      return "a bigint";
    case napi_external:
      return "an external value";
    case napi_object:
      break;
  }
  bool is = false;
  if (napi_is_array(env, value, &is) == napi_ok && is) return "an array";
  if (napi_is_typedarray(env, value, &is) == napi_ok && is) return "a typed array";
  if (find_handle(env, value)) return "a tensor";
  return "an object";
}

}  // namespace hebb::node
