#include "node/programs.h"

#include "core/error.h"
#include "core/program.h"
#include "node/arguments.h"
#include "node/parameters.h"

namespace hebb::node {
namespace {

// A finished program, and what its inputs and outputs look like.
struct ProgramHandle {
  std::shared_ptr<Program> program;
  const Device* device;
  Precision precision;  // when it was recorded
  bool deterministic;
  std::vector<Form> inputs, outputs;
};

constexpr napi_type_tag tag = {0x2f8d4cf0a1b94e67, 0xa30c9d7be5f21846};

void require_no_recording(const Environment& environment) {
  if (environment.program || environment.paused_program) throw Error("a recording is in progress already");
}

Program& require_recording(Environment& environment) {
  if (!environment.program) throw Error("nothing is being recorded");
  return *environment.program;
}

std::vector<std::shared_ptr<Storage>> storages_of(Environment& environment, const Napi::CallbackInfo& info,
                                                  size_t index, const char* argument, std::vector<Form>* forms) {
  Call call(environment, info.Env());
  std::vector<std::shared_ptr<Storage>> storages;
  for (napi_value item : call.array(info[index], argument, most_list_items)) {
    const TensorHandle& handle = call.tensor(item, argument);
    storages.push_back(handle.storage);
    if (forms) forms->push_back({handle.dtype, handle.shape});
  }
  return storages;
}

// (device)
Napi::Value begin_recording(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  require_no_recording(environment);
  const Device& device = device_parameter(info, 0);
  environment.program = std::make_shared<Program>(*device.stream, Runtime::get().may_capture());
  environment.recording_device = &device;
  environment.recorded_inputs.clear();
  return info.Env().Undefined();
}

// (dtype, shape) → a tensor that stands for an input
Napi::Value record_input(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  Program& program = require_recording(environment);
  const DType dtype = dtype_parameter(info, 0);
  const Shape shape = shape_parameter(info, 1, dtype);
  auto storage = program.input(shape.size() * size_of(dtype));
  environment.recorded_inputs.push_back({dtype, shape});
  return {info.Env(), make_handle(info.Env(), std::move(storage), dtype, shape, *environment.recording_device, false)};
}

// (outputs, kept) → a program
Napi::Value end_recording(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  require_recording(environment);
  auto handle = std::make_unique<ProgramHandle>();
  handle->device = environment.recording_device;
  handle->precision = Runtime::get().precision();
  handle->deterministic = Runtime::get().deterministic();
  const auto outputs = storages_of(environment, info, 0, "outputs", &handle->outputs);
  const auto kept = storages_of(environment, info, 1, "kept", nullptr);
  handle->inputs = environment.recorded_inputs;
  handle->program = environment.program;
  handle->program->finish(*handle->device->allocator, outputs, kept);
  environment.program.reset();

  const Napi::Env env = info.Env();
  Napi::Object object = Napi::Object::New(env);
  auto finalize = [](napi_env, void* data, void*) { delete static_cast<ProgramHandle*>(data); };
  if (napi_wrap(env, object, handle.get(), finalize, nullptr, nullptr) != napi_ok) throw Napi::Error::New(env);
  const ProgramHandle& owned = *handle.release();
  if (napi_type_tag_object(env, object, &tag) != napi_ok) throw Napi::Error::New(env);
  object.Set("commands", static_cast<double>(owned.program->command_count()));
  object.Set("bytes", static_cast<double>(owned.program->slab_bytes()));
  return object;
}

Napi::Value abort_recording(const Napi::CallbackInfo& info) {
  Environment::of(info.Env()).program.reset();
  Environment::of(info.Env()).paused_program.reset();
  return info.Env().Undefined();
}

// What follows runs at once instead of being recorded: state that must outlive the recording is made so.
Napi::Value pause_recording(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  require_recording(environment);
  environment.paused_program = std::move(environment.program);
  return info.Env().Undefined();
}

Napi::Value resume_recording(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  if (!environment.paused_program) throw Error("no recording is paused");
  environment.program = std::move(environment.paused_program);
  return info.Env().Undefined();
}

ProgramHandle& program_parameter(const Napi::CallbackInfo& info, size_t index) {
  bool tagged = false;
  void* data = nullptr;
  if (!info[index].IsObject() || napi_check_object_type_tag(info.Env(), info[index], &tag, &tagged) != napi_ok ||
      !tagged || napi_unwrap(info.Env(), info[index], &data) != napi_ok) {
    throw ArgumentError("program", "a program", describe(info.Env(), info[index]));
  }
  auto& handle = *static_cast<ProgramHandle*>(data);
  if (!handle.program) throw ArgumentError("program", "a program", "a disposed program");
  return handle;
}

// (program, inputs) → outputs, fresh tensors
Napi::Value replay(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  require_no_recording(environment);
  ProgramHandle& handle = program_parameter(info, 0);
  std::vector<Form> forms;
  const auto inputs = storages_of(environment, info, 1, "inputs", &forms);
  if (forms.size() != handle.inputs.size()) {
    throw ArgumentError("inputs", std::to_string(handle.inputs.size()) + " tensors", std::to_string(forms.size()));
  }
  for (size_t index = 0; index < forms.size(); ++index) {
    const Form& expected = handle.inputs[index];
    if (forms[index].dtype != expected.dtype || forms[index].shape != expected.shape) {
      throw ArgumentError("inputs", std::string(name_of(expected.dtype)) + to_string(expected.shape),
                          std::string(name_of(forms[index].dtype)) + to_string(forms[index].shape));
    }
  }
  std::vector<std::shared_ptr<Storage>> outputs;
  for (const int64_t bytes : handle.program->output_bytes()) {
    outputs.push_back(handle.device->allocator->allocate(bytes));
  }
  auto command = handle.program->replay(inputs, outputs);
  if (handle.device->accelerator) {
    // A capture would keep what another worker has set meanwhile.
    command->errors = environment.errors;
    if (!Runtime::get().push_under(handle.precision, handle.deterministic, *handle.device->stream,
                                   std::move(command))) {
      throw Error("compile: another thread has changed the precision or whether bits are the same; call again");
    }
  } else {
    environment.submit(*handle.device, std::move(command), {});
  }
  Napi::Array handles = Napi::Array::New(info.Env(), outputs.size());
  for (size_t index = 0; index < outputs.size(); ++index) {
    const Form& form = handle.outputs[index];
    handles.Set(
        static_cast<uint32_t>(index),
        Napi::Value(info.Env(), make_handle(info.Env(), outputs[index], form.dtype, form.shape, *handle.device, true)));
  }
  return handles;
}

// (program): drops its memory once the stream has passed it
Napi::Value dispose_program(const Napi::CallbackInfo& info) {
  program_parameter(info, 0).program.reset();
  return info.Env().Undefined();
}

}  // namespace

void add_program_functions(Napi::Env env, Napi::Object& exports) {
  add_function<begin_recording>(env, exports, "beginRecording");
  add_function<record_input>(env, exports, "recordInput");
  add_function<end_recording>(env, exports, "endRecording");
  add_function<abort_recording>(env, exports, "abortRecording");
  add_function<pause_recording>(env, exports, "pauseRecording");
  add_function<resume_recording>(env, exports, "resumeRecording");
  add_function<replay>(env, exports, "replay");
  add_function<dispose_program>(env, exports, "disposeProgram");
}

}  // namespace hebb::node
