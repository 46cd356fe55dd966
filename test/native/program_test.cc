// Recording and replaying: addresses, memory reuse, inputs, outputs, kept tensors.
#include "core/program.h"

#include "core/error.h"
#include "core/stream.h"
#include "test/native/fake_accelerator.h"
#include "test/native/harness.h"

namespace hebb {
namespace {

constexpr int count = 64;
constexpr int64_t bytes = count * sizeof(float);

void add(const float* a, const float* b, float* target) {
  for (int index = 0; index < count; ++index) target[index] = a[index] + b[index];
}

// target = a + b
class Add final : public Command {
 public:
  Add(const Storage& a, const Storage& b, const Storage& target, test::FakeAccelerator* accelerator)
      : a_(a.data()), b_(b.data()), target_(target.data()), accelerator_(accelerator) {}
  void run() override {
    const auto work = [a = static_cast<float*>(a_), b = static_cast<float*>(b_),
                       target = static_cast<float*>(target_)] { add(a, b, target); };
    if (accelerator_) {
      accelerator_->enqueue(work);
    } else {
      work();
    }
  }
  void visit_pointers(PointerVisitor& visitor) override {
    visitor.visit(&a_, Access::read);
    visitor.visit(&b_, Access::read);
    visitor.visit(&target_, Access::write);
  }

 private:
  void *a_, *b_, *target_;
  test::FakeAccelerator* accelerator_;
};

struct Bench {
  explicit Bench(test::FakeAccelerator* accelerator = nullptr, bool may_capture = true)
      : accelerator(accelerator),
        stream(1024, accelerator),
        allocator(host_memory(), stream, int64_t{1} << 30),
        program(std::make_shared<Program>(stream, may_capture)) {}
  test::FakeAccelerator* accelerator;
  Stream stream;
  Allocator allocator;
  std::shared_ptr<Program> program;

  using Memory = std::shared_ptr<Storage>;
  Memory constant(float value) {
    Memory storage = allocator.allocate(bytes);
    std::fill_n(static_cast<float*>(storage->data()), count, value);
    return storage;
  }
  void add(const Memory& a, const Memory& b, const Memory& target) {
    program->append(std::make_unique<Add>(*a, *b, *target, accelerator), {a, b, target});
  }
  std::vector<Memory> replay(const std::vector<Memory>& inputs) {
    std::vector<Memory> outputs;
    for (const int64_t size : program->output_bytes()) outputs.push_back(allocator.allocate(size));
    stream.push(program->replay(inputs, outputs));
    stream.wait_for_device();
    return outputs;
  }
};

float first(const std::shared_ptr<Storage>& storage) { return static_cast<const float*>(storage->data())[0]; }

TEST(program_replays_with_other_inputs) {
  Bench bench;
  auto x = bench.program->input(bytes), one = bench.constant(1);
  auto y = bench.program->allocate(bytes), z = bench.program->allocate(bytes);
  bench.add(x, one, y);
  bench.add(y, y, z);
  bench.program->finish(bench.allocator, {z}, {});
  const auto a = bench.replay({bench.constant(1)}), b = bench.replay({bench.constant(5)});
  CHECK_EQ(first(a[0]), 4.f);  // (1 + 1) * 2: a replay does not touch an earlier one's output
  CHECK_EQ(first(b[0]), 12.f);
}

TEST(program_reuses_memory_after_its_last_use) {
  Bench bench;
  auto x = bench.program->input(bytes);
  std::vector<std::shared_ptr<Storage>> chain{x};
  for (int step = 0; step < 10; ++step) {
    chain.push_back(bench.program->allocate(bytes));
    bench.add(chain[chain.size() - 2], chain[chain.size() - 2], chain.back());
  }
  bench.program->finish(bench.allocator, {chain.back()}, {});
  CHECK_EQ(bench.program->slab_bytes(), 2 * bytes);  // one is read while the next is written
  CHECK_EQ(first(bench.replay({bench.constant(1)})[0]), 1024.f);
}

TEST(program_keeps_what_is_asked) {
  Bench bench;
  auto x = bench.program->input(bytes);
  auto kept = bench.program->allocate(bytes), gone = bench.program->allocate(bytes);
  bench.add(x, x, kept);
  bench.add(kept, kept, gone);
  bench.program->finish(bench.allocator, {}, {kept});
  CHECK(kept->placed());
  CHECK(!gone->placed());
  bench.replay({bench.constant(3)});
  CHECK_EQ(first(kept), 6.f);
  bench.program.reset();
  CHECK_EQ(first(kept), 6.f);  // it holds its memory itself
}

TEST(program_copies_outputs_it_cannot_write_in_place) {
  Bench bench;
  auto x = bench.program->input(bytes), weight = bench.constant(7);
  auto y = bench.program->allocate(bytes), kept = bench.program->allocate(bytes);
  bench.add(x, weight, y);
  bench.add(x, x, kept);
  bench.program->finish(bench.allocator, {x, y, y, weight, kept}, {kept});
  const auto outputs = bench.replay({bench.constant(1)});
  const float expected[] = {1, 8, 8, 7, 2};
  for (size_t index = 0; index < outputs.size(); ++index) {
    CHECK_EQ(first(outputs[index]), expected[index]);
    CHECK(outputs[index] != weight && outputs[index] != kept);
  }
}

TEST(program_holds_outside_tensors_alive) {
  Bench bench;
  auto x = bench.program->input(bytes), weight = bench.constant(7);
  auto y = bench.program->allocate(bytes);
  bench.add(x, weight, y);
  bench.program->finish(bench.allocator, {y}, {});
  weight.reset();
  auto other = bench.constant(100);  // would land in the weight's memory if that were free
  CHECK_EQ(first(bench.replay({bench.constant(1)})[0]), 8.f);
}

TEST(program_memory_comes_back) {
  Bench bench;
  auto x = bench.program->input(bytes);
  {
    auto y = bench.program->allocate(bytes), z = bench.program->allocate(bytes);
    bench.add(x, x, y);
    bench.add(y, y, z);
    bench.program->finish(bench.allocator, {z}, {});
  }
  bench.replay({bench.constant(1)});
  bench.program.reset();
  CHECK_EQ(bench.allocator.statistics().used, int64_t{0});
}

TEST(program_stops_at_a_failing_command) {
  Bench bench;
  struct Fail final : Command {
    void run() override { throw Error("no"); }
  };
  auto kept = bench.program->allocate(bytes), one = bench.constant(1);
  bench.add(one, one, kept);
  bench.program->append(std::make_unique<Fail>(), {});
  bench.add(kept, kept, kept);
  bench.program->finish(bench.allocator, {}, {kept});
  auto sink = std::make_shared<ErrorSink>();
  auto command = bench.program->replay({}, {});
  command->errors = sink;
  bench.stream.push(std::move(command));
  bench.stream.wait(bench.stream.pushed());
  CHECK_EQ(first(kept), 2.f);
  CHECK_EQ(sink->take().value_or(""), "no");
}

using Calls = std::vector<std::string>;

// y = (x + 1) + (x + 1), whose memory is the host's, but worked on as an accelerator works.
std::shared_ptr<Storage> record_double(Bench& bench) {
  auto x = bench.program->input(bytes), one = bench.constant(1);
  auto y = bench.program->allocate(bytes), z = bench.program->allocate(bytes);
  bench.add(x, one, y);
  bench.add(y, y, z);
  return z;
}

TEST(program_on_an_accelerator_runs_then_is_captured_then_is_launched) {
  test::FakeAccelerator accelerator;
  Bench bench(&accelerator);
  bench.program->finish(bench.allocator, {record_double(bench)}, {});
  std::vector<std::vector<std::shared_ptr<Storage>>> results;
  for (const float value : {1.f, 5.f, 7.f, 9.f}) results.push_back(bench.replay({bench.constant(value)}));
  const float expected[] = {4, 12, 16, 20};
  for (size_t index = 0; index < results.size(); ++index) CHECK_EQ(first(results[index][0]), expected[index]);
  CHECK(accelerator.calls() == (Calls{"copy", "copy",                                            // in and out
                                      "copy", "begin_capture", "end_capture", "launch", "copy",  //
                                      "copy", "launch", "copy", "copy", "launch", "copy"}));
  bench.program.reset();
  bench.stream.wait_for_device();
  CHECK_EQ(accelerator.captures_dropped.load(), 1);
}

TEST(program_drops_its_capture_after_the_work_that_uses_it) {
  test::FakeAccelerator accelerator;
  Bench bench(&accelerator);
  bench.program->finish(bench.allocator, {record_double(bench)}, {});
  for (int replay = 0; replay < 2; ++replay) bench.replay({bench.constant(1)});
  accelerator.hold = true;
  auto x = bench.constant(2), y = bench.allocator.allocate(bytes);
  bench.stream.push(bench.program->replay({x}, {y}));
  bench.program.reset();  // its last owner is the replay: it goes on the executor's thread
  bench.stream.wait(bench.stream.pushed());
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK_EQ(accelerator.captures_dropped.load(), 0);
  accelerator.hold = false;
  bench.stream.wait_for_device();
  bench.stream.wait_for_device();
  CHECK_EQ(accelerator.captures_dropped.load(), 1);
  CHECK_EQ(first(y), 6.f);
}

TEST(program_that_cannot_be_captured_runs_command_by_command) {
  for (const bool may_capture : {false, true}) {
    test::FakeAccelerator accelerator;
    accelerator.uncapturable = true;
    Bench bench(&accelerator, may_capture);
    bench.program->finish(bench.allocator, {record_double(bench)}, {});
    for (const float value : {1.f, 2.f, 3.f, 4.f}) {
      CHECK_EQ(first(bench.replay({bench.constant(value)})[0]), 2 * value + 2);
    }
    CHECK_EQ(accelerator.launches.load(), 0);
    const auto& calls = accelerator.calls();
    CHECK_EQ(std::count(calls.begin(), calls.end(), "begin_capture"), may_capture ? 1 : 0);
  }
}

TEST(program_is_not_captured_where_a_command_throws) {
  test::FakeAccelerator accelerator;
  Bench bench(&accelerator);
  struct Sometimes final : Command {
    void run() override {
      if (++runs == 2) throw Error("while capturing");
    }
    int runs = 0;
  };
  auto z = record_double(bench);
  bench.program->append(std::make_unique<Sometimes>(), {});
  bench.program->finish(bench.allocator, {z}, {});
  for (const float value : {1.f, 2.f, 3.f}) {
    CHECK_EQ(first(bench.replay({bench.constant(value)})[0]), 2 * value + 2);
  }
  CHECK_EQ(accelerator.captures_dropped.load(), 1);
  CHECK_EQ(accelerator.launches.load(), 0);
}

TEST(program_stops_where_the_device_fails) {
  test::FakeAccelerator accelerator;
  Bench bench(&accelerator);
  struct Fail final : Command {
    explicit Fail(test::FakeAccelerator& accelerator) : accelerator(accelerator) {}
    void run() override { accelerator.fail("no scratch memory"); }
    test::FakeAccelerator& accelerator;
  };
  auto kept = bench.program->allocate(bytes), one = bench.constant(1);
  bench.add(one, one, kept);
  bench.program->append(std::make_unique<Fail>(accelerator), {});
  bench.add(kept, kept, kept);
  bench.program->finish(bench.allocator, {}, {kept});
  auto sink = std::make_shared<ErrorSink>();
  for (int replay = 0; replay < 3; ++replay) {
    auto command = bench.program->replay({}, {});
    command->errors = sink;
    bench.stream.push(std::move(command));
    bench.stream.wait_for_device();
    CHECK_EQ(first(kept), 2.f);
    CHECK_EQ(sink->take().value_or(""), "no scratch memory");
  }
  CHECK_EQ(accelerator.captures_made.load(), 0);
}

TEST(program_on_an_accelerator_copies_every_output) {
  test::FakeAccelerator accelerator;
  Bench bench(&accelerator);
  auto x = bench.program->input(bytes), unused = bench.program->input(bytes), weight = bench.constant(7);
  auto y = bench.program->allocate(bytes), kept = bench.program->allocate(bytes);
  bench.add(x, weight, y);
  bench.add(x, x, kept);
  bench.program->finish(bench.allocator, {x, y, y, weight, kept}, {kept});
  const float expected[] = {1, 8, 8, 7, 2};
  for (int replay = 0; replay < 3; ++replay) {
    const auto outputs = bench.replay({bench.constant(1), bench.constant(0)});
    for (size_t index = 0; index < outputs.size(); ++index) CHECK_EQ(first(outputs[index]), expected[index]);
    CHECK_EQ(first(kept), 2.f);
  }
}

TEST(program_on_an_accelerator_returns_an_input_that_no_command_uses) {
  test::FakeAccelerator accelerator;
  Bench bench(&accelerator);
  auto x = bench.program->input(bytes);
  bench.program->finish(bench.allocator, {x}, {});
  for (const float value : {1.f, 2.f, 3.f}) CHECK_EQ(first(bench.replay({bench.constant(value)})[0]), value);
}

TEST(program_writes_to_its_inputs) {
  for (const bool accelerated : {false, true}) {
    test::FakeAccelerator accelerator;
    Bench bench(accelerated ? &accelerator : nullptr);
    auto x = bench.program->input(bytes), one = bench.constant(1);
    auto y = bench.program->allocate(bytes);
    bench.add(x, one, x);
    bench.add(one, one, y);  // after the last use of x, which still has to go back
    bench.program->finish(bench.allocator, {y}, {});
    auto given = bench.constant(5);
    for (int replay = 1; replay <= 3; ++replay) {
      bench.replay({given});
      CHECK_EQ(first(given), 5.f + static_cast<float>(replay));
    }
  }
}

TEST(program_on_an_accelerator_reuses_memory) {
  test::FakeAccelerator accelerator;
  Bench bench(&accelerator);
  auto x = bench.program->input(bytes);
  std::vector<std::shared_ptr<Storage>> chain{x};
  for (int step = 0; step < 10; ++step) {
    chain.push_back(bench.program->allocate(bytes));
    bench.add(chain[chain.size() - 2], chain[chain.size() - 2], chain.back());
  }
  bench.program->finish(bench.allocator, {chain.back()}, {});
  CHECK_EQ(bench.program->slab_bytes(), 2 * bytes);  // the input's place too, once it has been read
  for (int replay = 0; replay < 3; ++replay) CHECK_EQ(first(bench.replay({bench.constant(1)})[0]), 1024.f);
}

}  // namespace
}  // namespace hebb
