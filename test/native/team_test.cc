// The threads that stand by for an executor: every share is taken once, whether they spin or sleep when it comes.
#include "core/team.h"

#include <atomic>
#include <cfenv>
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

TEST(team_shares_brief_parallel_for) {
  const int before = thread_count();
  set_thread_count(3);
  Team::lead(3, [] {
    std::vector<int> seen(1000);
    for (int round = 1; round <= 2000; ++round) {
      brief_parallel_for(1000, 7, [&](int64_t begin, int64_t end) {
        for (int64_t index = begin; index < end; ++index) ++seen[static_cast<size_t>(index)];
      });
    }
    for (int count : seen) CHECK_EQ(count, 2000);
  });
  set_thread_count(before);
}

constexpr std::chrono::milliseconds until_asleep{20};  // far longer than a member stands by

// Where each of a work's two shares was done.
struct Places {
  std::atomic<std::thread::id> of[2] = {};
  std::atomic<float> denormal{-1};
  bool patient = true;  // the leader does not take the other share too, unless nobody does for seconds

  static void note(const void* context, int index) {
    auto& places = *const_cast<Places*>(static_cast<const Places*>(context));
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    if (index == 0) {
      while (places.patient && places.of[1].load() == std::thread::id() && std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
    } else {
      volatile float small = 1e-38f;
      places.denormal = small * 0.01f;
    }
    places.of[index] = std::this_thread::get_id();
  }
};

// Somebody who looks for brief work until told to stop; without flushing denormals himself.
struct Guest {
  explicit Guest(Team& team)
      : thread([this, &team] {
          std::fesetenv(FE_DFL_ENV);
          team.enter();
          entered = true;
          while (!over) team.help();
          team.leave();
          volatile float small = 1e-38f;
          has_denormals = small * 0.01f != 0;
        }) {
    while (!entered) std::this_thread::yield();
  }
  ~Guest() { go(); }
  void go() {
    over = true;
    if (thread.joinable()) thread.join();
  }
  std::atomic<bool> entered{false}, over{false}, has_denormals{false};
  std::thread thread;
};

TEST(team_leaves_brief_work_to_a_guest) {
  Team::lead(2, [] {
    Team& team = *Team::led();
    Guest guest(team);
    const std::thread::id here = std::this_thread::get_id(), there = guest.thread.get_id();
    for (int round = 0; round < 10; ++round) {
      Places places;
      team.run(2, Places::note, &places, Team::Length::brief);
      CHECK(places.of[0].load() == here);
      CHECK(places.of[1].load() == there);
      CHECK_EQ(places.denormal.load(), 0);  // as on any thread of a team,
    }
    guest.go();
    CHECK(guest.has_denormals.load());  // and no longer than for the share: a guest may be the JavaScript thread
  });
}

TEST(team_gives_guests_nothing_long) {
  Team::lead(2, [] {
    Team& team = *Team::led();
    Guest guest(team);
    for (int round = 0; round < 10; ++round) {
      Places places;
      team.run(2, Places::note, &places);
      CHECK(places.of[1].load() != guest.thread.get_id());
      CHECK(places.of[1].load() != std::this_thread::get_id());
    }
  });
}

TEST(team_wakes_members_for_brief_work_only_when_it_goes_on) {
  Team::lead(2, [] {
    const std::thread::id here = std::this_thread::get_id();
    std::this_thread::sleep_for(until_asleep);
    for (int round = 1; round <= 3; ++round) {
      Places places;
      places.patient = round == 3;
      Team::led()->run(2, Places::note, &places, Team::Length::brief);
      CHECK_EQ(places.of[1].load() == here, round < 3);
    }
  });
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
