// parallel_for: every index once, boundaries at grains, denormals flushed in every thread.
#include "core/parallel_for.h"

#include <atomic>
#include <limits>

#include "core/stream.h"
#include "test/native/harness.h"

namespace hebb {
namespace {

TEST(parallel_for_covers_each_index_once_at_grain_boundaries) {
  for (const int threads : {1, 2, 3, 4, 7}) {
    set_thread_count(threads);
    for (const int64_t count : {0, 1, 5, 16, 17, 100, 1000}) {
      constexpr int64_t grain = 16;
      std::vector<std::atomic<int>> seen(static_cast<size_t>(count));
      std::atomic<int> misplaced{0};
      parallel_for(count, grain, [&](int64_t begin, int64_t end) {
        if (begin % grain != 0 || (end % grain != 0 && end != count)) ++misplaced;
        for (int64_t index = begin; index < end; ++index) ++seen[static_cast<size_t>(index)];
      });
      CHECK_EQ(misplaced.load(), 0);
      for (const auto& times : seen) CHECK_EQ(times.load(), 1);
    }
  }
  set_thread_count(default_thread_count());
}

TEST(parallel_for_gives_no_index_to_two_bodies_at_a_time) {
  struct Probe final : Command {
    int most;
    std::atomic<int>*wrong, *calls;
    Probe(int most_threads, std::atomic<int>* errors, std::atomic<int>* count)
        : most(most_threads), wrong(errors), calls(count) {}
    void run() override {
      std::atomic<int> inside[4] = {};
      parallel_for(
          64, 1,
          [&](int index, int64_t, int64_t) {
            ++*calls;
            if (index < 0 || index >= most || inside[index].fetch_add(1) != 0) ++*wrong;
            if (index >= 0 && index < 4) inside[index].fetch_sub(1);
          },
          most);
    }
  };
  std::atomic<int> wrong{0}, calls{0};
  for (const int threads : {1, 4}) {
    set_thread_count(threads);
    for (const int most : {1, 2, 4}) {
      Probe(most, &wrong, &calls).run();
      Stream stream;
      stream.push(std::make_unique<Probe>(most, &wrong, &calls));
      stream.wait(stream.pushed());
    }
  }
  set_thread_count(default_thread_count());
  CHECK_EQ(wrong.load(), 0);
  CHECK_EQ(calls.load() > 0, true);
}

TEST(denormals_are_flushed_in_the_executor_and_in_every_worker) {
  struct Probe final : Command {
    std::atomic<int>* kept;
    explicit Probe(std::atomic<int>* counter) : kept(counter) {}
    void run() override {
      parallel_for(4, 1, [this](int64_t, int64_t) {
        volatile float small = std::numeric_limits<float>::min();
        volatile float half = small * 0.5f;
        if (half != 0.f) ++*kept;
      });
    }
  };
  std::atomic<int> kept{0};
  for (const int threads : {1, 4}) {
    set_thread_count(threads);
    Stream stream;
    stream.push(std::make_unique<Probe>(&kept));
    stream.wait(stream.pushed());
  }
  set_thread_count(default_thread_count());
  CHECK_EQ(kept.load(), 0);
}

}  // namespace
}  // namespace hebb
