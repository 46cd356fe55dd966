#include "core/team.h"

#include <omp.h>

#include <atomic>
#include <cstdint>

#include "core/parallel_for.h"
#include "core/spin.h"

namespace hebb {
namespace {

// Bridges the gap between two steps of a training loop; a thread that found nothing to do for so long sleeps.
constexpr std::chrono::microseconds stand_by_time{300};
constexpr std::chrono::microseconds forever = std::chrono::hours{1};

constexpr size_t cache_line = 64;

thread_local Team* team_led = nullptr;
std::atomic<int> teams_made{0};

}  // namespace

struct Team::Work {
  Share share = nullptr;  // null: the end
  const void* context = nullptr;
  std::atomic<int> running{0};

  void perform(int index) {
    if (share) share(context, index);
    running.fetch_sub(1, std::memory_order_release);  // the leader may end this work now
  }
};

// Where a member finds its next work, and helpers such as is brief: its address, plus 1 if it is; 0 while there is
// none. Whoever takes it puts 0 there.
struct alignas(cache_line) Team::Post {
  static constexpr uintptr_t brief = 1;
  std::atomic<uintptr_t> work{0};

  static Work* of(uintptr_t value) { return reinterpret_cast<Work*>(value & ~brief); }
  Work* take() { return of(work.exchange(0, std::memory_order_acq_rel)); }
  Work* take_brief() {
    uintptr_t seen = work.load(std::memory_order_relaxed);
    const bool taken = (seen & brief) && work.compare_exchange_strong(seen, 0, std::memory_order_acq_rel);
    return taken ? of(seen) : nullptr;
  }
};

Team::Team(int size) : size_(size), posts_(new Post[static_cast<size_t>(size - 1)]) {
  teams_made.fetch_add(1, std::memory_order_release);
}

Team::~Team() { delete[] posts_; }

Team* Team::led() { return team_led; }

void Team::stand_by(Post& post, int index) {
  teams_made.load(std::memory_order_acquire);
  flush_denormals();
  for (;;) {
    auto find = [&] {
      const uintptr_t seen = post.work.load(std::memory_order_acquire);
      return seen != 0 && !((seen & Post::brief) && guests_.load(std::memory_order_relaxed) > 0);
    };
    while (!spin(stand_by_time, find)) post.work.wait(0);
    Work* const work = post.take();
    if (!work) continue;  // somebody else was faster
    const bool is_end = !work->share;
    work->perform(index);
    if (is_end) return;
  }
}

void Team::help() {
  for (int index = 1; index < size_; ++index) {
    Work* const work = posts_[index - 1].take_brief();
    if (!work) continue;
    const FlushedDenormals flushed;
    work->perform(index);
  }
}

void Team::run(int members, Share share, const void* context, Length length) {
  // Waking a member takes as long as brief work; but where there is more and more of it, it pays.
  constexpr int lonely_at_most = 2;
  const bool is_brief = length == Length::brief,
             wakes = !is_brief || (lonely_ >= lonely_at_most && guests_.load(std::memory_order_relaxed) == 0);
  Work work;
  work.share = share;
  work.context = context;
  work.running.store(members - 1, std::memory_order_relaxed);
  for (int index = 1; index < members; ++index) {
    std::atomic<uintptr_t>& post = posts_[index - 1].work;
    post.store(reinterpret_cast<uintptr_t>(&work) + (is_brief ? Post::brief : 0));
    if (wakes) post.notify_one();
  }
  bool was_left = false;
  if (share) {
    share(context, 0);
    for (int index = 1; index < members; ++index) {
      if (!posts_[index - 1].take()) continue;
      work.perform(index);
      was_left = true;
    }
  }
  if (is_brief) lonely_ = was_left ? lonely_ + 1 : 0;
  auto done = [&] { return work.running.load(std::memory_order_acquire) == 0; };
  while (!spin(forever, done)) {
  }
}

// What libgomp orders ThreadSanitizer does not see: it is told by `teams_made`, and need not look at the region's
// entry.
#if defined(__SANITIZE_THREAD__)
__attribute__((no_sanitize("thread")))
#endif
void Team::lead(int size, const std::function<void()>& body) {
  if (size <= 1) {
    body();
    return;
  }
  Team team(size);
#pragma omp parallel num_threads(size)
  {
    const int index = omp_get_thread_num();
    if (index == 0) {
      team.lead_present(omp_get_num_threads(), body);
    } else {
      team.stand_by(team.posts_[index - 1], index);
    }
  }
}

void Team::lead_present(int present, const std::function<void()>& body) {
  size_ = present;
  Team* const before = team_led;
  team_led = this;
  body();
  team_led = before;
  run(size_, nullptr, nullptr);
}

}  // namespace hebb
