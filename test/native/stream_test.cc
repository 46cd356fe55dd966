// The executor's queue: order, bounds, errors, stopping.
#include "core/stream.h"

#include <atomic>
#include <functional>
#include <thread>

#include "core/error.h"
#include "test/native/harness.h"

namespace hebb {
namespace {

class Call final : public Command {
 public:
  explicit Call(std::function<void()> body) : body_(std::move(body)) {}
  void run() override { body_(); }

 private:
  std::function<void()> body_;
};

std::unique_ptr<Command> call(std::function<void()> body) { return std::make_unique<Call>(std::move(body)); }

TEST(stream_runs_in_order) {
  Stream stream;
  std::vector<int> seen;
  for (int index = 0; index < 5000; ++index) stream.push(call([&seen, index] { seen.push_back(index); }));
  stream.wait(stream.pushed());
  CHECK_EQ(seen.size(), size_t{5000});
  for (int index = 0; index < 5000; ++index) CHECK_EQ(seen[static_cast<size_t>(index)], index);
}

TEST(stream_queue_is_bounded) {
  Stream stream(4);
  std::atomic<bool> open{false};
  std::atomic<int> pushed{0};
  stream.push(call([&] {
    while (!open) std::this_thread::yield();
  }));
  std::thread producer([&] {
    for (int index = 0; index < 10; ++index) {
      stream.push(call([] {}));
      ++pushed;
    }
  });
  // One runs and holds its slot: three more fit, the fourth waits.
  while (pushed < 3) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK_EQ(pushed.load(), 3);
  open = true;
  producer.join();
  stream.wait(stream.pushed());
  CHECK_EQ(stream.completed(), uint64_t{11});
}

TEST(stream_takes_commands_from_many_threads) {
  Stream stream(16);
  int sum = 0;  // touched by the executor alone
  std::vector<std::thread> producers;
  for (int producer = 0; producer < 4; ++producer) {
    producers.emplace_back([&] {
      for (int index = 0; index < 1000; ++index) stream.push(call([&sum] { ++sum; }));
      stream.wait(stream.pushed());
    });
  }
  for (std::thread& producer : producers) producer.join();
  stream.wait(stream.pushed());
  CHECK_EQ(sum, 4000);
}

TEST(stream_keeps_the_first_error_for_its_owner) {
  Stream stream;
  auto mine = std::make_shared<ErrorSink>(), other = std::make_shared<ErrorSink>();
  int after = 0;
  auto failing = [&](const char* message) {
    auto command = call([message] { throw Error(message); });
    command->errors = mine;
    stream.push(std::move(command));
  };
  failing("first");
  failing("second");
  stream.push(call([&] { after = 1; }));
  stream.wait(stream.pushed());
  CHECK_EQ(after, 1);
  CHECK_EQ(mine->take().value_or("none"), "first");
  CHECK(!mine->take());
  CHECK(!other->take());
}

TEST(stream_stops_with_work_in_flight_and_starts_again) {
  Stream stream;
  std::atomic<int> ran{0};
  std::atomic<bool> begun{false};
  stream.push(call([&] {
    begun = true;
    while (!stream.stopping()) std::this_thread::yield();
    ++ran;
  }));
  for (int index = 0; index < 100; ++index) stream.push(call([&] { ++ran; }));
  while (!begun) std::this_thread::yield();
  stream.stop();
  CHECK_EQ(ran.load(), 1);  // the one that ran; the others were dropped
  CHECK_EQ(stream.completed(), stream.pushed());
  stream.push(call([&] { ++ran; }));
  stream.wait(stream.pushed());
  CHECK_EQ(ran.load(), 2);
}

TEST(stream_wakes_from_sleep) {
  Stream stream;
  for (int round = 0; round < 20; ++round) {
    int value = 0;
    stream.push(call([&] { value = round + 1; }));
    stream.wait(stream.pushed());
    CHECK_EQ(value, round + 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(round % 4));  // longer than it spins
  }
}

}  // namespace
}  // namespace hebb
