#include "node/tensors.h"

#include <cstring>

#include "core/error.h"
#include "core/kept_copies.h"
#include "core/transfer.h"
#include "node/arguments.h"
#include "node/parameters.h"

namespace hebb::node {
namespace {

Napi::Value new_typed_array(Napi::Env env, DType dtype, int64_t size, Napi::ArrayBuffer buffer) {
  const auto length = static_cast<size_t>(size);
  switch (dtype) {
    case DType::float32:
      return Napi::Float32Array::New(env, length, buffer, 0);
    case DType::int32:
      return Napi::Int32Array::New(env, length, buffer, 0);
    case DType::uint8:
      return Napi::Uint8Array::New(env, length, buffer, 0);
  }
  throw Error("unknown dtype");
}

// The values of a tensor at the moment the stream reaches it.
class ReadCompletion final : public Completion {
 public:
  ReadCompletion(Napi::Env env, const TensorHandle& handle)
      : Completion(env),
        dtype_(handle.dtype),
        size_(handle.shape.size()),
        bytes_(static_cast<size_t>(handle.bytes())),
        values_(std::make_unique_for_overwrite<char[]>(bytes_)) {}
  size_t bytes() const { return bytes_; }
  void copy_from(const void* source) {
    if (bytes_ > 0) std::memcpy(values_.get(), source, bytes_);
  }

 protected:
  Napi::Value value(Napi::Env env) override {
    // Handing large results over instead of copying them keeps the JavaScript thread free.
    if (bytes_ >= hand_over_bytes) {
      char* values = values_.release();
      auto free_values = [](Napi::Env, void* data) { delete[] static_cast<char*>(data); };
      return new_typed_array(env, dtype_, size_, Napi::ArrayBuffer::New(env, values, bytes_, free_values));
    }
    Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, bytes_);
    if (bytes_ > 0) std::memcpy(buffer.Data(), values_.get(), bytes_);
    return new_typed_array(env, dtype_, size_, buffer);
  }

 private:
  static constexpr size_t hand_over_bytes = 64 << 10;
  DType dtype_;
  int64_t size_;
  size_t bytes_;
  std::unique_ptr<char[]> values_;
};

class Read final : public Command {
 public:
  Read(std::unique_ptr<ReadCompletion> completion, std::shared_ptr<Mailbox> mailbox, Accelerator* accelerator,
       const void* source)
      : completion_(std::move(completion)), mailbox_(std::move(mailbox)), accelerator_(accelerator), source_(source) {}
  void run() override {
    if (!accelerator_ || completion_->bytes() == 0) return;
    const void* const from = std::exchange(source_, nullptr);  // the device's: never for settle() to read
    staging_ = Staging(accelerator_, completion_->bytes());
    accelerator_->download(staging_.data(), from, completion_->bytes());
    source_ = staging_.data();
  }
  bool settles() const override { return true; }
  void settle() override {
    completion_->error = errors->take();
    // Another read may have taken the failure of this one.
    if (!completion_->error && completion_->bytes() > 0 && !source_) {
      completion_->error = "out of memory: no page-locked memory of the host's for what was read";
    }
    if (!completion_->error) completion_->copy_from(source_);
    mailbox_->post(std::move(completion_));
  }

 private:
  std::unique_ptr<ReadCompletion> completion_;
  std::shared_ptr<Mailbox> mailbox_;
  Accelerator* accelerator_;
  const void* source_;
  Staging staging_;
};

class Mark final : public Command {
 public:
  // take_error: whether a failure of earlier work is reported here rather than to a later reader
  Mark(std::unique_ptr<Completion> completion, std::shared_ptr<Mailbox> mailbox, bool take_error)
      : completion_(std::move(completion)), mailbox_(std::move(mailbox)), take_(take_error) {}
  void run() override {}
  bool settles() const override { return true; }
  void settle() override {
    if (take_) completion_->error = errors->take();
    mailbox_->post(std::move(completion_));
  }

 private:
  std::unique_ptr<Completion> completion_;
  std::shared_ptr<Mailbox> mailbox_;
  bool take_;
};

void refuse_while_recording(const Environment& environment) {
  if (environment.program) {
    throw Error("a value cannot be read inside a compiled function: it has not been computed yet; return the tensor");
  }
}

TensorHandle& handle_parameter(const Napi::CallbackInfo& info, size_t index) {
  return require_handle(Environment::of(info.Env()), info.Env(), info[index], "tensor");
}

struct Values {
  const void* data;
  size_t bytes;
};

// A typed array of the dtype, of `least` to `most` values; a detached one has none.
Values values_parameter(const Napi::CallbackInfo& info, size_t index, DType dtype, int64_t least, int64_t most) {
  const napi_env env = info.Env();
  napi_typedarray_type type;
  size_t length = 0, offset = 0;
  void* data = nullptr;
  napi_value buffer;
  if (!info[index].IsTypedArray() ||
      napi_get_typedarray_info(env, info[index], &type, &length, &data, &buffer, &offset) != napi_ok) {
    throw ArgumentError("values", "a typed array", describe(env, info[index]));
  }
  const bool fits = (dtype == DType::float32 && type == napi_float32_array) ||
                    (dtype == DType::int32 && type == napi_int32_array) ||
                    (dtype == DType::uint8 && (type == napi_uint8_array || type == napi_uint8_clamped_array));
  if (!fits) throw ArgumentError("values", std::string("a typed array of ") + name_of(dtype), "one of another type");
  if (static_cast<int64_t>(length) < least || static_cast<int64_t>(length) > most) {
    throw ArgumentError("values", (least == most ? "" : "at most ") + std::to_string(most) + " values",
                        std::to_string(length));
  }
  return {data, length * static_cast<size_t>(size_of(dtype))};
}

// Overwrites `storage` from byte `offset` on, in stream order.
void upload(Environment& environment, const Device& device, const std::shared_ptr<Storage>& storage, int64_t offset,
            Values values) {
  if (values.bytes == 0) return;
  if (!device.accelerator || !environment.program) {
    environment.submit(device, make_upload(device.accelerator, storage->data(), offset, values.data, values.bytes),
                       {storage});
    return;
  }
  // Replays find the values on the device.
  auto constant = device.allocator->allocate(static_cast<int64_t>(values.bytes));
  auto command = make_upload(device.accelerator, constant->data(), 0, values.data, values.bytes);
  command->errors = environment.errors;
  device.stream->push(std::move(command));
  environment.submit(device, make_copy(device.accelerator, storage->data(), offset, constant->data(), values.bytes),
                     {constant, storage});
}

// Into a storage that nobody else knows yet.
void fill(Environment& environment, const Device& device, const std::shared_ptr<Storage>& storage, Values values) {
  const bool untouched = storage->placed() && device.stream->completed() >= storage->free_after();
  if (!device.accelerator && untouched && storage.use_count() == 1) {
    copy_to_tensor(storage->data(), values.data, values.bytes);
    return;
  }
  upload(environment, device, storage, 0, values);
}

// (device, dtype, shape) → a tensor of undefined values
Napi::Value allocate(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  const Device& device = device_parameter(info, 0);
  const DType dtype = dtype_parameter(info, 1);
  const Shape shape = shape_parameter(info, 2, dtype);
  auto storage = environment.allocate(device, shape.size() * size_of(dtype));
  return {info.Env(), make_handle(info.Env(), std::move(storage), dtype, shape, device, true)};
}

// (device, dtype, shape, values) → a tensor of a copy of the values
Napi::Value create(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  const Device& device = device_parameter(info, 0);
  const DType dtype = dtype_parameter(info, 1);
  const Shape shape = shape_parameter(info, 2, dtype);
  const Values values = values_parameter(info, 3, dtype, shape.size(), shape.size());
  auto storage = environment.allocate(device, shape.size() * size_of(dtype));
  fill(environment, device, storage, values);
  return {info.Env(), make_handle(info.Env(), std::move(storage), dtype, shape, device, true)};
}

// (tensor, values, offset): overwrites the elements from `offset` on, in stream order
Napi::Value write(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  TensorHandle& handle = handle_parameter(info, 0);
  Call call(environment, info.Env());
  const int64_t size = handle.shape.size();
  const int64_t offset = call.integer(info[2], "offset");
  expect_range("offset", offset, 0, size);
  const Values values = values_parameter(info, 1, handle.dtype, 0, size - offset);
  upload(environment, *handle.device, handle.storage, offset * size_of(handle.dtype), values);
  return info.Env().Undefined();
}

// (tensor, device) → a copy there, in the order of both streams
Napi::Value transfer(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  if (environment.program) throw Error("a tensor cannot go to another device inside a compiled function");
  const TensorHandle& handle = handle_parameter(info, 0);
  const Device& from = *handle.device;
  const Device& to = device_parameter(info, 1);
  const auto bytes = static_cast<size_t>(handle.bytes());
  auto storage = to.allocator->allocate(handle.bytes());
  if (bytes > 0 && from.stream == to.stream) {
    environment.submit(to, make_copy(to.accelerator, storage->data(), 0, handle.storage->data(), bytes), {});
  } else if (bytes > 0) {
    auto delivery = std::make_shared<Delivery>(from.accelerator ? from.accelerator : to.accelerator, bytes);
    environment.submit(from, make_deliver(from.accelerator, handle.storage->data(), delivery), {});
    environment.submit(to, make_receive(to.accelerator, storage->data(), delivery), {});
  }
  return {info.Env(), make_handle(info.Env(), std::move(storage), handle.dtype, handle.shape, to, true)};
}

// (tensor, shape) → the same memory in another shape
Napi::Value reshape(const Napi::CallbackInfo& info) {
  TensorHandle& handle = handle_parameter(info, 0);
  const Shape shape = shape_parameter(info, 1, handle.dtype);
  if (shape.size() != handle.shape.size()) {
    throw ArgumentError("shape", "a shape of " + std::to_string(handle.shape.size()) + " elements", to_string(shape));
  }
  return {info.Env(), make_handle(info.Env(), handle.storage, handle.dtype, shape, *handle.device, false)};
}

// (tensor): gives its memory back; a second time does nothing
Napi::Value dispose(const Napi::CallbackInfo& info) {
  TensorHandle* handle = find_handle(info.Env(), info[0]);
  if (!handle) throw ArgumentError("tensor", "a tensor", describe(info.Env(), info[0]));
  handle->dispose(info.Env());
  return info.Env().Undefined();
}

// (tensor) → a promise of its values
Napi::Value read(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  refuse_while_recording(environment);
  TensorHandle& handle = handle_parameter(info, 0);
  auto completion = std::make_unique<ReadCompletion>(info.Env(), handle);
  const Napi::Promise promise = completion->promise();
  auto mailbox = environment.expect_completion();
  environment.push_awaited(*handle.device, std::make_unique<Read>(std::move(completion), std::move(mailbox),
                                                                  handle.device->accelerator, handle.storage->data()));
  return promise;
}

// (tensor) → its values; blocks the thread until they are computed
Napi::Value read_sync(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  refuse_while_recording(environment);
  TensorHandle& handle = handle_parameter(info, 0);
  const Device& device = *handle.device;
  const auto bytes = static_cast<size_t>(handle.bytes());
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(info.Env(), bytes);
  const void* source = handle.storage->data();
  std::shared_ptr<Delivery> delivery;
  if (device.accelerator && bytes > 0) {
    delivery = std::make_shared<Delivery>(device.accelerator, bytes);
    auto command = make_deliver(device.accelerator, handle.storage->data(), delivery, true);
    command->errors = environment.errors;
    device.stream->push(std::move(command));
    delivery->arrived.wait();
    if (!delivery->arrived.error().empty()) throw Error(delivery->arrived.error());
    source = delivery->staging.data();
  } else {
    device.stream->wait_for_device();
  }
  if (const auto error = environment.errors->take()) throw Napi::Error::New(info.Env(), *error);
  if (bytes > 0) std::memcpy(buffer.Data(), source, bytes);
  return new_typed_array(info.Env(), handle.dtype, handle.shape.size(), buffer);
}

// (device, reports) → a promise that settles when all enqueued so far has run; with `reports` a failure rejects it
Napi::Value mark(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  refuse_while_recording(environment);
  const Device& device = device_parameter(info, 0);
  const bool reports = info[1].ToBoolean();
  auto completion = std::make_unique<Completion>(info.Env());
  const Napi::Promise promise = completion->promise();
  auto mailbox = environment.expect_completion();
  environment.push_awaited(device, std::make_unique<Mark>(std::move(completion), std::move(mailbox), reports));
  return promise;
}

// (tensor) → where it is: { dtype, shape }, for checks at the boundary
Napi::Value inspect(const Napi::CallbackInfo& info) {
  TensorHandle& handle = handle_parameter(info, 0);
  Napi::Object facts = Napi::Object::New(info.Env());
  Napi::Array shape = Napi::Array::New(info.Env(), static_cast<size_t>(handle.shape.rank));
  for (int axis = 0; axis < handle.shape.rank; ++axis) {
    shape.Set(static_cast<uint32_t>(axis), static_cast<double>(handle.shape.dims[axis]));
  }
  facts.Set("dtype", static_cast<double>(handle.dtype));
  facts.Set("shape", shape);
  return facts;
}

}  // namespace

void add_tensor_functions(Napi::Env env, Napi::Object& exports) {
  add_function<allocate>(env, exports, "allocate");
  add_function<create>(env, exports, "create");
  add_function<write>(env, exports, "write");
  add_function<transfer>(env, exports, "transfer");
  add_function<reshape>(env, exports, "reshape");
  add_function<dispose>(env, exports, "dispose");
  add_function<read>(env, exports, "read");
  add_function<read_sync>(env, exports, "readSync");
  add_function<mark>(env, exports, "mark");
  add_function<inspect>(env, exports, "inspect");
}

}  // namespace hebb::node
