// Recording and replaying: addresses, memory reuse, inputs, outputs, kept tensors.
#include "core/program.h"

#include "core/error.h"
#include "core/stream.h"
#include "test/native/harness.h"

namespace hebb {
namespace {

// *target = *a + *b over `count` floats
class Add final : public Command {
 public:
  Add(const Storage& a, const Storage& b, const Storage& target, int count)
      : a_(a.data()), b_(b.data()), target_(target.data()), count_(count) {}
  void run() override {
    for (int index = 0; index < count_; ++index) {
      static_cast<float*>(target_)[index] = static_cast<float*>(a_)[index] + static_cast<float*>(b_)[index];
    }
  }
  void visit_pointers(PointerVisitor& visitor) override {
    visitor.visit(&a_);
    visitor.visit(&b_);
    visitor.visit(&target_);
  }

 private:
  void *a_, *b_, *target_;
  int count_;
};

constexpr int count = 64;
constexpr int64_t bytes = count * sizeof(float);

struct Bench {
  Stream stream;
  Allocator allocator{host_memory(), stream, int64_t{1} << 30};
  std::shared_ptr<Program> program = std::make_shared<Program>(stream);

  using Memory = std::shared_ptr<Storage>;
  Memory constant(float value) {
    Memory storage = allocator.allocate(bytes);
    std::fill_n(static_cast<float*>(storage->data()), count, value);
    return storage;
  }
  void add(const Memory& a, const Memory& b, const Memory& target) {
    program->append(std::make_unique<Add>(*a, *b, *target, count), {a, b, target});
  }
  std::vector<Memory> replay(const std::vector<Memory>& inputs) {
    std::vector<Memory> outputs;
    for (const int64_t size : program->output_bytes()) outputs.push_back(allocator.allocate(size));
    stream.push(program->replay(inputs, outputs));
    stream.wait(stream.pushed());
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

}  // namespace
}  // namespace hebb
