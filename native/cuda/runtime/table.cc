// The plugin's kernels, each behind a guard: no exception leaves the plugin, and a failure names its op.
#include "cuda/runtime/table.h"

#include <exception>

#include "cuda/runtime/device.h"

namespace hebb::cuda {

#define HEBB_OP(name) decltype(ops::name::check) name;
#include "ops/ops.def"
#undef HEBB_OP

namespace {

namespace names {
#define HEBB_OP(name) constexpr char name[] = #name;
#include "ops/ops.def"
#undef HEBB_OP
}  // namespace names

template <class Signature>
struct Guard;
template <class... Arguments>
struct Guard<void(Arguments...)> {
  template <void (*kernel)(Arguments...), const char* op>
  static void run(Arguments... arguments) noexcept {
    Device& device = Device::current();
    if (!device.begin(op)) return;
    try {
      kernel(arguments...);
    } catch (const std::exception& error) {
      device.fail(op, error.what());
    } catch (...) {
      device.fail(op, "failed for an unknown reason");
    }
  }
};

}  // namespace

const KernelTable table = {
#define HEBB_OP(name) Guard<decltype(ops::name::check)>::run<&cuda::name, names::name>,
#include "ops/ops.def"
#undef HEBB_OP
};

}  // namespace hebb::cuda
