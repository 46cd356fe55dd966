#include "node/runtime.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/cgroup.h"
#include "core/error.h"
#include "core/kept_copies.h"
#include "core/memory_size.h"
#include "cpu/isa.h"
#include "node/plugins.h"

namespace hebb::node {
namespace {

bool is_zero(const char* text) { return text && std::strcmp(text, "0") == 0; }

int64_t memory_limit(Accelerator& accelerator) {
  constexpr const char* variable = "HEBB_CUDA_MEMORY";
  const char* text = std::getenv(variable);
  const int64_t total = accelerator.total_memory();
  if (text && *text) return parse_memory_size(variable, text, total);
  // The rest is for what is not tensors: the context, the libraries' code, scratch memory, staging on the device.
  constexpr int64_t share_of_rest = 16, most_of_rest = int64_t{2} << 30;
  return total - std::min(total / share_of_rest, most_of_rest);
}

template <class Setting>
class Set final : public Command {
 public:
  Set(Accelerator& accelerator, const Setting& setting) : accelerator_(accelerator), setting_(setting) {}
  void run() override { setting_(accelerator_); }

 private:
  Accelerator& accelerator_;
  Setting setting_;
};

}  // namespace

Runtime& Runtime::get() {
  static auto* runtime = new Runtime;
  return *runtime;
}

Runtime::Runtime()
    : allocator_(host_memory(), stream_, available_memory()), may_capture_(!is_zero(std::getenv("HEBB_CUDA_GRAPHS"))) {
  keep_copies(true);  // commands, tensors.cc and core/transfer.cc tell of every write
  add("cpu", cpu::table_for(cpu::best()), stream_, allocator_, true);
  for (const cpu::Isa isa : cpu::supported()) {
    add(std::string("cpu:") + cpu::name_of(isa), cpu::table_for(isa), stream_, allocator_, false);
  }
}

void Runtime::add(std::string name, const KernelTable& kernels, Stream& stream, Allocator& allocator, bool listed) {
  const int number = device_count();
  devices_[static_cast<size_t>(number)].reset(
      new Device{std::move(name), &kernels, &stream, &allocator, stream.accelerator(), listed});
  device_count_.store(number + 1, std::memory_order_release);
}

Plugin& Runtime::open_plugin(const std::string& path) {
  std::lock_guard lock(mutex_);
  Plugin*& plugin = plugins_[path];
  if (!plugin) {
    Plugin& loaded = load_plugin(path);
    add_devices(loaded);
    plugin = &loaded;
  }
  return *plugin;
}

void Runtime::add_devices(Plugin& plugin) {
  const std::string prefix = std::string(plugin.device_prefix()) + ":";
  for (int number = 0; number < device_count(); ++number) {
    if (device(number).name.starts_with(prefix)) throw Error("another plugin has brought " + device(number).name);
  }
  for (int number = 0; number < plugin.device_count() && device_count() < most_devices; ++number) {
    Accelerator& accelerator = *plugin.device(number);
    const int64_t limit = memory_limit(accelerator);
    // They live as long as the runtime: for good.
    auto* stream = new Stream(1024, &accelerator);
    auto* allocator = new Allocator(accelerator.memory(), *stream, limit);
    accelerator.set_reserve(*allocator);
    add(prefix + std::to_string(number), plugin.kernels(), *stream, *allocator, true);
  }
  apply([precision = precision()](Accelerator& accelerator) { accelerator.set_precision(precision); });
  apply([on = deterministic()](Accelerator& accelerator) { accelerator.set_deterministic(on); });
}

void Runtime::set_precision(Precision precision) {
  std::lock_guard lock(mutex_);
  precision_.store(precision);
  apply([precision](Accelerator& accelerator) { accelerator.set_precision(precision); });
}

void Runtime::set_deterministic(bool deterministic) {
  std::lock_guard lock(mutex_);
  deterministic_.store(deterministic);
  apply([deterministic](Accelerator& accelerator) { accelerator.set_deterministic(deterministic); });
}

bool Runtime::push_under(Precision precision, bool deterministic, Stream& stream, std::unique_ptr<Command> command) {
  std::lock_guard lock(mutex_);
  if (precision != precision_.load() || deterministic != deterministic_.load()) return false;
  stream.push(std::move(command));
  return true;
}

template <class Setting>
void Runtime::apply(const Setting& setting) {
  for (int number = 0; number < device_count(); ++number) {
    const Device& target = device(number);
    if (!target.accelerator) continue;
    // A device that nobody uses is not started for it.
    target.stream->push_without_starting(std::make_unique<Set<Setting>>(*target.accelerator, setting));
  }
}

void Runtime::enter() {
  std::lock_guard lock(mutex_);
  ++environments_;
}

void Runtime::leave() {
  std::lock_guard lock(mutex_);
  if (--environments_ > 0) return;
  for (int number = 0; number < device_count(); ++number) device(number).stream->stop();
}

void Runtime::stop_accelerators() {
  std::lock_guard lock(mutex_);
  for (int number = 0; number < device_count(); ++number) {
    if (device(number).accelerator) device(number).stream->stop();
  }
}

}  // namespace hebb::node
