// The vector vocabulary and its elementary functions on every instruction set, and how one is chosen.
#include <cmath>
#include <cstdlib>

#include "cpu/isa.h"
#include "harness.h"

namespace hebb::cpu {
namespace scalar {
const char* simd_failure();
}
#if defined(__x86_64__)
namespace avx2 {
const char* simd_failure();
}
namespace avx512 {
const char* simd_failure();
}
#elif defined(__aarch64__)
namespace neon {
const char* simd_failure();
}
#endif
}  // namespace hebb::cpu

namespace hebb::test {
namespace {

void check_vocabulary(cpu::Isa isa, const char* (*failure)()) {
  if (!cpu::why_unusable(isa).empty()) return;
  if (const char* failed = failure()) fail(__FILE__, __LINE__, std::string(cpu::name_of(isa)) + ": " + failed);
}

// Units in the last place of a normal number; results below the smallest normal may be flushed to zero.
auto ulps(double count) {
  return [count](int64_t, double want) { return count * 2 * unit_roundoff * std::fabs(want) + 0x1p-126; };
}

using Unary = decltype(ops::UnaryCheck::check)* KernelTable::*;

void check_function(const char* name, Unary function, float low, float high) {
  Random random(7);
  for (const auto& [from, to] : {std::pair{low, high}, std::pair{std::fmax(low, -2.0f), std::fmin(high, 2.0f)}}) {
    const Array<float> x = random.floats({60001}, from, to);
    compare(name, x.shape, ulps(3), [&](const KernelTable& kernels, Out<float> y) { (kernels.*function)(x, y); });
  }
}

TEST(simd_vocabulary) {
  check_vocabulary(cpu::Isa::scalar, cpu::scalar::simd_failure);
#if defined(__x86_64__)
  check_vocabulary(cpu::Isa::avx2, cpu::avx2::simd_failure);
  check_vocabulary(cpu::Isa::avx512, cpu::avx512::simd_failure);
#elif defined(__aarch64__)
  check_vocabulary(cpu::Isa::neon, cpu::neon::simd_failure);
#endif
}

TEST(simd_functions) {
  check_function("exponential", &KernelTable::exponential, -87, 88.7f);
  check_function("logarithm", &KernelTable::logarithm, 1e-37f, 3e38f);
  check_function("hyperbolic_tangent", &KernelTable::hyperbolic_tangent, -12, 12);
  check_function("sigmoid", &KernelTable::sigmoid, -87, 87);
  check_function("sine", &KernelTable::sine, -8192, 8192);
  check_function("cosine", &KernelTable::cosine, -8192, 8192);
  check_function("sine", &KernelTable::sine, -1e30f, 1e30f);
  check_function("cosine", &KernelTable::cosine, -1e6f, 1e6f);
}

const std::pair<const char*, Unary> functions[] = {{"exponential", &KernelTable::exponential},
                                                   {"logarithm", &KernelTable::logarithm},
                                                   {"hyperbolic_tangent", &KernelTable::hyperbolic_tangent},
                                                   {"sigmoid", &KernelTable::sigmoid},
                                                   {"sine", &KernelTable::sine},
                                                   {"cosine", &KernelTable::cosine},
                                                   {"square_root", &KernelTable::square_root},
                                                   {"relu", &KernelTable::relu}};

TEST(simd_functions_at_the_edges) {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  const Array<float> x({22}, {0,       -0.0f, 1,     -1,      infinity, -infinity, nan, 88.72f, 88.73f, 89, 1000,
                              -103.5f, -105,  -1000, 3.4e38f, -3.4e38f, 1.2e-38f,  -87, 1e-8f,  -1e-8f, 20, -20});
  for (const auto& [name, function] : functions) {
    compare(name, x.shape, ulps(3),
            [&, f = function](const KernelTable& kernels, Out<float> y) { (kernels.*f)(x, y); });
  }
}

// On a GPU they are numbers.
TEST(simd_functions_take_denormals_for_zero) {
  const Array<float> denormals({2}, {1e-40f, -1e-40f}), zeros({2}, {0.0f, -0.0f});
  for (const auto& [name, function] : functions) {
    for (const Backend& backend : backends()) {
      if (backend.name == std::string("cuda")) continue;
      const Array<float> got({2}), want({2});
      (backend.table.*function)(denormals, got);
      (backend.table.*function)(zeros, want);
      check_close(std::string(name) + " on " + backend.name, got, want, exact);
    }
  }
}

TEST(isa_choice) {
  const char* before = std::getenv("HEBB_CPU");
  const std::string kept = before ? before : "";
  setenv("HEBB_CPU", "ref", 1);
  CHECK_EQ(cpu::supported().size(), 1u);
  CHECK(cpu::best() == cpu::Isa::ref);
  setenv("HEBB_CPU", "scalar", 1);
  CHECK(cpu::best() == cpu::Isa::scalar);
  setenv("HEBB_CPU", "sse9", 1);
  CHECK_THROWS(cpu::best(), "HEBB_CPU: expected ref, scalar, avx2, avx512 or neon, got \"sse9\"");
  setenv("HEBB_CPU", "", 1);
  CHECK(!cpu::supported().empty());
  if (before) {
    setenv("HEBB_CPU", kept.c_str(), 1);
  } else {
    unsetenv("HEBB_CPU");
  }
#if defined(__x86_64__)
  CHECK(!cpu::why_unusable(cpu::Isa::neon).empty());
#else
  CHECK(!cpu::why_unusable(cpu::Isa::avx2).empty());
#endif
}

}  // namespace
}  // namespace hebb::test
