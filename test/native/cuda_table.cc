// The CUDA kernels on the emulated GPU as one more backend: each runs, then throws what the device has to tell.
#include "cuda/runtime/device.h"
#include "cuda/runtime/table.h"
#include "test/native/harness.h"

namespace hebb::test {
namespace {

template <auto member>
struct Checked;
template <class... Arguments, void (*KernelTable::*member)(Arguments...)>
struct Checked<member> {
  static void run(Arguments... arguments) {
    (cuda::table.*member)(arguments...);
    cuda::Device& device = cuda::Device::current();
    device.await(device.fence());
    if (const char* const failure = device.failure()) throw Error(failure);
  }
};

}  // namespace

const KernelTable& cuda_table() {
  static const KernelTable table = {
#define HEBB_OP(name) Checked<&KernelTable::name>::run,
#include "ops/ops.def"
#undef HEBB_OP
  };
  return table;
}

}  // namespace hebb::test
