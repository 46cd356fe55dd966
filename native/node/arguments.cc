#include "node/arguments.h"

namespace hebb::node {

TensorHandle& Call::tensor(napi_value value, const char* argument) {
  TensorHandle& handle = require_handle(environment_, env, value, argument);
  if (!device_) {
    device_ = handle.device;
  } else if (handle.device != device_) {
    throw ArgumentError(argument, "a tensor on " + device_->name, "one on " + handle.device->name);
  }
  storages_.push_back(handle.storage);  // alive until submitted, even if a getter of a later argument disposes it
  return handle;
}

TensorHandle& Call::tensor(napi_value value, const char* argument, DType dtype) {
  TensorHandle& handle = tensor(value, argument);
  if (handle.dtype != dtype) {
    throw ArgumentError(argument, std::string("a tensor of ") + name_of(dtype), name_of(handle.dtype));
  }
  return handle;
}

int64_t Call::integer(napi_value value, const char* argument) {
  constexpr double largest_safe_integer = 9007199254740991.0;
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok || !(std::abs(number) <= largest_safe_integer) ||
      number != std::trunc(number)) {
    throw ArgumentError(argument, "an integer", describe(env, value));
  }
  return static_cast<int64_t>(number);
}

std::vector<napi_value> Call::array(napi_value value, const char* argument, size_t most) {
  bool is_array = false;
  uint32_t length = 0;
  if (napi_is_array(env, value, &is_array) != napi_ok || !is_array ||
      napi_get_array_length(env, value, &length) != napi_ok) {
    throw ArgumentError(argument, "an array", describe(env, value));
  }
  if (length > most) {
    throw ArgumentError(argument, "at most " + std::to_string(most) + " items", std::to_string(length));
  }
  std::vector<napi_value> items(length);
  for (uint32_t index = 0; index < length; ++index) {
    if (napi_get_element(env, value, index, &items[index]) != napi_ok) {
      throw ArgumentError(argument, "an array whose items can be read", "one whose getter threw");
    }
  }
  return items;
}

bool Call::absent(napi_value value) const {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && (type == napi_null || type == napi_undefined);
}

}  // namespace hebb::node
