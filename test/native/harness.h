// A small harness for C++ unit tests.
//
//   TEST(relu_of_integers) {
//     Random random(1);
//     const Array<float> x = random.integers({3, 5}, -9, 9);
//     compare("relu", x.shape, exact, [&](const KernelTable& kernels, Out<float> y) { kernels.relu(x, y); });
//     CHECK_THROWS(ops::relu::check(x, x.out({2})), "y: expected");
//   }
//
// A binary with some families only: put a folder with a shortened ops/ops.def before native in the include path.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <limits>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "core/parallel_for.h"
#include "core/view.h"
#include "ops/kernel_table.h"

namespace hebb::test {

struct Registration {
  Registration(const char* name, void (*body)());
};
void fail(const char* file, int line, const std::string& message);

#define TEST(name)                                                             \
  static void test_##name();                                                   \
  static const ::hebb::test::Registration register_##name(#name, test_##name); \
  static void test_##name()

#define CHECK(condition)                                                               \
  do {                                                                                 \
    if (!(condition)) ::hebb::test::fail(__FILE__, __LINE__, "not true: " #condition); \
  } while (false)

#define CHECK_EQ(got, want) ::hebb::test::check_equal(__FILE__, __LINE__, #got, (got), (want))

#define CHECK_THROWS(expression, substring)                                                               \
  do {                                                                                                    \
    std::string message;                                                                                  \
    bool thrown = false;                                                                                  \
    try {                                                                                                 \
      expression;                                                                                         \
    } catch (const ::hebb::Error& error) {                                                                \
      thrown = true, message = error.what();                                                              \
    }                                                                                                     \
    if (!thrown)                                                                                          \
      ::hebb::test::fail(__FILE__, __LINE__, "no error from " #expression);                               \
    else if (message.find(substring) == std::string::npos)                                                \
      ::hebb::test::fail(__FILE__, __LINE__,                                                              \
                         std::string("expected an error with \"") + (substring) + "\", got: " + message); \
  } while (false)

template <class Got, class Want>
void check_equal(const char* file, int line, const char* expression, const Got& got, const Want& want) {
  if (got == want) return;
  std::ostringstream message;
  message << expression << " is " << got << ", not " << want;
  fail(file, line, message.str());
}

struct Backend {
  const char* name;
  const KernelTable& table;
};
const KernelTable& cuda_table();  // on an emulated GPU, whose memory is the host's
// ref first, then each instruction set this machine can run, then cuda.
const std::vector<Backend>& backends();
inline const KernelTable& reference() { return backends()[0].table; }

Shape shape(std::initializer_list<int64_t> dims);

// A tensor in memory of exactly its size, so that AddressSanitizer sees an access past its end; null when empty.
template <class T>
struct Array {
  Shape shape;
  std::shared_ptr<T[]> data;  // copies share it

  Array() : Array(Shape{}) {}
  explicit Array(const Shape& shape) : shape(shape), data(zeros_in_lines(shape.size())) {}
  Array(std::initializer_list<int64_t> dims) : Array(test::shape(dims)) {}
  Array(std::initializer_list<int64_t> dims, std::initializer_list<T> values) : Array(dims) {
    int64_t index = 0;
    for (T value : values) data[index++] = value;
  }

  int64_t size() const { return shape.size(); }
  T& operator[](int64_t index) const { return data[index]; }
  Array reshape(std::initializer_list<int64_t> dims) const {
    Array other = *this;
    other.shape = test::shape(dims);
    return other;
  }
  Array clone() const {
    Array other(shape);
    for (int64_t index = 0; index < size(); ++index) other[index] = data[index];
    return other;
  }

  operator In<T>() const { return {data.get(), shape}; }
  operator Out<T>() const { return {data.get(), shape}; }
  operator InOut<T>() const { return {data.get(), shape}; }
  operator AnyIn() const { return {data.get(), shape, DTypeOf<T>::value}; }
  operator AnyOut() const { return {data.get(), shape, DTypeOf<T>::value}; }
  operator Optional<In<T>>() const { return optional<In<T>>(); }
  operator Optional<Out<T>>() const { return optional<Out<T>>(); }

 private:
  // Aligned to cache lines, as tensors are.
  static std::shared_ptr<T[]> zeros_in_lines(int64_t count) {
    if (count == 0) return nullptr;
    constexpr std::align_val_t line{64};
    T* const values = static_cast<T*>(::operator new[](static_cast<size_t>(count) * sizeof(T), line));
    for (int64_t index = 0; index < count; ++index) values[index] = T{};
    return std::shared_ptr<T[]>(values, [line](T* p) { ::operator delete[](p, line); });
  }

  template <class V>
  Optional<V> optional() const {
    Optional<V> view;
    view.data = data.get();
    view.shape = shape;
    view.present = true;
    return view;
  }
};

// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): enough for test data.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next();
  int64_t integer(int64_t low, int64_t high);  // low <= n <= high
  float uniform(float low, float high);
  int64_t one_of(std::initializer_list<int64_t> values) {
    return values.begin()[integer(0, static_cast<int64_t>(values.size()) - 1)];
  }

  // Integer-valued floats: sums and products of few of them are exact.
  Array<float> integers(const Shape& shape, int64_t low, int64_t high);
  Array<float> floats(const Shape& shape, float low, float high);
  Array<int32_t> labels(const Shape& shape, int64_t low, int64_t high);
  Array<uint8_t> bytes(const Shape& shape, int64_t low, int64_t high);
  Array<float> integers(std::initializer_list<int64_t> dims, int64_t low, int64_t high) {
    return integers(shape(dims), low, high);
  }
  Array<float> floats(std::initializer_list<int64_t> dims, float low, float high) {
    return floats(shape(dims), low, high);
  }
  Array<int32_t> labels(std::initializer_list<int64_t> dims, int64_t low, int64_t high) {
    return labels(shape(dims), low, high);
  }
  Array<uint8_t> bytes(std::initializer_list<int64_t> dims, int64_t low, int64_t high) {
    return bytes(shape(dims), low, high);
  }

 private:
  uint64_t state_;
};

template <class T>
bool same_bits(const Array<T>& a, const Array<T>& b) {
  return a.size() == b.size() && (a.size() == 0 || std::memcmp(a.data.get(), b.data.get(), a.size() * sizeof(T)) == 0);
}

// Bytes that are NaN as floats: kernels must write every element of an output.
template <class T>
Array<T> garbage(const Shape& shape) {
  Array<T> array(shape);
  if (array.size()) std::memset(array.data.get(), 0xFF, array.size() * sizeof(T));
  return array;
}

// Tolerances for compare: (index, the reference's value) -> how far off the value may be.
constexpr double unit_roundoff = 0x1p-24;
inline double exact(int64_t, double) { return 0; }
inline auto relative(double units) {
  return [units](int64_t, double want) { return units * unit_roundoff * std::fabs(want); };
}
inline auto within(double bound) {
  return [bound](int64_t, double) { return bound; };
}

// Fails with the worst element unless |got - want| <= tolerance(index, want); NaN equals NaN, infinities equal
// themselves.
template <class T, class Tolerance>
bool check_close(const std::string& what, const Array<T>& got, const Array<T>& want, Tolerance tolerance) {
  double worst = 0;
  int64_t where = -1;
  for (int64_t index = 0; index < want.size(); ++index) {
    const double x = got[index], y = want[index];
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    const double allowed = tolerance(index, y), off = std::fabs(x - y);
    const double excess = off <= allowed                      ? 0
                          : std::isfinite(off) && allowed > 0 ? off / allowed
                                                              : std::numeric_limits<double>::infinity();
    if (excess > worst) worst = excess, where = index;
  }
  if (where < 0) return true;
  std::ostringstream message;
  message.precision(9);
  message << what << " " << to_string(want.shape) << ": element " << where << " is " << +got[where] << ", not "
          << +want[where] << ", " << worst << " times the tolerance off";
  fail(__FILE__, __LINE__, message.str());
  return false;
}

// Runs run(kernels, output) on every backend at 1 to 4 threads: close to ref, and the same bits at any thread count.
template <class T = float, class Tolerance, class Run>
void compare(const std::string& what, const Shape& shape, Tolerance tolerance, Run run) {
  const Array<T> want = garbage<T>(shape);
  run(reference(), want);
  for (const Backend& backend : backends()) {
    Array<T> first;
    for (int threads = 1; threads <= 4; ++threads) {
      set_thread_count(threads);
      const Array<T> got = garbage<T>(shape);
      run(backend.table, got);
      if (threads == 1) {
        check_close(what + " on " + backend.name, got, want, tolerance);
        first = got;
      } else if (!same_bits(first, got)) {
        fail(__FILE__, __LINE__,
             what + " on " + backend.name + " " + to_string(shape) + ": other bits with " + std::to_string(threads) +
                 " threads than with 1");
      }
    }
    set_thread_count(1);
  }
}

}  // namespace hebb::test
