// The addon's entry point, and what it says of the machine.
#include <napi.h>

#include <atomic>

#include "core/error.h"
#include "core/parallel_for.h"
#include "cpu/isa.h"
#include "cpu/winograd_switch.h"
#include "node/arguments.h"
#include "node/kernels.h"
#include "node/parameters.h"
#include "node/programs.h"
#include "node/tensors.h"

namespace hebb::node {
namespace {

// → [{ name, listed }], a device's number being its place
Napi::Value devices(const Napi::CallbackInfo& info) {
  Napi::Array list = Napi::Array::New(info.Env());
  for (const Device& device : Runtime::get().devices()) {
    Napi::Object entry = Napi::Object::New(info.Env());
    entry.Set("name", device.name);
    entry.Set("listed", device.listed);
    list.Set(list.Length(), entry);
  }
  return list;
}

// → [{ name, unusable }], unusable being the reason or ""; the best usable one is marked `used`
Napi::Value instruction_sets(const Napi::CallbackInfo& info) {
  Napi::Array list = Napi::Array::New(info.Env());
  for (const cpu::Isa isa : {cpu::Isa::scalar, cpu::Isa::avx2, cpu::Isa::avx512, cpu::Isa::neon}) {
    Napi::Object entry = Napi::Object::New(info.Env());
    entry.Set("name", cpu::name_of(isa));
    entry.Set("unusable", cpu::why_unusable(isa));
    entry.Set("used", isa == cpu::best());
    list.Set(list.Length(), entry);
  }
  return list;
}

// (device) → { used, reserved, peak, limit } in bytes
Napi::Value memory(const Napi::CallbackInfo& info) {
  const MemoryStatistics statistics = device_parameter(info, 0).allocator->statistics();
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("used", static_cast<double>(statistics.used));
  object.Set("reserved", static_cast<double>(statistics.reserved));
  object.Set("peak", static_cast<double>(statistics.peak));
  object.Set("limit", static_cast<double>(statistics.limit));
  return object;
}

// (device): the peak becomes what is in use
Napi::Value reset_peak_memory(const Napi::CallbackInfo& info) {
  device_parameter(info, 0).allocator->reset_peak();
  return info.Env().Undefined();
}

// (device): waits, then gives cached memory back to the system
Napi::Value trim_memory(const Napi::CallbackInfo& info) {
  device_parameter(info, 0).allocator->trim();
  return info.Env().Undefined();
}

Napi::Value set_threads(const Napi::CallbackInfo& info) {
  constexpr int64_t most_threads = 1024;
  Call call(Environment::of(info.Env()), info.Env());
  const int64_t count = call.integer(info[0], "count");
  expect_range("count", count, 1, most_threads);
  set_thread_count(static_cast<int>(count));
  return info.Env().Undefined();
}

// What the commands enqueued last will have switched to.
std::atomic<bool>& winograd_wanted() {
  static std::atomic<bool> wanted = cpu::winograd_is_on();
  return wanted;
}

class SwitchWinograd final : public Command {
 public:
  explicit SwitchWinograd(bool on) : on_(on) {}
  void run() override { cpu::switch_winograd(on_); }

 private:
  bool on_;
};

// (on): for what is enqueued from now on, replays of programs included
Napi::Value set_winograd(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  Call call(environment, info.Env());
  const bool on = Argument<bool>::read(call, info[0], "on");
  if (environment.program) throw Error("expected no recording in progress: a replay would not repeat it");
  winograd_wanted() = on;
  Runtime::get().devices()[0].stream->push(std::make_unique<SwitchWinograd>(on));
  return info.Env().Undefined();
}

Napi::Value winograd(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), winograd_wanted().load());
}

Napi::Value threads(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), thread_count()); }

}  // namespace

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  Environment::attach(env);
  exports.Set("kernels", make_kernels(env));
  add_tensor_functions(env, exports);
  add_program_functions(env, exports);
  add_function<devices>(env, exports, "devices");
  add_function<instruction_sets>(env, exports, "instructionSets");
  add_function<memory>(env, exports, "memory");
  add_function<reset_peak_memory>(env, exports, "resetPeakMemory");
  add_function<trim_memory>(env, exports, "trimMemory");
  add_function<set_threads>(env, exports, "setThreads");
  add_function<threads>(env, exports, "threads");
  add_function<set_winograd>(env, exports, "setWinograd");
  add_function<winograd>(env, exports, "winograd");
  return exports;
}

}  // namespace hebb::node

Napi::Object InitializeModule(Napi::Env env, Napi::Object exports) {
  try {
    return hebb::node::initialize(env, exports);
  } catch (const hebb::Error& error) {  // for one, HEBB_CPU names nothing
    throw Napi::Error::New(env, std::string("hebb: ") + error.what());
  }
}

NODE_API_MODULE(hebb, InitializeModule)
