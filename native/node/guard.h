// No C++ exception may cross into Node: whatever a native function throws becomes a JavaScript Error.
#pragma once
#include <napi.h>

#include <exception>
#include <string>

#include "core/error.h"

namespace hebb::node {

template <class Function>
napi_value guarded(napi_env env, const char* what, Function function) {
  const char* code = "ERR_HEBB";
  std::string message;
  try {
    return function();
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
    return nullptr;
  } catch (const ArgumentError& error) {
    code = "ERR_HEBB_ARGUMENT";
    message = error.what();
  } catch (const OutOfMemory& error) {
    code = "ERR_HEBB_MEMORY";
    message = error.what();
  } catch (const std::exception& error) {
    message = error.what();
  }
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending) {
    napi_value thrown;
    napi_get_and_clear_last_exception(env, &thrown);
  }
  napi_throw_error(env, code, (std::string(what) + ": " + message).c_str());
  return nullptr;
}

}  // namespace hebb::node
