#include "core/team.h"

#include <omp.h>

#include <atomic>

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
};

// Where a member finds its next work; null while there is none.
struct alignas(cache_line) Team::Post {
  std::atomic<Work*> work{nullptr};
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
    auto find = [&] { return post.work.load(std::memory_order_acquire) != nullptr; };
    while (!spin(stand_by_time, find)) post.work.wait(nullptr);
    Work& work = *post.work.load(std::memory_order_acquire);
    post.work.store(nullptr, std::memory_order_relaxed);
    const Share share = work.share;
    if (share) share(work.context, index);
    work.running.fetch_sub(1, std::memory_order_release);  // the leader may end `work` now
    if (!share) return;
  }
}

void Team::run(int members, Share share, const void* context) {
  Work work;
  work.share = share;
  work.context = context;
  work.running.store(members - 1, std::memory_order_relaxed);
  for (int index = 1; index < members; ++index) {
    posts_[index - 1].work.store(&work);
    posts_[index - 1].work.notify_one();
  }
  if (share) share(context, 0);
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
      stand_by(team.posts_[index - 1], index);
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
