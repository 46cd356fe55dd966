// What is one per process and shared by every worker thread: the devices, their streams and their allocators, and the
// settings of how they compute.
#pragma once
#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/accelerator.h"
#include "core/allocator.h"
#include "core/stream.h"
#include "ops/kernel_table.h"
#include "ops/plugin.h"

namespace hebb::node {

struct Device {
  std::string name;
  const KernelTable* kernels;
  Stream* stream;
  Allocator* allocator;
  Accelerator* accelerator;  // null: the host's processor
  bool listed;  // false: the CPU with one instruction set (cpu:avx2) or the reference kernels (cpu:ref), for tests
  mutable std::atomic<int64_t> least_used{0};  // see garbage.h
};

class Runtime {
 public:
  static Runtime& get();  // lives as long as the process: executors may still run while statics are destroyed

  // Devices are added, and stay where they are.
  int device_count() const { return device_count_.load(std::memory_order_acquire); }
  const Device& device(int number) const { return *devices_[static_cast<size_t>(number)]; }

  // Adds a plugin's devices, unless they are there already. Throws Error where it cannot be used.
  Plugin& open_plugin(const std::string& path);

  // Of what is enqueued from now on, on every accelerator, those of plugins opened later too.
  void set_precision(Precision precision);
  Precision precision() const { return precision_.load(); }
  void set_deterministic(bool deterministic);
  bool deterministic() const { return deterministic_.load(); }
  // Pushes what is to run under these settings; false where another thread has changed them.
  bool push_under(Precision precision, bool deterministic, Stream& stream, std::unique_ptr<Command> command);

  // Whether programs may become captures. HEBB_CUDA_GRAPHS=0 says no.
  bool may_capture() const { return may_capture_; }

  // Environments (the main thread, workers) that have loaded the addon. With the last one gone the streams stop.
  void enter();
  void leave();
  // Before the process exits without that: no executor may be inside a GPU's libraries while they are taken apart.
  void stop_accelerators();

 private:
  static constexpr int most_devices = 64;

  Runtime();
  void add(std::string name, const KernelTable& kernels, Stream& stream, Allocator& allocator, bool listed);
  void add_devices(Plugin& plugin);
  template <class Setting>
  void apply(const Setting& setting);  // by a command on every accelerator's stream

  Stream stream_;
  Allocator allocator_;
  std::array<std::unique_ptr<Device>, most_devices> devices_;
  std::atomic<int> device_count_{0};
  std::atomic<Precision> precision_{Precision::float32};
  std::atomic<bool> deterministic_{true};
  const bool may_capture_;
  std::mutex mutex_;                        // of all that follows, and of changes to what is above
  std::map<std::string, Plugin*> plugins_;  // by path
  int environments_ = 0;
};

}  // namespace hebb::node
