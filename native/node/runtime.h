// What is one per process and shared by every worker thread: the devices, their streams and their allocators.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/allocator.h"
#include "core/stream.h"
#include "ops/kernel_table.h"

namespace hebb::node {

struct Device {
  std::string name;
  const KernelTable* kernels;
  Stream* stream;
  Allocator* allocator;
  bool listed;  // false: the CPU with one instruction set (cpu:avx2) or the reference kernels (cpu:ref), for tests
};

class Runtime {
 public:
  static Runtime& get();  // lives as long as the process: executors may still run while statics are destroyed

  const std::vector<Device>& devices() const { return devices_; }

  // Environments (the main thread, workers) that have loaded the addon. With the last one gone the streams stop.
  void enter();
  void leave();

 private:
  Runtime();
  Stream stream_;
  Allocator allocator_;
  std::vector<Device> devices_;
  std::mutex mutex_;
  int environments_ = 0;
};

}  // namespace hebb::node
