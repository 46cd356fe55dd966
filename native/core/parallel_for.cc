#include "core/parallel_for.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "core/cgroup.h"
#include "core/team.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace hebb {
namespace {

std::atomic<int> threads{0};

// A range shared among threads that OpenMP gave.
struct Shared {
  int64_t count, grain, grains;
  int members;
  const RangeBody* body;

  static void take(const void* context, int index) {
    const Shared& shared = *static_cast<const Shared*>(context);
    const int64_t first = shared.grains * index / shared.members * shared.grain;
    const int64_t last = shared.grains * (index + 1) / shared.members * shared.grain;
    if (first < last) (*shared.body)(index, first, last < shared.count ? last : shared.count);
  }
};

constexpr size_t cache_line = 64;
constexpr int most_claimants = 64;

// A range shared among the members of a team: each takes chunks from the front of its own part, so that it finds in its
// cache what it had the last time, and then from the back of what others have left. Backward, the other way round.
class Claims {
 public:
  Claims(int64_t count, int64_t grain, int64_t grains, int64_t chunk, bool backward, int members, const RangeBody* body)
      : count_(count), grain_(grain), chunk_(chunk), backward_(backward), members_(members), body_(body) {
    for (int index = 0; index < members; ++index) {
      const auto first = static_cast<uint64_t>(grains * index / members);
      parts_[index].left.store(static_cast<uint64_t>(grains * (index + 1) / members) << end_bit | first,
                               std::memory_order_relaxed);
    }
  }

  static void take(const void* context, int index) {
    Claims& claims = *static_cast<Claims*>(const_cast<void*>(context));
    claims.take_from(claims.parts_[index], index, !claims.backward_);
    for (int other = 1; other < claims.members_; ++other)
      claims.take_from(claims.parts_[(index + other) % claims.members_], index, claims.backward_);
  }

 private:
  static constexpr int end_bit = 32;

  // The first grain that nobody has taken, and above it the end of those.
  struct alignas(cache_line) Part {
    std::atomic<uint64_t> left;
  };

  void take_from(Part& part, int index, bool from_front) {
    uint64_t seen = part.left.load(std::memory_order_relaxed);
    for (;;) {
      const int64_t first = static_cast<uint32_t>(seen), end = static_cast<int64_t>(seen >> end_bit);
      if (first >= end) return;
      const int64_t taken = end - first < chunk_ ? end - first : chunk_;
      const auto step = static_cast<uint64_t>(taken);
      const uint64_t rest = from_front ? seen + step : seen - (step << end_bit);
      if (!part.left.compare_exchange_weak(seen, rest, std::memory_order_relaxed)) continue;
      const int64_t begin = (from_front ? first : end - taken) * grain_, stop = begin + taken * grain_;
      (*body_)(index, begin, stop < count_ ? stop : count_);
      seen = part.left.load(std::memory_order_relaxed);
    }
  }

  const int64_t count_, grain_, chunk_;
  const bool backward_;
  const int members_;
  const RangeBody* const body_;
  Part parts_[most_claimants];
};

// The calling thread's floating-point control register, and the bits in it that take and make denormals as zero.
#if defined(__x86_64__)
constexpr uint64_t flush_to_zero = 0x8000, denormals_are_zero = 0x0040, flushing = flush_to_zero | denormals_are_zero;
uint64_t float_control() { return _mm_getcsr(); }
void set_float_control(uint64_t bits) { _mm_setcsr(static_cast<unsigned>(bits)); }
#elif defined(__aarch64__)
constexpr uint64_t flushing = uint64_t{1} << 24;
uint64_t float_control() {
  uint64_t bits;
  asm volatile("mrs %0, fpcr" : "=r"(bits));
  return bits;
}
void set_float_control(uint64_t bits) { asm volatile("msr fpcr, %0" ::"r"(bits)); }
#else
constexpr uint64_t flushing = 0;
uint64_t float_control() { return 0; }
void set_float_control(uint64_t) {}
#endif

}  // namespace

int default_thread_count() {
  if (const char* text = std::getenv("HEBB_NUM_THREADS")) {
    const int count = std::atoi(text);
    if (count > 0) return count;
  }
  return available_cpus();
}

int thread_count() {
  int count = threads.load(std::memory_order_relaxed);
  if (count == 0) {
    count = default_thread_count();
    threads.store(count, std::memory_order_relaxed);
  }
  return count;
}

void set_thread_count(int count) { threads.store(count < 1 ? 1 : count, std::memory_order_relaxed); }

void flush_denormals() { set_float_control(float_control() | flushing); }

FlushedDenormals::FlushedDenormals() : before_(float_control()) { flush_denormals(); }
FlushedDenormals::~FlushedDenormals() { set_float_control(before_); }

namespace {

void share_out(int64_t count, int64_t grain, RangeBody body, Team::Length length, bool backward = false,
               int most_threads = INT_MAX) {
  if (count <= 0) return;
  const int64_t grains = (count + grain - 1) / grain;
  const int wanted = std::min(thread_count(), most_threads);
  const int team = static_cast<int>(wanted < grains ? wanted : grains);
  if (team <= 1) {
    body(0, 0, count);
    return;
  }
  if (Team* const led = Team::led()) {
    const int members = team < led->size() ? team : led->size();
    if (members > most_claimants || grains > INT32_MAX) {
      const Shared shared{count, grain, grains, members, &body};
      return led->run(members, Shared::take, &shared, length);
    }
    // Brief work is taken as the guest comes to share in it; other work in a few chunks a thread.
    constexpr int64_t chunks_each = 8;
    const int64_t chunk = length == Team::Length::brief ? 1 : (grains - 1) / (chunks_each * members) + 1;
    Claims claims(count, grain, grains, chunk, backward, members, &body);
    return led->run(members, Claims::take, &claims, length);
  }
#pragma omp parallel num_threads(team)
  {
    flush_denormals();
    // The runtime may give fewer threads than asked for: share among those that came.
    const Shared shared{count, grain, grains, omp_get_num_threads(), &body};
    Shared::take(&shared, omp_get_thread_num());
  }
}

}  // namespace

void parallel_for(int64_t count, int64_t grain, RangeBody body, int most_threads) {
  share_out(count, grain, body, Team::Length::any, false, most_threads);
}
void parallel_for_backward(int64_t count, int64_t grain, RangeBody body) {
  share_out(count, grain, body, Team::Length::any, true);
}
void brief_parallel_for(int64_t count, int64_t grain, RangeBody body) {
  share_out(count, grain, body, Team::Length::brief);
}

}  // namespace hebb
