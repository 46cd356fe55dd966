// What the processor can do: multiply-adds from registers, and reading and copying working sets of several sizes, all
// with the threads of OMP_NUM_THREADS. Prints one JSON object. LANES is the number of floats in a vector.
#include <omp.h>
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace {

typedef float Vec __attribute__((vector_size(LANES * sizeof(float))));

constexpr int chains = 12;  // independent sums: more than latency times units, fewer than registers
constexpr size_t huge_page = size_t{2} << 20;
constexpr size_t smallest = size_t{1} << 20, largest = size_t{256} << 20;  // working sets, in bytes
constexpr size_t least_traffic = size_t{64} << 20;
constexpr double seconds_each = 0.15;

volatile float sink;

Vec splat(float value) { return Vec{} + value; }

void drain(Vec value) {
  float sum = 0;
  for (int lane = 0; lane < LANES; lane++) sum += value[lane];
  sink = sum;
}

/** The shortest run of `f`. */
template <class F>
double fastest(F f) {
  using Clock = std::chrono::steady_clock;
  double best = 1e9, spent = 0;
  for (int run = 0; run < 3 || spent < seconds_each; run++) {
    const auto start = Clock::now();
    f();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::min(best, seconds);
    spent += seconds;
  }
  return best;
}

double gflops() {
  constexpr long rounds = 1 << 19;
  const volatile float near_one = 0.999f, little = 0.001f;
  const double seconds = fastest([&] {
#pragma omp parallel
    {
      const Vec scale = splat(near_one), shift = splat(little);
      Vec sums[chains];
#pragma GCC unroll 16
      for (int chain = 0; chain < chains; chain++) sums[chain] = splat(static_cast<float>(chain));
      for (long round = 0; round < rounds; round++) {
#pragma GCC unroll 16
        for (int chain = 0; chain < chains; chain++) {
          sums[chain] = sums[chain] * scale + shift;
          asm volatile("" : "+" VECTOR_REGISTER(sums[chain]));  // or the compiler works out several rounds at once
        }
      }
      Vec total = sums[0];
#pragma GCC unroll 16
      for (int chain = 1; chain < chains; chain++) total += sums[chain];
#pragma omp critical
      drain(total);
    }
  });
  return 2.0 * LANES * chains * rounds * omp_get_max_threads() / seconds / 1e9;
}

/** Each thread calls `f` on its share of `count` vectors, often enough that meeting at the end does not count. */
template <class F>
void shared_out(size_t count, F f) {
  const size_t passes = std::max<size_t>(1, least_traffic / (count * sizeof(Vec)));
#pragma omp parallel
  {
    const size_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    for (size_t pass = 0; pass < passes; pass++) {
      f(count * thread / threads, count * (thread + 1) / threads);
      asm volatile("" ::: "memory");  // or one pass would do
    }
  }
}

/** GB/s of `f` on `count` vectors. */
template <class F>
double bandwidth(size_t count, F f) {
  const size_t bytes = count * sizeof(Vec);
  return std::max(bytes, least_traffic) / fastest([=] { shared_out(count, f); }) / 1e9;
}

double reading(const Vec* from, size_t count) {
  constexpr size_t at_once = 8;
  return bandwidth(count, [=](size_t begin, size_t end) {
    Vec sums[at_once] = {};
    for (size_t at = begin; at + at_once <= end; at += at_once) {
#pragma GCC unroll 8
      for (size_t next = 0; next < at_once; next++) sums[next] += from[at + next];
    }
    Vec total = sums[0];
#pragma GCC unroll 8
    for (size_t next = 1; next < at_once; next++) total += sums[next];
    asm volatile("" : "+" VECTOR_REGISTER(total));
  });
}

/** Counts what is read and what is written, from the first half to the second, the better of two ways. */
double copying(Vec* memory, size_t count) {
  const size_t half = count / 2;
  const double cached = bandwidth(count, [=](size_t begin, size_t end) {
    for (size_t at = begin / 2; at < end / 2; at++) memory[half + at] = memory[at];
  });
#if defined(__SSE__)
  constexpr size_t parts = sizeof(Vec) / sizeof(__m128);
  const double past_caches = bandwidth(count, [=](size_t begin, size_t end) {
    const float* from = reinterpret_cast<const float*>(memory);
    float* to = reinterpret_cast<float*>(memory + half);
    for (size_t at = begin / 2 * parts; at < end / 2 * parts; at++)
      _mm_stream_ps(to + 4 * at, _mm_load_ps(from + 4 * at));
    _mm_sfence();
  });
  return std::max(cached, past_caches);
#else
  return cached;
#endif
}

}  // namespace

int main() {
  std::printf("{\"gflops\":%.1f,\"bandwidth\":[", gflops());
  Vec* memory = static_cast<Vec*>(std::aligned_alloc(huge_page, largest));
  if (!memory) return 1;
  madvise(memory, largest, MADV_HUGEPAGE);
  shared_out(largest / sizeof(Vec), [=](size_t begin, size_t end) {
    for (size_t at = begin; at < end; at++) memory[at] = splat(1.0f);
  });
  for (size_t bytes = smallest; bytes <= largest; bytes *= 2) {
    const size_t count = bytes / sizeof(Vec);
    std::printf("%s{\"bytes\":%zu,\"read\":%.1f,\"copy\":%.1f}", bytes > smallest ? "," : "", bytes,
                reading(memory, count), copying(memory, count));
  }
  std::printf("]}\n");
  std::free(memory);
}
