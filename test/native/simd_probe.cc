// Checks the vector vocabulary lane by lane. Compiled once per instruction set, as the kernels are, and called by
// simd_test.cc where this machine can run it; so no standard library in here.
#include "cpu/simd/math.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

constexpr int width = Vec::width;

bool same(float a, float b) { return a == b || (a != a && b != b); }

struct Lanes {
  float f[width];
  int32_t i[width];
  HEBB_INLINE explicit Lanes(Vec a) { store(f, a); }
  HEBB_INLINE explicit Lanes(IVec a) { store(i, a); }
};

bool holds(Mask mask, int lane) { return Lanes(select(mask, splat_int(1), splat_int(0))).i[lane] == 1; }

#define EXPECT(condition) \
  if (!(condition)) return #condition

const char* arithmetic(const float* x, const float* y) {
  const Vec a = load(x), b = load(y);
  for (int k = 0; k < width; ++k) {
    EXPECT(same(Lanes(a + b).f[k], x[k] + y[k]));
    EXPECT(same(Lanes(a - b).f[k], x[k] - y[k]));
    EXPECT(same(Lanes(a * b).f[k], x[k] * y[k]));
    EXPECT(same(Lanes(a / b).f[k], x[k] / y[k]));
    EXPECT(same(Lanes(-a).f[k], -x[k]));
    EXPECT(same(Lanes(abs(a)).f[k], fabsf(x[k])));
    EXPECT(same(Lanes(sqrt(a)).f[k], sqrtf(x[k])));
    int32_t lanes[width];
    for (int lane = 0; lane < width; ++lane) lanes[lane] = (lane * 5 + 3) % width;
    EXPECT(same(Lanes(permute(a, load(lanes))).f[k], x[lanes[k]]));
    for (int lane = 0; lane < width; ++lane) lanes[lane] = (lane * 7 + 5) % (2 * width);
    EXPECT(same(Lanes(permute(a, b, load(lanes))).f[k], lanes[k] < width ? x[lanes[k]] : y[lanes[k] - width]));
    EXPECT(same(Lanes(in_register(a)).f[k], x[k]));
    EXPECT(same(Lanes(lanes_from<1>(a, b)).f[k], k + 1 < width ? x[k + 1] : y[k + 1 - width]));
    EXPECT(same(Lanes(lanes_from<width - 1>(a, b)).f[k], k == 0 ? x[width - 1] : y[k - 1]));
    const float inverse = 1 / sqrtf(x[k]), estimate = Lanes(approximate_inverse_sqrt(a)).f[k];
    EXPECT(!(x[k] < 1e30f && x[k] > 1e-30f) || fabsf(estimate - inverse) <= inverse / 2048);
    EXPECT(same(Lanes(max(a, b)).f[k], x[k] > y[k] ? x[k] : y[k]));
    EXPECT(same(Lanes(min(a, b)).f[k], x[k] < y[k] ? x[k] : y[k]));
    EXPECT(same(Lanes(max_nan(a, b)).f[k], x[k] != x[k] || x[k] > y[k] ? x[k] : y[k]));
    EXPECT(same(Lanes(min_nan(a, b)).f[k], x[k] != x[k] || x[k] < y[k] ? x[k] : y[k]));
    EXPECT(same(Lanes(round_nearest(a)).f[k], nearbyintf(x[k])));
    EXPECT(holds(lt(a, b), k) == (x[k] < y[k]));
    EXPECT(holds(gt(a, b), k) == (x[k] > y[k]));
    EXPECT(holds(le(a, b), k) == (x[k] <= y[k]));
    EXPECT(holds(ge(a, b), k) == (x[k] >= y[k]));
    EXPECT(holds(eq(a, b), k) == (x[k] == y[k]));
    EXPECT(holds(is_nan(a), k) == (x[k] != x[k]));
    EXPECT(holds(lt(a, b) | gt(a, b), k) == (x[k] < y[k] || x[k] > y[k]));
    EXPECT(holds(~lt(a, b) & ~gt(a, b), k) == !(x[k] < y[k] || x[k] > y[k]));
    EXPECT(same(Lanes(select(lt(a, b), a, b)).f[k], x[k] < y[k] ? x[k] : y[k]));
  }
  return nullptr;
}

const char* integers(const int32_t* x, const int32_t* y) {
  const IVec a = load(x), b = load(y);
  for (int k = 0; k < width; ++k) {
    const uint32_t p = static_cast<uint32_t>(x[k]), q = static_cast<uint32_t>(y[k]);
    EXPECT(Lanes(a + b).i[k] == static_cast<int32_t>(p + q));
    EXPECT(Lanes(a - b).i[k] == static_cast<int32_t>(p - q));
    EXPECT(Lanes(a & b).i[k] == (x[k] & y[k]));
    EXPECT(Lanes(a | b).i[k] == (x[k] | y[k]));
    EXPECT(Lanes(a ^ b).i[k] == (x[k] ^ y[k]));
    EXPECT(Lanes(shift_left<3>(a)).i[k] == static_cast<int32_t>(p << 3));
    EXPECT(Lanes(shift_right<5>(a)).i[k] == static_cast<int32_t>(p >> 5));
    EXPECT(Lanes(mul_low(a, b)).i[k] == static_cast<int32_t>(p * q));
    EXPECT(Lanes(mul_high_unsigned(a, b)).i[k] == static_cast<int32_t>(uint64_t{p} * q >> 32));
    EXPECT(holds(gt(a, b), k) == (x[k] > y[k]));
    EXPECT(holds(eq(a, b), k) == (x[k] == y[k]));
    EXPECT(Lanes(select(gt(a, b), a, b)).i[k] == (x[k] > y[k] ? x[k] : y[k]));
    EXPECT(Lanes(to_float(a)).f[k] == static_cast<float>(x[k]));
    EXPECT(Lanes(as_int(as_float(a))).i[k] == x[k]);
    EXPECT(Lanes(iota()).i[k] == k);
  }
  return nullptr;
}

const char* conversions() {
  float x[width];
  for (int k = 0; k < width; ++k) x[k] = 0.5f * static_cast<float>(k * 37 - 60) + 0.125f * static_cast<float>(k % 3);
  for (int k = 0; k < width; ++k) {
    EXPECT(Lanes(to_int(load(x))).i[k] == static_cast<int32_t>(nearbyintf(x[k])));
    EXPECT(Lanes(truncate(load(x))).i[k] == static_cast<int32_t>(x[k]));
  }
  return nullptr;
}

// No byte beyond the first n may be touched.
const char* partial() {
  float from[width], to[width];
  int32_t words[width], words_to[width];
  uint8_t bytes[width], bytes_to[width];
  for (int k = 0; k < width; ++k) {
    from[k] = static_cast<float>(k + 1);
    words[k] = k + 1;
    bytes[k] = static_cast<uint8_t>(255 - k);
  }
  for (int n = 0; n <= width; ++n) {
    for (int k = 0; k < width; ++k) to[k] = -1, words_to[k] = -1, bytes_to[k] = 7;
    store_partial(to, load(from), n);
    store_partial(words_to, load(words), n);
    store_bytes_partial(bytes_to, load_bytes(bytes) + splat_int(0x5500), n);
    for (int k = 0; k < width; ++k) {
      EXPECT(Lanes(load_partial(from, n)).f[k] == (k < n ? from[k] : 0));
      EXPECT(Lanes(load_partial(words, n)).i[k] == (k < n ? words[k] : 0));
      EXPECT(Lanes(load_bytes_partial(bytes, n)).i[k] == (k < n ? bytes[k] : 0));
      EXPECT(to[k] == (k < n ? from[k] : -1));
      EXPECT(words_to[k] == (k < n ? words[k] : -1));
      EXPECT(bytes_to[k] == (k < n ? bytes[k] : 7));
      EXPECT(holds(first_lanes(n), k) == (k < n));
    }
    EXPECT(any(first_lanes(n)) == (n > 0));
    EXPECT(all(first_lanes(n)) == (n == width));
  }
  return nullptr;
}

const char* across_lanes() {
  float x[width], largest = -100, sum = 0;
  for (int k = 0; k < width; ++k) {
    x[k] = static_cast<float>(k * 7 % width - 5);
    sum += x[k];
    largest = x[k] > largest ? x[k] : largest;
  }
  EXPECT(reduce_add(load(x)) == sum);
  EXPECT(reduce_max(load(x)) == largest);
  EXPECT(Lanes(fma(load(x), splat(3), splat(2))).f[width - 1] == x[width - 1] * 3 + 2);
  EXPECT(Lanes(fnma(load(x), splat(3), splat(2))).f[width - 1] == 2 - x[width - 1] * 3);
  EXPECT(Lanes(zero()).f[0] == 0);
  return nullptr;
}

#undef EXPECT

}  // namespace

// The first expectation that does not hold, or null.
const char* simd_failure();
const char* simd_failure() {
  const float infinity = __builtin_inff(), nan = __builtin_nanf("");
  const float values[] = {0.0f,       -0.0f,     1.0f,        -1.5f,      2.5f,       -3.5f,      0.49999997f,
                          4194305.5f, 8388609.f, -8388607.5f, 12582913.f, 1e30f,      infinity,   nan,
                          -infinity,  3.0f,      1e-30f,      -2.5f,      6291457.5f, -4194303.5f};
  constexpr int count = sizeof values / sizeof *values;
  const int32_t words[] = {0, 1, -1, INT32_MAX, INT32_MIN, 123456789, -987654321, 0x55AA55AA, 2, -7};
  constexpr int word_count = sizeof words / sizeof *words;
  float x[width], y[width];
  int32_t i[width], j[width];
  for (int shift = 0; shift < count; ++shift) {
    for (int k = 0; k < width; ++k) {
      x[k] = values[k % count];
      y[k] = values[(k + shift) % count];
      if (shift > count / 2) x[k] = values[(k * 3 + shift) % count];
      i[k] = words[(k + shift / 3) % word_count];
      j[k] = words[(k * 3 + shift) % word_count];
    }
    if (const char* failed = arithmetic(x, y)) return failed;
    if (const char* failed = integers(i, j)) return failed;
  }
  if (const char* failed = conversions()) return failed;
  if (const char* failed = partial()) return failed;
  return across_lanes();
}

}  // namespace hebb::cpu::HEBB_ISA
