// The door between the addon and a plugin that brings devices: one C function, opened by name, that both sides version.
#pragma once
#include "core/accelerator.h"
#include "ops/kernel_table.h"

namespace hebb {

// Changes with every change of this header, of core/accelerator.h, core/allocator.h, core/view.h or of a kernel's
// types.
constexpr uint32_t plugin_version = 2;

// Of the kernels' names and their parameters', in the order of ops.def (FNV-1a, of Fowler, Noll and Vo).
constexpr uint32_t kernels_hash() {
  uint32_t hash = 2166136261u;
  const auto add = [&hash](const char* text) {
    do {
      hash = (hash ^ static_cast<unsigned char>(*text)) * 16777619u;
    } while (*text++);
  };
#define HEBB_OP(name) \
  add(#name);         \
  for (const char* parameter : ops::name::names.items) add(parameter);
#include "ops/ops.def"
#undef HEBB_OP
  return hash;
}

// One line of what `hebb doctor` prints: a driver, a GPU, a library.
struct PluginFact {
  const char* item;    // "NVIDIA driver", "cuda:0", "cuDNN" ...
  const char* found;   // what and where, or "" when it is missing
  const char* reason;  // why it is missing or not used, else ""
  const char* remedy;  // what to do about it, else ""
};

class Plugin {
 public:
  // Devices are numbered from 0. None when the driver or a GPU is missing: then the facts say why.
  virtual int device_count() noexcept = 0;
  virtual const char* device_prefix() noexcept = 0;  // "cuda"
  virtual Accelerator* device(int number) noexcept = 0;
  virtual const KernelTable& kernels() noexcept = 0;  // they run on the device of the calling executor's thread
  virtual void describe(void* context, void (*tell)(void* context, const PluginFact& fact)) noexcept = 0;

 protected:
  ~Plugin() = default;
};

// `hebb_plugin`: the plugin, or null when it is of another version. kernels: kernels_hash().
using OpenPlugin = Plugin*(uint32_t version, uint32_t kernels);

}  // namespace hebb
