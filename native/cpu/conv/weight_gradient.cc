#include "cpu/conv/image_rows.h"

namespace hebb::cpu::HEBB_ISA {

// dweight[o, (kh, kw, i)] = sum over positions p of grad[p, o] * patch[p, (kh, kw, i)].
void gradient_of_weight(const Convolution& c, const float* grad, const float* x, float* dweight) {
  const int64_t filters = c.group_filters();
  if (filters == 0 || c.window() == 0) return;
  for (int64_t group = 0; group < c.geometry.groups; ++group) {
    const Matrix gradients{grad + group * filters, 1, c.filters};
    const Matrix pixels{x + group * c.depth, 1, c.channels};
    const Patches patches = patches_of(c, x, group);
    Gemm gemm;
    gemm.rows = filters, gemm.columns = c.window(), gemm.depth = c.positions();
    gemm.a = as_a(&gradients);
    gemm.b = c.is_pointwise() ? as_b(&pixels) : patches_as_b(&patches);
    gemm.c.data = dweight + group * filters * c.window();
    gemm.c.stride = c.window();
    run(gemm);
  }
}

}  // namespace hebb::cpu::HEBB_ISA
