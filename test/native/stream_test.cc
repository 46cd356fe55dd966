// The executor's queue: order, bounds, errors, stopping.
#include "core/stream.h"

#include <atomic>
#include <functional>
#include <thread>

#include "core/error.h"
#include "core/latch.h"
#include "test/native/fake_accelerator.h"
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

// A command with a second half, and one that may have to wait.
class Halves final : public Command {
 public:
  Halves(
      std::function<void()> first, std::function<void()> second, std::function<bool()> ready = [] { return true; })
      : first_(std::move(first)), second_(std::move(second)), ready_(std::move(ready)) {}
  bool ready() override { return ready_(); }
  void run() override { first_(); }
  bool settles() const override { return true; }
  void settle() override { second_(); }

 private:
  std::function<void()> first_, second_;
  std::function<bool()> ready_;
};

template <class... Arguments>
std::unique_ptr<Command> halves(Arguments&&... arguments) {
  return std::make_unique<Halves>(std::forward<Arguments>(arguments)...);
}

TEST(stream_settles_at_once_where_the_executor_computes) {
  Stream stream;
  std::vector<int> seen;
  auto sink = std::make_shared<ErrorSink>();
  stream.push(halves([&] { seen.push_back(1); }, [&] { seen.push_back(2); }));
  auto failing = halves([] { throw Error("in its first half"); }, [&] { seen.push_back(3); });
  failing->errors = sink;
  stream.push(std::move(failing));
  stream.push(call([&] { seen.push_back(4); }));
  stream.wait_for_device();
  CHECK(seen == (std::vector<int>{1, 2, 3, 4}));
  CHECK_EQ(sink->take().value_or(""), "in its first half");
}

TEST(stream_settles_when_the_accelerator_gets_there) {
  test::FakeAccelerator accelerator;
  Stream stream(1024, &accelerator);
  int value = 0, when_settled = -1, after = 0;
  accelerator.hold = true;
  stream.push(halves([&] { accelerator.enqueue([&] { value = 1; }); }, [&] { when_settled = value; }));
  // What comes later is enqueued meanwhile, and seen as run.
  stream.wait(stream.push(call([&] { after = when_settled; })));
  CHECK_EQ(after, -1);
  std::this_thread::sleep_for(std::chrono::milliseconds(2));  // longer than it spins: it naps
  accelerator.hold = false;
  stream.wait_for_device();
  CHECK_EQ(when_settled, 1);
}

TEST(stream_settles_in_order_between_commands) {
  test::FakeAccelerator accelerator;
  Stream stream(16, &accelerator);
  std::vector<int> settled;
  for (int index = 0; index < 2000; ++index) {
    stream.push(halves([&] { accelerator.enqueue([] {}); }, [&settled, index] { settled.push_back(index); }));
  }
  stream.wait_for_device();
  CHECK_EQ(settled.size(), size_t{2000});
  for (size_t index = 0; index < settled.size(); ++index) CHECK_EQ(settled[index], static_cast<int>(index));
}

TEST(stream_waits_for_a_command_to_be_ready_and_goes_on_settling) {
  test::FakeAccelerator accelerator;
  Stream stream(1024, &accelerator);
  std::atomic<bool> open{false};
  Latch settled;
  bool settled_first = false, ran = false;
  accelerator.hold = true;
  stream.push(halves([&] { accelerator.enqueue([] {}); }, [&] { settled.open(); }));
  stream.push(halves([&] { settled_first = settled.is_open(); }, [] {}, [&] { return open.load(); }));
  stream.push(call([&] { ran = true; }));
  accelerator.hold = false;
  settled.wait();
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  CHECK_EQ(stream.completed(), uint64_t{1});
  open = true;
  stream.wait_for_device();
  CHECK(settled_first && ran);
}

TEST(stream_drops_a_command_that_is_never_ready) {
  Stream stream;
  bool ran = false;
  stream.push(halves([&] { ran = true; }, [] {}, [] { return false; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  stream.stop();
  CHECK_EQ(stream.completed(), uint64_t{1});
  CHECK(!ran);
}

TEST(stream_tells_of_failures_of_the_device) {
  test::FakeAccelerator accelerator;
  Stream stream(1024, &accelerator);
  auto sink = std::make_shared<ErrorSink>();
  auto failing = call([&] { accelerator.fail("at once"); });
  failing->errors = sink;
  stream.push(std::move(failing));
  stream.wait_for_device();
  CHECK_EQ(sink->take().value_or(""), "at once");

  // What is seen later is told before the next half that settles; one with nobody to tell leaves it.
  stream.push(call([&] { accelerator.enqueue([&] { accelerator.fail("later"); }); }));
  std::string found;
  auto reading = halves([] {}, [&] { found = sink->take().value_or("nothing"); });
  reading->errors = sink;
  stream.push(std::move(reading));
  stream.wait_for_device();
  CHECK_EQ(found, "later");
  CHECK(!sink->take());
}

TEST(stream_stops_with_work_on_the_accelerator) {
  test::FakeAccelerator accelerator;
  Stream stream(1024, &accelerator);
  std::atomic<int> settled{0}, ran{0};
  accelerator.hold = true;
  stream.wait(stream.push(halves([&] { accelerator.enqueue([] {}); }, [&] { ++settled; })));
  stream.push(halves([] {}, [] {}, [] { return false; }));
  stream.push(call([&] { ++ran; }));
  stream.stop();
  CHECK_EQ(stream.completed(), stream.pushed());
  CHECK_EQ(settled.load(), 0);
  CHECK_EQ(ran.load(), 0);
  accelerator.hold = false;
  stream.wait_for_device();  // starts anew
  CHECK_EQ(settled.load(), 1);
}

TEST(stream_settles_late_ones_from_any_thread) {
  test::FakeAccelerator accelerator;
  Stream stream(2, &accelerator);
  std::vector<int> settled;
  auto late = [&](int number) { return halves([] {}, [&settled, number] { settled.push_back(number); }); };
  stream.settle_later(late(1));  // starts nothing
  CHECK_EQ(stream.pushed(), uint64_t{0});
  accelerator.hold = true;
  stream.push(call([&] {
    accelerator.enqueue([&] { settled.push_back(2); });
    for (int number = 3; number < 10; ++number) stream.settle_later(late(number));  // more than the queue holds
  }));
  stream.wait(stream.push(call([] {})));
  CHECK(settled.empty());
  accelerator.hold = false;
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  stream.settle_later(late(10));  // wakes it
  stream.wait_for_device();
  CHECK(settled == (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST(stream_starts_for_work_only) {
  test::FakeAccelerator accelerator;
  Stream stream(2, &accelerator);
  std::vector<int> seen;
  stream.push_without_starting(call([&] { seen.push_back(1); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  CHECK_EQ(stream.completed(), uint64_t{0});
  stream.push(call([&] { seen.push_back(2); }));
  stream.wait_for_device();
  CHECK(seen == (std::vector<int>{1, 2}));
  stream.stop();
  for (int number = 3; number < 8; ++number)
    stream.push_without_starting(call([&, number] { seen.push_back(number); }));
  stream.wait_for_device();
  CHECK_EQ(seen.size(), size_t{7});  // a full queue starts it too
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
