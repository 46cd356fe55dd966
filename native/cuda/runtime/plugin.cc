// The plugin as the addon sees it.
#include "ops/plugin.h"

#include <cstdio>
#include <exception>
#include <string>

#include "cuda/runtime/device.h"
#include "cuda/runtime/discovery.h"
#include "cuda/runtime/table.h"
#ifndef HEBB_EMULATED
#include "cuda/libraries/libraries.h"
#endif

namespace hebb::cuda {
namespace {

std::string capability_text(const Gpu& gpu) {
  return "compute capability " + std::to_string(gpu.capability / 10) + "." + std::to_string(gpu.capability % 10);
}

std::string text_of(const Gpu& gpu) {
  char memory[32];
  std::snprintf(memory, sizeof memory, "%.1f GiB", static_cast<double>(gpu.memory) / (1 << 30));
  return gpu.name + ", " + capability_text(gpu) + ", " + memory;
}

class Cuda final : public Plugin {
 public:
  int device_count() noexcept override { return Device::count(); }
  const char* device_prefix() noexcept override { return "cuda"; }
  Accelerator* device(int number) noexcept override {
    return number >= 0 && number < Device::count() ? &Device::at(number) : nullptr;
  }
  const KernelTable& kernels() noexcept override { return table; }

  void describe(void* context, void (*tell)(void*, const PluginFact&)) noexcept override {
    try {
      const Discovery& found = discover();
      const auto say = [&](const std::string& item, const std::string& what, const std::string& reason,
                           const std::string& remedy) {
        tell(context, {item.c_str(), what.c_str(), reason.c_str(), remedy.c_str()});
      };
      say("NVIDIA driver", found.driver, found.of_driver.reason, found.of_driver.remedy);
      if (!found.of_gpus.reason.empty()) say("GPU", "", found.of_gpus.reason, found.of_gpus.remedy);
      for (const Gpu& gpu : found.usable) {
        say("cuda:" + std::to_string(&gpu - found.usable.data()), text_of(gpu), "", "");
      }
      for (const Gpu& gpu : found.too_old) {
        say("GPU", text_of(gpu), "its " + capability_text(gpu) + " is below 7.5",
            "use a GPU of the Turing generation (2018) or later");
      }
#ifdef HEBB_EMULATED
      say("emulation", "CUDA on the host's processor, for tests", "", "");
#else
      describe_libraries(context, tell);
#endif
    } catch (const std::exception&) {
      // Host memory has run out: what has been told is all there is.
    }
  }
};

}  // namespace
}  // namespace hebb::cuda

extern "C" __attribute__((visibility("default"))) hebb::Plugin* hebb_plugin(uint32_t version, uint32_t kernels) {
  if (version != hebb::plugin_version || kernels != hebb::kernels_hash()) return nullptr;
  try {
    hebb::cuda::Device::count();  // looks for the GPUs, which may throw
    static hebb::cuda::Cuda plugin;
    return &plugin;
  } catch (const std::exception&) {
    return nullptr;
  }
}
