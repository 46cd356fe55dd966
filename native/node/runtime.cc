#include "node/runtime.h"

#include "core/cgroup.h"
#include "core/kept_copies.h"
#include "cpu/isa.h"

namespace hebb::node {

Runtime& Runtime::get() {
  static auto* runtime = new Runtime;
  return *runtime;
}

Runtime::Runtime() : allocator_(host_memory(), stream_, available_memory()) {
  keep_copies(true);  // commands and tensors.cc tell of every write
  const auto usable = cpu::supported();
  devices_.push_back({"cpu", &cpu::table_for(cpu::best()), &stream_, &allocator_, true});
  for (const cpu::Isa isa : usable) {
    devices_.push_back({std::string("cpu:") + cpu::name_of(isa), &cpu::table_for(isa), &stream_, &allocator_, false});
  }
}

void Runtime::enter() {
  std::lock_guard lock(mutex_);
  ++environments_;
}

void Runtime::leave() {
  std::lock_guard lock(mutex_);
  if (--environments_ == 0) stream_.stop();
}

}  // namespace hebb::node
