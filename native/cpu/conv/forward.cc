#include "cpu/conv/image_rows.h"
#include "cpu/conv/windows.h"

namespace hebb::cpu::HEBB_ISA {

void convolve(const Convolution& c, const float* x, const float* weight, bool weight_is_tensor,
              const Epilogue& epilogue, float* y) {
  const int64_t filters = c.group_filters();
  if (c.positions() == 0 || filters == 0) return;
  for (int64_t group = 0; group < c.geometry.groups; ++group) {
    const Matrix pixels{x + group * c.depth, c.channels, 1};
    const Patches patches = patches_of(c, x, group);
    const Matrix weights{weight + group * filters * c.window(), c.window(), 1};
    const Windows windows(patches);
    const RestingRows rows = windows.rows();
    Gemm gemm;
    gemm.rows = c.positions(), gemm.columns = filters, gemm.depth = c.window();
    gemm.a = c.is_pointwise() ? as_a(&pixels) : patches_as_a(&patches);
    gemm.resting = windows.fit() ? &rows : nullptr;
    gemm.b = as_b(&weights);
    if (weight_is_tensor) gemm.weights = &weights;
    gemm.c.data = y + group * filters;
    gemm.c.stride = c.filters;
    gemm.epilogue = epilogue.from(0, group * filters);
    run(gemm);
  }
}

}  // namespace hebb::cpu::HEBB_ISA
