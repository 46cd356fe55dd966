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
  const Runtime& runtime = Runtime::get();
  for (int number = 0; number < runtime.device_count(); ++number) {
    const Device& device = runtime.device(number);
    Napi::Object entry = Napi::Object::New(info.Env());
    entry.Set("name", device.name);
    entry.Set("listed", device.listed);
    list.Set(list.Length(), entry);
  }
  return list;
}

// (path) → [{ item, found, reason, remedy }], what the plugin says of the machine; adds its devices
Napi::Value open_plugin(const Napi::CallbackInfo& info) {
  if (!info[0].IsString()) throw ArgumentError("path", "an absolute path", describe(info.Env(), info[0]));
  Plugin& plugin = Runtime::get().open_plugin(info[0].As<Napi::String>().Utf8Value());
  // Nothing may be thrown through the plugin.
  struct Fact {
    std::string item, found, reason, remedy;
  };
  std::vector<Fact> facts;
  plugin.describe(&facts, [](void* context, const PluginFact& fact) noexcept {
    static_cast<std::vector<Fact>*>(context)->push_back({fact.item, fact.found, fact.reason, fact.remedy});
  });
  Napi::Array list = Napi::Array::New(info.Env());
  for (const Fact& fact : facts) {
    Napi::Object entry = Napi::Object::New(info.Env());
    entry.Set("item", fact.item);
    entry.Set("found", fact.found);
    entry.Set("reason", fact.reason);
    entry.Set("remedy", fact.remedy);
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

// (device, bytes)
Napi::Value set_memory_limit(const Napi::CallbackInfo& info) {
  const Device& device = device_parameter(info, 0);
  Call call(Environment::of(info.Env()), info.Env());
  const int64_t bytes = call.integer(info[1], "bytes");
  if (bytes < 0) throw ArgumentError("bytes", "an integer of 0 or more", std::to_string(bytes));
  device.allocator->set_limit(bytes);
  return info.Env().Undefined();
}

Napi::Value stop_accelerators(const Napi::CallbackInfo& info) {
  Runtime::get().stop_accelerators();
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

void refuse_while_recording(const Environment& environment) {
  if (environment.program) throw Error("expected no recording in progress: a replay would not repeat it");
}

// (precision): for what is enqueued from now on
Napi::Value set_precision(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  Call call(environment, info.Env());
  const auto precision = Argument<Precision>::read(call, info[0], "precision");
  refuse_while_recording(environment);
  Runtime::get().set_precision(precision);
  return info.Env().Undefined();
}

Napi::Value precision(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(Runtime::get().precision()));
}

// (on): for what is enqueued from now on
Napi::Value set_deterministic(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  Call call(environment, info.Env());
  const bool on = Argument<bool>::read(call, info[0], "on");
  refuse_while_recording(environment);
  Runtime::get().set_deterministic(on);
  return info.Env().Undefined();
}

Napi::Value deterministic(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), Runtime::get().deterministic());
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
  refuse_while_recording(environment);
  winograd_wanted() = on;
  Runtime::get().device(0).stream->push(std::make_unique<SwitchWinograd>(on));
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
  add_function<open_plugin>(env, exports, "openPlugin");
  add_function<instruction_sets>(env, exports, "instructionSets");
  add_function<memory>(env, exports, "memory");
  add_function<reset_peak_memory>(env, exports, "resetPeakMemory");
  add_function<trim_memory>(env, exports, "trimMemory");
  add_function<set_memory_limit>(env, exports, "setMemoryLimit");
  add_function<set_threads>(env, exports, "setThreads");
  add_function<threads>(env, exports, "threads");
  add_function<stop_accelerators>(env, exports, "stopAccelerators");
  add_function<set_precision>(env, exports, "setPrecision");
  add_function<precision>(env, exports, "precision");
  add_function<set_deterministic>(env, exports, "setDeterministic");
  add_function<deterministic>(env, exports, "deterministic");
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
