// Powers with one exponent for all: those that networks use are a multiplication, a division or a square root.
#include <math.h>

#include "cpu/kernels/map.h"
#include "ops/elementwise.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

// Calls body(f), f(Vec) being the fastest way to x ^ exponent, and its grain.
template <class Body>
HEBB_INLINE void with_power(double exponent, Body body) {
  const Vec one = splat(1.0f);
  if (exponent == 0) return body([=](Vec) { return one; }, light_grain);
  if (exponent == 1) return body([](Vec x) { return x; }, light_grain);
  if (exponent == 2) return body([](Vec x) { return x * x; }, light_grain);
  if (exponent == 3) return body([](Vec x) { return x * x * x; }, light_grain);
  if (exponent == -1) return body([=](Vec x) { return one / x; }, light_grain);
  if (exponent == 0.5) {
    // powf makes minus infinity plus infinity, and minus zero plus zero.
    const Vec minus_infinity = splat(-__builtin_inff());
    return body([=](Vec x) { return select(eq(x, minus_infinity), -x, sqrt(x + zero())); }, light_grain);
  }
  const Vec power = splat(static_cast<float>(exponent));
  return body([=](Vec x) { return each_lane(x, power, powf); }, heavy_grain);
}

}  // namespace

void power_scalar(In<float> x, Out<float> y, double exponent) {
  with_power(exponent, [&](auto power, int64_t grain) { map(x.data, y.data, x.size(), grain, power); });
}

void power_scalar_backward(In<float> grad, In<float> x, Out<float> dx, double exponent) {
  const Vec factor = splat(static_cast<float>(exponent));
  if (exponent == 0) return map(x.data, dx.data, x.size(), light_grain, [](Vec) { return zero(); });
  with_power(exponent - 1, [&](auto power, int64_t grain) {
    map(grad.data, x.data, dx.data, x.size(), grain, [=](Vec g, Vec v) { return g * factor * power(v); });
  });
}

}  // namespace hebb::cpu::HEBB_ISA
