// The caching allocator: reuse, alignment, accounting, limits.
#include "core/allocator.h"

#include <future>
#include <thread>

#include "core/error.h"
#include "core/memory_size.h"
#include "core/stream.h"
#include "test/native/fake_accelerator.h"
#include "test/native/harness.h"

namespace hebb {
namespace {

constexpr int64_t mebibyte = int64_t{1} << 20;

TEST(allocator_gives_a_released_block_to_the_next) {
  Stream stream;
  Allocator allocator(host_memory(), stream, 100 * mebibyte);
  void* first;
  {
    auto storage = allocator.allocate(1000);
    first = storage->data();
  }
  CHECK_EQ(allocator.allocate(1000)->data(), first);
  CHECK_EQ(allocator.allocate(1010)->data(), first);  // the same size class
  CHECK(allocator.allocate(100000)->data() != first);
}

TEST(allocator_aligns) {
  Stream stream;
  Allocator allocator(host_memory(), stream, 100 * mebibyte);
  for (const int64_t bytes : {0, 1, 63, 64, 65, 1000, 4097, 1 << 20, 5000000}) {
    auto storage = allocator.allocate(bytes);
    const auto address = reinterpret_cast<uintptr_t>(storage->data());
    CHECK(storage->bytes() >= bytes);
    CHECK_EQ(address % (bytes >= 2 * mebibyte ? 2 * mebibyte : 64), uintptr_t{0});
    std::memset(storage->data(), 1, static_cast<size_t>(storage->bytes()));
  }
}

TEST(allocator_counts) {
  Stream stream;
  Allocator allocator(host_memory(), stream, 100 * mebibyte);
  {
    auto a = allocator.allocate(4 * mebibyte);
    auto b = allocator.allocate(2 * mebibyte);
    CHECK_EQ(allocator.statistics().used, 6 * mebibyte);
    b.reset();
    CHECK_EQ(allocator.statistics().used, 4 * mebibyte);
    CHECK_EQ(allocator.statistics().reserved, 6 * mebibyte);
    CHECK_EQ(allocator.statistics().peak, 6 * mebibyte);
    allocator.reset_peak();
    CHECK_EQ(allocator.statistics().peak, 4 * mebibyte);
  }
  allocator.trim();
  CHECK_EQ(allocator.statistics().used, int64_t{0});
  CHECK_EQ(allocator.statistics().reserved, int64_t{0});
}

TEST(allocator_refuses_beyond_its_limit_and_stays_usable) {
  Stream stream;
  Allocator allocator(host_memory(), stream, 10 * mebibyte);
  CHECK_THROWS(allocator.allocate(int64_t{1} << 60), "out of memory");
  auto held = allocator.allocate(6 * mebibyte);
  CHECK_THROWS(allocator.allocate(6 * mebibyte), "out of memory: 6291456 bytes asked for, 6291456 in use");
  held.reset();
  // The cached block of 6 MiB does not fit 8 MiB: it is given back to make room.
  CHECK_EQ(allocator.allocate(8 * mebibyte)->bytes(), 8 * mebibyte);
}

TEST(allocator_knows_when_memory_is_free_of_earlier_work) {
  Stream stream;
  Allocator allocator(host_memory(), stream, 10 * mebibyte);
  struct Nothing final : Command {
    void run() override {}
  };
  CHECK_EQ(allocator.allocate(100)->free_after(), uint64_t{0});
  const uint64_t ticket = stream.push(std::make_unique<Nothing>());
  { auto storage = allocator.allocate(100); }
  CHECK_EQ(allocator.allocate(100)->free_after(), ticket);
}

TEST(allocator_takes_another_limit) {
  Stream stream;
  Allocator allocator(host_memory(), stream, 10 * mebibyte);
  auto held = allocator.allocate(4 * mebibyte);
  { auto cached = allocator.allocate(6 * mebibyte); }
  allocator.set_limit(2 * mebibyte);
  CHECK_EQ(allocator.statistics().limit, 2 * mebibyte);
  CHECK_EQ(allocator.statistics().reserved, 4 * mebibyte);  // what was cached is given back
  CHECK_THROWS(allocator.allocate(64), "out of memory: 64 bytes asked for, 4194304 in use, limit 2097152");
  held.reset();
  allocator.set_limit(8 * mebibyte);
  CHECK_EQ(allocator.allocate(8 * mebibyte)->bytes(), 8 * mebibyte);
}

TEST(allocator_gives_memory_back_once_an_accelerator_is_done_with_it) {
  struct Enqueue final : Command {
    explicit Enqueue(test::FakeAccelerator& accelerator) : accelerator(accelerator) {}
    void run() override {
      accelerator.enqueue([this_accelerator = &accelerator] { ++this_accelerator->work_done; });
    }
    test::FakeAccelerator& accelerator;
  };
  test::FakeAccelerator accelerator;
  Stream stream(1024, &accelerator);
  Allocator allocator(accelerator.memory(), stream, 100 * mebibyte);
  {
    auto storage = allocator.allocate(1000);
    stream.wait(stream.push(std::make_unique<Enqueue>(accelerator)));
  }
  allocator.trim();
  CHECK_EQ(accelerator.work_done.load(), 1);
  CHECK_EQ(accelerator.blocks_out.load(), 0);
  CHECK_EQ(allocator.statistics().reserved, int64_t{0});
}

// Takes memory as an accelerator does, on the executor's thread.
class Take final : public Command {
 public:
  Take(Allocator& allocator, int64_t bytes, void*& taken) : allocator_(allocator), bytes_(bytes), taken_(taken) {}
  void run() override { taken_ = allocator_.take(bytes_); }

 private:
  Allocator& allocator_;
  int64_t bytes_;
  void*& taken_;
};

TEST(allocator_counts_what_an_accelerator_takes) {
  test::FakeAccelerator accelerator;
  Stream stream(1024, &accelerator);
  Allocator allocator(accelerator.memory(), stream, 10 * mebibyte);
  void *taken = nullptr, *refused = &taken;
  stream.push(std::make_unique<Take>(allocator, 4 * mebibyte, taken));
  stream.wait(stream.push(std::make_unique<Take>(allocator, 8 * mebibyte, refused)));
  CHECK(taken != nullptr);
  CHECK(refused == nullptr);
  CHECK_EQ(allocator.statistics().used, int64_t{0});
  CHECK_EQ(allocator.statistics().reserved, 4 * mebibyte);
  CHECK_THROWS(allocator.allocate(8 * mebibyte), "out of memory: 8388608 bytes asked for, 0 in use, limit 10485760");
  accelerator.memory().release(taken, 4 * mebibyte);
}

TEST(allocator_gives_an_accelerator_the_cached_blocks_that_are_free) {
  test::FakeAccelerator accelerator;
  Stream stream(1024, &accelerator);
  Allocator allocator(accelerator.memory(), stream, 10 * mebibyte);
  void *early = &early, *late = nullptr;
  auto storage = allocator.allocate(8 * mebibyte);
  // Given back while the first has not run: that one might be using it, the second is behind all that might.
  std::promise<void> given_back;
  struct Await final : Command {
    explicit Await(std::future<void> event) : event(std::move(event)) {}
    void run() override { event.wait(); }
    std::future<void> event;
  };
  stream.push(std::make_unique<Await>(given_back.get_future()));
  stream.push(std::make_unique<Take>(allocator, 4 * mebibyte, early));
  storage.reset();
  stream.push(std::make_unique<Take>(allocator, 4 * mebibyte, late));
  given_back.set_value();
  stream.wait(stream.pushed());
  CHECK(early == nullptr);
  CHECK(late != nullptr);
  CHECK_EQ(allocator.statistics().reserved, 4 * mebibyte);
  accelerator.memory().release(late, 4 * mebibyte);
}

TEST(allocator_says_when_the_device_has_no_more) {
  test::FakeAccelerator accelerator;
  Stream stream(1024, &accelerator);
  Allocator allocator(accelerator.memory(), stream, 100 * mebibyte);
  accelerator.refuse = true;
  CHECK_THROWS(allocator.allocate(64), "out of memory: 64 bytes asked for, 0 in use, limit 104857600; the rest is not");
  accelerator.refuse = false;
  CHECK_EQ(allocator.allocate(64)->bytes(), int64_t{64});
}

TEST(memory_sizes_are_read) {
  const auto parsed = [](const char* text) { return parse_memory_size("NAME", text, 8000); };
  CHECK_EQ(parsed("4096"), int64_t{4096});
  CHECK_EQ(parsed("3K"), int64_t{3072});
  CHECK_EQ(parsed("1.5m"), int64_t{1572864});
  CHECK_EQ(parsed("2G"), int64_t{2147483648});
  CHECK_EQ(parsed("25%"), int64_t{2000});
  for (const char* text : {"", "x", "-1", "0", "5 G", "5GB", "1e30", "nan", "G", "%"}) {
    CHECK_THROWS(parsed(text), std::string("NAME: expected bytes such as 6000000000, 512M or 6G, or a share such as "
                                           "80%, got '") +
                                   text + "'");
  }
}

TEST(allocator_serves_many_threads) {
  Stream stream;
  Allocator allocator(host_memory(), stream, 100 * mebibyte);
  std::vector<std::thread> threads;
  std::atomic<int> clashes{0};
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < 500; ++round) {
        auto storage = allocator.allocate(64 * (1 + round % 7));
        auto* bytes = static_cast<unsigned char*>(storage->data());
        std::memset(bytes, thread, 64);
        std::this_thread::yield();
        for (int index = 0; index < 64; ++index) clashes += bytes[index] != thread;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(clashes.load(), 0);
  CHECK_EQ(allocator.statistics().used, int64_t{0});
}

}  // namespace
}  // namespace hebb
