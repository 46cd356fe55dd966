// The CUDA plugin's runtime, on the emulation: what the core asks of a device, and what it tells of failures.
#ifdef HEBB_EMULATED
#include <sanitizer/asan_interface.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

#include "cuda/emulation/work.h"
#include "cuda/launch.h"
#include "cuda/runtime/device.h"
#include "cuda/runtime/discovery.h"
#include "cuda/runtime/table.h"
#include "ops/plugin.h"
#include "test/native/harness.h"

extern "C" hebb::Plugin* hebb_plugin(uint32_t version, uint32_t kernels);

namespace hebb::cuda {
namespace {

// Before anybody looks for devices.
[[maybe_unused]] const int three_devices = setenv("HEBB_EMULATED_DEVICES", "3", 1);

Plugin& plugin() { return *hebb_plugin(plugin_version, kernels_hash()); }

// A device whose executor is this thread, with what tests do to it.
class Desk {
 public:
  explicit Desk(int number = 0) : device(*plugin().device(number)) {
    device.enter();
    device.failure();
  }
  ~Desk() {
    for (const auto& [data, bytes] : blocks_) device.memory().release(data, bytes);
  }

  void* acquire(int64_t bytes) {
    void* data = device.memory().acquire(bytes);
    if (data) blocks_.emplace_back(data, bytes);
    return data;
  }
  float* allocate(int64_t count) { return static_cast<float*>(acquire(count * int64_t{sizeof(float)})); }
  void upload(float* target, const std::vector<float>& values) {
    const size_t bytes = values.size() * sizeof(float);
    void* staging = device.acquire_staging(bytes);
    std::memcpy(staging, values.data(), bytes);
    device.upload(target, staging, bytes);
  }
  std::vector<float> download(const float* source, size_t count) {
    std::vector<float> values(count);
    const size_t bytes = count * sizeof(float);
    void* staging = device.acquire_staging(bytes);
    device.download(staging, source, bytes);
    device.await(device.fence());
    std::memcpy(values.data(), staging, bytes);
    device.release_staging(staging);
    return values;
  }
  std::string failure() {
    const char* text = device.failure();
    return text ? text : "none";
  }

  Accelerator& device;

 private:
  std::vector<std::pair<void*, int64_t>> blocks_;
};

__global__ void add_to_all(float* values, int64_t count, float summand) {
  for (int64_t i = first_index(); i < count; i += index_step()) values[i] += summand;
}
void add(float* values, int64_t count, float summand) {
  launch(grid_for(count), {}, add_to_all, values, count, summand);
}

__global__ void report_one(DeviceFailure* failure, Failure code, int value, int at, int limit) {
  report(failure, code, value, at, limit);
}
void report_from_device(Failure code, int value, int at, int limit) {
  launch({}, {.x = 1}, report_one, Context::current().failure(), code, value, at, limit);
}

// The threads of a block wait at different barriers: a failure that the device cannot recover from.
__global__ void break_down() {
  if (threadIdx.x == 0) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}

TEST(cuda_uploads_computes_and_downloads_in_order) {
  Desk desk;
  // Small: on the stream itself. Large: through the ring of slots, in parts, and round it more than once.
  for (const int64_t count : {int64_t{1}, int64_t{1000}, int64_t{70'000}, int64_t{36} << 20}) {
    float* values = desk.allocate(count);
    std::vector<float> from(static_cast<size_t>(count));
    for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<float>(i % 8191);
    desk.upload(values, from);
    add(values, count, 1);
    const std::vector<float> got = desk.download(values, from.size());
    int64_t wrong = 0;
    for (size_t i = 0; i < from.size(); ++i) wrong += got[i] != from[i] + 1;
    CHECK_EQ(wrong, int64_t{0});
  }
  CHECK_EQ(desk.failure(), "none");
}

TEST(cuda_upload_waits_for_earlier_users_of_the_memory) {
  Desk desk;
  constexpr int64_t count = int64_t{6} << 20;  // through the ring, in two parts
  float* values = desk.allocate(count);
  float* before = desk.allocate(count);
  desk.upload(values, std::vector<float>(count, 1));
  for (int round = 2; round < 12; ++round) {
    add(values, count, 10);
    desk.device.copy(before, values, count * sizeof(float));
    desk.upload(values, std::vector<float>(count, static_cast<float>(round)));
    add(values, count, 0.5f);
    if (round % 3 != 0) continue;
    CHECK(desk.download(before, count) == std::vector<float>(count, static_cast<float>(round - 1) + 10.5f));
    CHECK(desk.download(values, count) == std::vector<float>(count, static_cast<float>(round) + 0.5f));
  }
}

TEST(cuda_uploads_do_not_overtake_each_other_in_the_ring) {
  Desk desk;
  constexpr int uploads = 20;  // more than there are slots
  constexpr int64_t count = 80'000;
  std::vector<float*> targets;
  for (int i = 0; i < uploads; ++i) {
    targets.push_back(desk.allocate(count));
    desk.upload(targets.back(), std::vector<float>(count, static_cast<float>(i)));
  }
  // Looks which transfers are done, which lets them run as far as they may while nothing is computed yet.
  for (int i = 0; i < 3 * uploads; ++i) desk.device.release_staging(desk.device.acquire_staging(1));
  for (int i = 0; i < uploads; ++i) {
    CHECK(desk.download(targets[static_cast<size_t>(i)], count) == std::vector<float>(count, static_cast<float>(i)));
  }
}

TEST(cuda_copies_on_the_device) {
  Desk desk;
  float* from = desk.allocate(3);
  float* to = desk.allocate(3);
  desk.upload(from, {1, 2, 3});
  desk.device.copy(to, from, 3 * sizeof(float));
  add(from, 3, 1);
  CHECK(desk.download(to, 3) == (std::vector<float>{1, 2, 3}));
}

TEST(cuda_uploads_directly_where_there_is_no_memory_for_the_ring) {
  Desk desk(1);
  constexpr int64_t count = int64_t{5} << 20;  // more than one slot
  float* values = desk.allocate(count);
  size_t available = 0, total = 0;
  cudaMemGetInfo(&available, &total);
  CHECK(desk.acquire(static_cast<int64_t>(available)) != nullptr);
  desk.upload(values, std::vector<float>(count, 4));
  CHECK(desk.download(values, count) == std::vector<float>(count, 4));
  CHECK_EQ(desk.failure(), "none");
}

TEST(cuda_staging_is_used_again_when_it_is_free) {
  Desk desk;
  constexpr size_t bytes = 12'345'000;
  void* first = desk.device.acquire_staging(bytes);
  void* second = desk.device.acquire_staging(bytes);
  CHECK(first != second);
  desk.device.release_staging(first);
  CHECK_EQ(desk.device.acquire_staging(bytes - 1), first);
  // Uploaded, it is in use until the device has read it.
  void* target = desk.acquire(bytes);
  desk.device.upload(target, first, bytes);
  void* third = desk.device.acquire_staging(bytes);
  CHECK(third != first);
  desk.device.await(desk.device.fence());
  CHECK_EQ(desk.device.acquire_staging(bytes), first);
  for (void* block : {first, second, third}) desk.device.release_staging(block);
}

TEST(cuda_staging_is_taken_from_many_threads) {
  Desk desk;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < 100; ++round) {
        const size_t bytes = static_cast<size_t>(5000 * (round % 7 + 1));
        void* staging = desk.device.acquire_staging(bytes);
        std::memset(staging, thread, bytes);
        for (size_t i = 0; i < bytes; i += 1000) CHECK_EQ(static_cast<char*>(staging)[i], static_cast<char>(thread));
        desk.device.release_staging(staging);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(cuda_fences_are_reached_in_order) {
  Desk desk;
  float* values = desk.allocate(10);
  desk.upload(values, std::vector<float>(10));
  const uint64_t first = desk.device.fence();
  add(values, 10, 1);
  const uint64_t second = desk.device.fence();
  CHECK_EQ(second, first + 1);
  CHECK(!desk.device.reached(second));
  desk.device.await(first);
  CHECK(desk.device.reached(first));
  while (!desk.device.reached(second)) std::this_thread::yield();
  CHECK(desk.device.reached(first));
  for (int i = 0; i < 1000; ++i) desk.device.fence();
  const uint64_t last = desk.device.fence();
  desk.device.await(last);
  CHECK(desk.device.reached(last - 1));
  desk.device.await(first);
  CHECK_EQ(desk.failure(), "none");
}

TEST(cuda_captures_and_replays) {
  Desk desk;
  float* values = desk.allocate(3);
  float* copy = desk.allocate(3);
  desk.upload(values, {1, 2, 3});
  desk.upload(copy, {0, 0, 0});
  desk.device.begin_capture();
  add(values, 3, 10);
  desk.device.copy(copy, values, 3 * sizeof(float));
  add(values, 3, 1);
  CHECK_EQ(desk.failure(), "none");
  const uint64_t capture = desk.device.end_capture();
  CHECK(capture != 0);
  CHECK(desk.download(values, 3) == (std::vector<float>{1, 2, 3}));
  desk.device.launch(capture);
  desk.device.launch(capture);
  CHECK(desk.download(values, 3) == (std::vector<float>{23, 24, 25}));
  CHECK(desk.download(copy, 3) == (std::vector<float>{22, 23, 24}));
  desk.device.drop_capture(capture);
  CHECK_EQ(desk.failure(), "none");
  desk.device.launch(capture);
  CHECK(desk.failure().find("compile: ") == 0);
}

TEST(cuda_capture_that_cannot_be_leaves_the_stream_usable) {
  Desk desk;
  float* values = desk.allocate(3);
  // At hand for what is tried: page-locked memory cannot be had on a thread that captures.
  void* const spare[] = {desk.device.acquire_staging(12), desk.device.acquire_staging(12)};
  for (void* staging : spare) desk.device.release_staging(staging);
  desk.upload(values, {1, 2, 3});
  const std::function<void()> impossible[] = {
      [&] {
        desk.upload(values, {7, 7, 7});
      },
      [&] {
        void* staging = desk.device.acquire_staging(12);
        desk.device.download(staging, values, 12);
        desk.device.release_staging(staging);
      },
      [&] { static_cast<Device&>(desk.device).fail("relu", "a kernel's host side threw"); },
      [&] { cudaStreamSynchronize(Context::current().stream()); },
  };
  for (const auto& enqueue : impossible) {
    desk.device.begin_capture();
    enqueue();
    desk.device.copy(values + 1, values, 4);
    CHECK_EQ(desk.device.end_capture(), uint64_t{0});
    CHECK_EQ(desk.failure(), "none");
    CHECK(desk.download(values, 3) == (std::vector<float>{1, 2, 3}));
  }
  desk.device.begin_capture();
  add(values, 3, 1);
  const uint64_t capture = desk.device.end_capture();
  CHECK(capture != 0);
  desk.device.drop_capture(capture);
}

TEST(cuda_scratch_grows_and_keeps_its_old_blocks) {
  Desk desk;
  Context& context = Context::current();
  float* small = context.scratch<float>(100);
  CHECK_EQ(context.scratch<float>(50), small);
#ifdef __SANITIZE_ADDRESS__
  emulation::enqueue(context.stream(), [small] {
    CHECK(!__asan_address_is_poisoned(small + 49));
    CHECK(__asan_address_is_poisoned(small + 50));
    CHECK(__asan_address_is_poisoned(small + 99));
  });
#endif
  CHECK_EQ(context.scratch<float>(100), small);
  add(small, 100, 1);
  // Larger than whatever other tests have used.
  constexpr int64_t large = int64_t{80} << 20;
  float* grown = context.scratch<float>(large);
  CHECK(grown != small);
  add(small, 100, 1);  // as a captured graph may
  CHECK_EQ(context.scratch<float>(large), grown);
  CHECK_EQ(context.scratch<float>(100), grown);

  desk.device.begin_capture();
  CHECK_EQ(context.scratch<float>(large), grown);
  CHECK_THROWS(context.scratch<float>(4 * large), "scratch memory cannot grow while a graph is captured");
  desk.device.end_capture();
  CHECK_THROWS(context.scratch(size_t{1} << 40), "out of memory: 1099511627776 bytes of scratch memory");
  CHECK_EQ(context.scratch<float>(100), grown);
  CHECK_EQ(desk.failure(), "none");
}

TEST(cuda_tells_of_what_only_the_device_sees) {
  Desk desk;
  report_from_device(Failure::label, 10, 3, 10);
  report_from_device(Failure::row, 1, 1, 1);  // the first one wins
  desk.device.await(desk.device.fence());
  CHECK_EQ(desk.failure(), "softmax_cross_entropy: labels: expected classes from 0 to 9, got 10 at 3");
  CHECK_EQ(desk.failure(), "none");
  report_from_device(Failure::row, -1, 4, 7);
  desk.device.await(desk.device.fence());
  CHECK_EQ(desk.failure(), "gather_rows: rows[4]: expected a row of the table's 7, got -1");
  CHECK_EQ(desk.failure(), "none");
}

TEST(cuda_keeps_the_first_failure) {
  Desk desk;
  auto& device = static_cast<Device&>(desk.device);
  device.fail("relu", "first");
  device.fail("add", "second");
  report_from_device(Failure::label, 10, 3, 10);
  CHECK_EQ(desk.failure(), "relu: first");
  CHECK_EQ(desk.failure(), "none");
  device.fail("sum", std::string(5000, 'x').c_str());
  CHECK(desk.failure().find("sum: xxx") == 0);
}

// A kernel that asks for scratch memory, on a device whose kernels have not yet asked for any.
TEST(cuda_keeps_what_a_kernel_throws_on_the_host) {
  Desk desk(1);
  constexpr int64_t count = 3000;
  float* grad = desk.allocate(count);
  float* table_gradient = desk.allocate(2);
  auto* rows = static_cast<int32_t*>(desk.acquire(count * 4));
  desk.upload(grad, std::vector<float>(count, 1));
  desk.upload(reinterpret_cast<float*>(rows), std::vector<float>(count, 0));  // row 0
  const auto run = [&] {
    table.gather_rows_backward({grad, test::shape({count, 1})}, {rows, test::shape({count})},
                               {table_gradient, test::shape({2, 1})});
  };
  setenv("HEBB_EMULATED_MEMORY", "1", 1);
  run();
  unsetenv("HEBB_EMULATED_MEMORY");
  CHECK(desk.failure().find("gather_rows_backward: out of memory: ") == 0);
  CHECK_EQ(desk.failure(), "none");

  desk.device.begin_capture();
  run();
  CHECK_EQ(desk.device.end_capture(), uint64_t{0});
  CHECK_EQ(desk.failure(), "none");
  run();
  CHECK(desk.download(table_gradient, 2) == (std::vector<float>{count, 0}));
  desk.device.begin_capture();
  run();
  const uint64_t capture = desk.device.end_capture();
  desk.upload(table_gradient, {0, 0});
  desk.device.launch(capture);
  CHECK(desk.download(table_gradient, 2) == (std::vector<float>{count, 0}));
  desk.device.drop_capture(capture);
}

TEST(cuda_says_null_when_memory_runs_out) {
  Desk desk;
  CHECK(!desk.device.memory().acquire(int64_t{1} << 50));
  CHECK_EQ(desk.failure(), "none");
  float* values = desk.allocate(3);
  desk.upload(values, {1, 2, 3});
  add(values, 3, 1);  // not taken for the one that failed
  CHECK(desk.download(values, 3) == (std::vector<float>{2, 3, 4}));
}

TEST(cuda_devices_work_side_by_side) {
  std::vector<std::thread> threads;
  for (int number = 0; number < 2; ++number) {
    threads.emplace_back([number] {
      Desk desk(number);
      CHECK_EQ(Context::current().device(), number);
      constexpr int64_t count = 100'000;
      float* values = desk.allocate(count);
      desk.upload(values, std::vector<float>(count, static_cast<float>(number)));
      for (int round = 0; round < 20; ++round) add(values, count, static_cast<float>(number + 1));
      CHECK(desk.download(values, count) == std::vector<float>(count, static_cast<float>(number + 20 * (number + 1))));
      if (number == 1) static_cast<Device&>(desk.device).fail("relu", "on the second");
      CHECK_EQ(desk.failure(), number == 1 ? "relu: on the second" : "none");
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(cuda_settings_reach_the_kernels) {
  Desk desk;
  CHECK(Context::current().deterministic);
  desk.device.set_precision(Precision::tf32);
  desk.device.set_deterministic(false);
  CHECK(Context::current().precision == Precision::tf32);
  CHECK(!Context::current().deterministic);
  desk.device.set_precision(Precision::float32);
  desk.device.set_deterministic(true);
}

TEST(cuda_lost_device_goes_on_failing) {
  std::thread executor([] {
    Desk desk(2);
    float* values = desk.allocate(3);
    desk.upload(values, {1, 2, 3});
    const uint64_t before = desk.device.fence();
    static_cast<Device&>(desk.device).begin("relu");
    launch({}, {.x = 64}, break_down);
    desk.device.await(desk.device.fence());
    const std::string told = desk.failure();
    CHECK(told.find("cuda:2 was lost: ") == 0);
    CHECK(told.find("relu") != std::string::npos);
    CHECK_EQ(desk.failure(), told);

    CHECK(desk.device.reached(before));
    desk.device.await(before);
    const uint64_t fence = desk.device.fence();
    CHECK(desk.device.reached(fence));
    desk.device.await(fence);
    CHECK(!desk.device.memory().acquire(12));
    if (void* staging = desk.device.acquire_staging(12)) {
      desk.device.download(staging, values, 12);
      desk.device.upload(values, staging, 12);
    }
    desk.device.copy(values, values + 1, 4);
    desk.device.begin_capture();
    CHECK_EQ(desk.device.end_capture(), uint64_t{0});
    desk.device.launch(1);
    CHECK(!static_cast<Device&>(desk.device).begin("add"));
    CHECK_EQ(desk.failure(), told);
    emulation::mend(2);  // what the device had is to be freed
  });
  executor.join();
  Desk other(0);
  CHECK_EQ(other.failure(), "none");
}

TEST(cuda_plugin_opens_for_its_own_version_only) {
  CHECK(!hebb_plugin(plugin_version + 1, kernels_hash()));
  CHECK(!hebb_plugin(plugin_version, kernels_hash() + 1));
  CHECK_EQ(plugin().device_count(), 3);
  CHECK_EQ(std::string(plugin().device_prefix()), "cuda");
  CHECK(plugin().device(1) != plugin().device(0));
  CHECK(!plugin().device(3));
  CHECK(!plugin().device(-1));
  CHECK(plugin().device(0)->total_memory() > 0);
  CHECK_EQ(&plugin().kernels(), &table);

  std::string told;
  plugin().describe(&told, [](void* context, const PluginFact& fact) {
    *static_cast<std::string*>(context) += std::string(fact.item) + "=" + fact.found + ";";
  });
  CHECK(told.find("NVIDIA driver=") == 0);
  CHECK(told.find("cuda:1=emulated GPU, compute capability 9.0, 4.0 GiB;") != std::string::npos);
  CHECK(told.find("emulation=") != std::string::npos);
}

TEST(cuda_says_why_there_is_no_gpu) {
  setenv("HEBB_EMULATED_DEVICES", "0", 1);
  const Discovery none = look();
  CHECK(none.usable.empty());
  CHECK(!none.driver.empty());
  CHECK_EQ(none.of_gpus.reason, "the driver finds none");
  setenv("HEBB_EMULATED_DEVICES", "-1", 1);
  const Discovery no_driver = look();
  CHECK(no_driver.driver.empty());
  CHECK(no_driver.of_driver.reason.find("libcuda.so.1") == 0);
  CHECK(no_driver.of_driver.remedy.find("install the NVIDIA driver, 580") == 0);
  setenv("HEBB_EMULATED_DEVICES", "3", 1);
}

}  // namespace
}  // namespace hebb::cuda
#endif
