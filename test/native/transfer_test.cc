// Values between devices: their order, their staging memory, two streams that wait for each other, the end.
#include "core/transfer.h"

#include "core/error.h"
#include "core/stream.h"
#include "test/native/fake_accelerator.h"
#include "test/native/harness.h"

namespace hebb {
namespace {

using test::FakeAccelerator;

struct Side {
  explicit Side(FakeAccelerator* accelerator) : accelerator(accelerator), stream(1024, accelerator) {}
  FakeAccelerator* accelerator;  // null: the host's processor
  Stream stream;
  std::shared_ptr<ErrorSink> errors = std::make_shared<ErrorSink>();

  void push(std::unique_ptr<Command> command) {
    command->errors = errors;
    stream.push(std::move(command));
  }
};

void send(Side& from, const float& source, Side& to, float& target) {
  auto delivery = std::make_shared<Delivery>(from.accelerator ? from.accelerator : to.accelerator, sizeof(float));
  from.push(make_deliver(from.accelerator, &source, delivery));
  to.push(make_receive(to.accelerator, &target, delivery));
}

TEST(transfer_uploads_a_copy_of_the_values) {
  for (const bool accelerated : {false, true}) {
    FakeAccelerator accelerator;
    Side side(accelerated ? &accelerator : nullptr);
    float values[] = {1, 2}, target[] = {0, 0, 0};
    side.push(make_upload(side.accelerator, target, sizeof(float), values, sizeof values));
    values[0] = 9;
    side.stream.wait_for_device();
    CHECK(target[0] == 0 && target[1] == 1 && target[2] == 2);
    CHECK_EQ(accelerator.staging_out.load(), 0);
  }
}

TEST(transfer_copies_within_a_device) {
  for (const bool accelerated : {false, true}) {
    FakeAccelerator accelerator;
    Side side(accelerated ? &accelerator : nullptr);
    float source = 3, target[] = {0, 0};
    side.push(make_copy(side.accelerator, target, sizeof(float), &source, sizeof source));
    side.stream.wait_for_device();
    CHECK(target[0] == 0 && target[1] == 3);
  }
}

TEST(transfer_between_devices_of_all_kinds) {
  FakeAccelerator first, second;
  Side host(nullptr), one(&first), two(&second);
  const std::pair<Side*, Side*> ways[] = {{&host, &one}, {&one, &host}, {&one, &two}, {&two, &one}, {&one, &one}};
  for (const auto& [from, to] : ways) {
    float source = 0, target = 0;
    const float five = 5;
    from->push(make_upload(from->accelerator, &source, 0, &five, sizeof five));  // in order: it is sent after that
    send(*from, source, *to, target);
    from->stream.wait_for_device();
    to->stream.wait_for_device();
    CHECK_EQ(target, 5.f);
  }
  CHECK_EQ(first.staging_out.load() + second.staging_out.load(), 0);
}

// Each stream has sent something that is still on its way when it comes to wait for the other.
TEST(transfer_in_a_circle_ends) {
  FakeAccelerator first, second;
  Side one(&first), two(&second);
  constexpr int rounds = 200;
  std::vector<float> sent(rounds, 1), there(rounds), back(rounds);
  auto cross = [&](Side& from, Side& to, std::vector<float>& target) {
    for (int index = 0; index < rounds; ++index) {
      const auto at = static_cast<size_t>(index);
      send(from, sent[at], to, target[at]);
    }
  };
  std::thread forth([&] { cross(one, two, there); });
  cross(two, one, back);
  forth.join();
  one.stream.wait_for_device();
  two.stream.wait_for_device();
  CHECK(there == sent);
  CHECK(back == sent);
}

TEST(transfer_that_cannot_come_is_an_error) {
  FakeAccelerator first, second;
  Side one(&first), two(&second);
  float source = 1, target = 0;
  auto delivery = std::make_shared<Delivery>(&first, sizeof(float));
  auto deliver = make_deliver(&first, &source, delivery);
  two.push(make_receive(&second, &target, delivery));
  delivery.reset();
  deliver.reset();  // as a stream that is stopped does
  two.stream.wait_for_device();
  CHECK_EQ(two.errors->take().value_or(""), "transfer: the device was stopped before it sent the values");
  CHECK_EQ(target, 0.f);
}

TEST(transfer_in_flight_does_not_hold_up_the_end) {
  FakeAccelerator first, second;
  Side one(&first), two(&second);
  float source = 1, target = 0;
  first.hold = true;
  send(one, source, two, target);
  one.stream.wait(one.stream.pushed());
  one.stream.stop();
  two.stream.stop();
  CHECK_EQ(two.stream.completed(), two.stream.pushed());
  CHECK_EQ(target, 0.f);
  first.hold = false;
  one.stream.wait_for_device();
}

TEST(transfer_without_staging_memory_is_out_of_memory) {
  FakeAccelerator first, second;
  Side one(&first), two(&second);
  float source = 1, target = 0;
  first.refuse = true;
  CHECK_THROWS(make_upload(&first, &target, 0, &source, sizeof source), "out of memory: 4 bytes of the host's");
  for (const bool at_source : {true, false}) {
    first.refuse = at_source;
    second.refuse = !at_source;
    send(one, source, two, target);
    one.stream.wait_for_device();
    two.stream.wait_for_device();
    const std::string expected = "out of memory: 4 bytes of the host's asked for";
    CHECK_EQ(two.errors->take().value_or(""), (at_source ? "transfer: " : "") + expected);
  }
  CHECK_EQ(target, 0.f);
}

}  // namespace
}  // namespace hebb
