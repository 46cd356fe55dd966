// The threads that stand by for an executor: every share is taken once, whether they spin or sleep when it comes.
#include "core/team.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "core/parallel_for.h"
#include "core/stream.h"
#include "test/native/harness.h"

namespace hebb {
namespace {

struct Counts {
  std::atomic<int> taken[4] = {};
  static void take(const void* context, int index) {
    ++const_cast<Counts*>(static_cast<const Counts*>(context))->taken[index];
  }
};

TEST(team_takes_every_share_once) {
  Team::lead(4, [] {
    Team* const team = Team::led();
    CHECK(team != nullptr);
    CHECK_EQ(team->size(), 4);
    for (int members = 1; members <= 4; ++members) {
      Counts counts;
      for (int round = 0; round < 2000; ++round) team->run(members, Counts::take, &counts);
      for (int index = 0; index < 4; ++index) CHECK_EQ(counts.taken[index].load(), index < members ? 2000 : 0);
    }
  });
  CHECK(Team::led() == nullptr);
}

TEST(team_wakes_members_that_sleep) {
  Team::lead(3, [] {
    Counts counts;
    for (int round = 0; round < 20; ++round) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      Team::led()->run(3, Counts::take, &counts);
    }
    for (int index = 0; index < 3; ++index) CHECK_EQ(counts.taken[index].load(), 20);
  });
}

TEST(team_shares_parallel_for) {
  const int before = thread_count();
  set_thread_count(4);
  // Fewer members than threads asked for, as when the number changes while a command runs.
  Team::lead(3, [] {
    std::vector<int> seen(1000);
    for (int round = 1; round <= 200; ++round) {
      parallel_for(1000, 7, [&](int64_t begin, int64_t end) {
        CHECK_EQ(begin % 7, 0);
        for (int64_t index = begin; index < end; ++index) ++seen[static_cast<size_t>(index)];
      });
      for (int count : seen) CHECK_EQ(count, round);
    }
  });
  set_thread_count(before);
}

class Ask final : public Command {
 public:
  explicit Ask(int* size) : size_(size) {}
  void run() override { *size_ = Team::led() ? Team::led()->size() : 1; }

 private:
  int* size_;
};

TEST(team_of_a_stream_has_as_many_members_as_threads) {
  const int before = thread_count();
  Stream stream;
  for (int threads : {2, 1, 4, 3}) {
    set_thread_count(threads);
    int size = 0;
    stream.push(std::make_unique<Ask>(&size));
    stream.wait(stream.pushed());
    CHECK_EQ(size, threads);
  }
  set_thread_count(before);
}

}  // namespace
}  // namespace hebb
