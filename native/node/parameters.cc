#include "node/parameters.h"

#include <limits>

#include "core/error.h"
#include "node/arguments.h"

namespace hebb::node {
namespace {

int64_t integer_parameter(const Napi::CallbackInfo& info, size_t index, const char* name) {
  Call call(Environment::of(info.Env()), info.Env());
  return call.integer(info[index], name);
}

}  // namespace

const Device& device_parameter(const Napi::CallbackInfo& info, size_t index) {
  const int64_t number = integer_parameter(info, index, "device");
  expect_range("device", number, 0, Runtime::get().device_count() - 1);
  return Runtime::get().device(static_cast<int>(number));
}

DType dtype_parameter(const Napi::CallbackInfo& info, size_t index) {
  const int64_t number = integer_parameter(info, index, "dtype");
  expect_range("dtype", number, 0, static_cast<int64_t>(DType::uint8));
  return static_cast<DType>(number);
}

Shape shape_parameter(const Napi::CallbackInfo& info, size_t index, DType dtype) {
  Call call(Environment::of(info.Env()), info.Env());
  const Shape shape = Argument<Ints>::read(call, info[index], "shape");
  int64_t bytes = size_of(dtype);
  for (int axis = 0; axis < shape.rank; ++axis) {
    if (shape.dims[axis] < 0) throw ArgumentError("shape", "extents of 0 or more", to_string(shape));
  }
  // Even an empty tensor's other extents are bounded: kernels multiply them.
  for (int axis = 0; axis < shape.rank; ++axis) {
    if (shape.dims[axis] == 0) continue;
    if (__builtin_mul_overflow(bytes, shape.dims[axis], &bytes) || bytes > std::numeric_limits<int64_t>::max() / 16) {
      throw ArgumentError("shape", "fewer elements", to_string(shape));
    }
  }
  return shape;
}

}  // namespace hebb::node
