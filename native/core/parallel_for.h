// The only door to OpenMP. Entered from an executor thread alone.
#pragma once
#include <climits>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "core/inline.h"

namespace hebb {

// A borrowed callable, of (begin, end) or (index, begin, end): no allocation, and no std::function instantiated in
// files compiled per instruction set.
class RangeBody {
 public:
  template <class F>
  HEBB_INLINE RangeBody(const F& body)
      : object_(&body), call_([](const void* object, int index, int64_t begin, int64_t end) {
          const F& f = *static_cast<const F*>(object);
          if constexpr (std::is_invocable_v<const F&, int, int64_t, int64_t>) {
            f(index, begin, end);
          } else {
            f(begin, end);
          }
        }) {}
  HEBB_INLINE void operator()(int index, int64_t begin, int64_t end) const { call_(object_, index, begin, end); }

 private:
  const void* object_;
  void (*call_)(const void*, int, int64_t, int64_t);
};

// Calls body(begin, end) over [0, count) in parallel. Every boundary is a multiple of `grain` (or count), so a body
// that treats each grain alike gives the same bits at any thread count. body must not throw.
// A body that takes an index gets one below most_threads that no other has at the time: for memory of its own.
// Each thread has its part of the range, takes chunks of it, and then of what others have left of theirs; with one
// thread, or one grain, it runs inline.
void parallel_for(int64_t count, int64_t grain, RangeBody body, int most_threads = INT_MAX);
// The same from the end of each thread's part to its beginning: what a pass before this one has read last is still in
// the cache.
void parallel_for_backward(int64_t count, int64_t grain, RangeBody body);
// The same for a few microseconds' work in all, which the JavaScript thread may share in while it waits for a result.
void brief_parallel_for(int64_t count, int64_t grain, RangeBody body);

int thread_count();
void set_thread_count(int count);  // at least 1; takes effect at the next parallel_for
int default_thread_count();        // HEBB_NUM_THREADS, else the CPUs the cgroup and the affinity mask allow

// Denormals to zero in the calling thread; parallel_for does it in every worker.
void flush_denormals();
// The same for as long as this exists.
class FlushedDenormals {
 public:
  FlushedDenormals();
  ~FlushedDenormals();
  FlushedDenormals(const FlushedDenormals&) = delete;
  FlushedDenormals& operator=(const FlushedDenormals&) = delete;

 private:
  uint64_t before_;
};

}  // namespace hebb
