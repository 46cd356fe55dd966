// CUDA's launch grid and runtime API on the host (native/cuda/emulation), which the tests of the CUDA kernels rest on.
#include <cstdlib>
#include <thread>

#include "cuda/gemm.h"
#include "cuda/launch.h"
#include "harness.h"
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

namespace hebb::test {
namespace {

using cuda::all_lanes;
using cuda::Context;
using cuda::launch;

cudaStream_t stream() { return Context::current().stream(); }

void finish() { cuda::require(cudaStreamSynchronize(stream()), "finish"); }

// The launch must fail, and all that follows, until the device is mended.
template <class... Arguments>
void check_lost(cuda::Grid grid, cuda::Block block, Arguments... arguments) {
  launch(grid, block, arguments...);
  CHECK_EQ(cudaStreamSynchronize(stream()), cudaErrorLaunchFailure);
  int* memory = nullptr;
  CHECK_EQ(cudaMalloc(&memory, 4), cudaErrorLaunchFailure);
  cuda::emulation::mend(0);
  cudaGetLastError();
  CHECK_EQ(cudaStreamSynchronize(stream()), cudaSuccess);
}

class Setting {
 public:
  Setting(const char* name, int value) : name_(name) {
    if (const char* const old = std::getenv(name)) old_ = old;
    setenv(name, std::to_string(value).c_str(), 1);
  }
  ~Setting() { old_.empty() ? unsetenv(name_) : setenv(name_, old_.c_str(), 1); }

 private:
  const char* name_;
  std::string old_;
};

__global__ void write_indices(int* out) {
  const int block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const int thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  out[block * blockDim.x * blockDim.y + thread] += block * 1000 + thread;
}

TEST(emulated_grid_indices) {
  constexpr int blocks = 3 * 4 * 2, threads = 5 * 7;
  const Array<int32_t> out({blocks, threads});
  launch({3, 4, 2}, {5, 7}, write_indices, out.data.get());
  launch({0, 4, 2}, {5, 7}, write_indices, out.data.get());
  finish();
  for (int block = 0; block < blocks; ++block)
    for (int thread = 0; thread < threads; ++thread) CHECK_EQ(out[block * threads + thread], block * 1000 + thread);
}

__global__ void reverse_block(const int* in, int* out, int rounds) {
  __shared__ int values[1024];
  const int last = static_cast<int>(blockDim.x) - 1, me = static_cast<int>(threadIdx.x);
  int value = in[blockIdx.x * blockDim.x + me];
  for (int round = 0; round < rounds; ++round) {
    values[me] = value;
    __syncthreads();
    value = values[last - me] + 1;
    __syncthreads();
  }
  out[blockIdx.x * blockDim.x + me] = value;
}

TEST(emulated_barriers_and_shared_memory) {
  for (int threads : {1, 31, 32, 33, 256, 1024}) {
    for (int rounds : {0, 1, 2, 7}) {
      const Array<int32_t> in({3, threads}), out({3, threads});
      for (int i = 0; i < 3 * threads; ++i) in[i] = i;
      launch({3}, {threads}, reverse_block, in.data.get(), out.data.get(), rounds);
      finish();
      for (int i = 0; i < 3 * threads; ++i) {
        const int partner = i / threads * threads + threads - 1 - i % threads;
        CHECK_EQ(out[i], in[rounds % 2 == 0 ? i : partner] + rounds);
      }
    }
  }
}

__global__ void forgets_a_barrier(int* out) {
  __shared__ int values[64];
  values[threadIdx.x] = -1;
  __syncthreads();
  values[threadIdx.x] = threadIdx.x;
  out[threadIdx.x] = values[63 - threadIdx.x];
}

TEST(emulated_orders_alternate) {
  const Array<int32_t> first({64}), second({64});
  launch({1}, {64}, forgets_a_barrier, first.data.get());
  launch({1}, {64}, forgets_a_barrier, second.data.get());
  finish();
  CHECK(!same_bits(first, second));
}

__global__ void fill_dynamic(float* out, bool beyond) {
  float* const values = cuda::shared_memory<float>();
  out[threadIdx.x] = values[threadIdx.x];  // NaN
  values[threadIdx.x] = static_cast<float>(threadIdx.x);
  __syncthreads();
  out[blockDim.x + threadIdx.x] = values[(threadIdx.x + 1) % blockDim.x + (beyond ? 1 : 0)];
}

TEST(emulated_dynamic_shared_memory) {
  const Array<float> out({2, 40});
  launch({2}, {40, 1, 40 * sizeof(float)}, fill_dynamic, out.data.get(), false);
  finish();
  for (int i = 0; i < 40; ++i) CHECK(std::isnan(out[i]) && out[40 + i] == (i + 1) % 40);
}

__global__ void shuffles(float* out, double* sums, unsigned* ballots) {
  const int thread = threadIdx.x;
  const float value = static_cast<float>(thread);
  float* const mine = out + thread * 5;
  mine[0] = __shfl_sync(all_lanes, value, 3);
  mine[1] = __shfl_xor_sync(all_lanes, value, 1);
  mine[2] = __shfl_down_sync(all_lanes, value, 2);
  mine[3] = __shfl_up_sync(all_lanes, value, 2);
  mine[4] = __shfl_sync(all_lanes, value, 1, 4);
  sums[thread] = cuda::warp_reduce(static_cast<double>(thread), cuda::Plus{});
  ballots[thread] = __ballot_sync(all_lanes, thread % 3 == 0);
  __syncwarp();
  if (__any_sync(all_lanes, thread == 5)) ballots[thread] ^= 1;
  if (__all_sync(all_lanes, thread >= 32)) ballots[thread] ^= 2;
}

TEST(emulated_shuffles) {
  for (int repeat = 0; repeat < 2; ++repeat) {
    const Array<float> out({64, 5});
    const std::vector<double> sums(64);
    const std::vector<unsigned> ballots(64);
    launch({1}, {64}, shuffles, out.data.get(), const_cast<double*>(sums.data()),
           const_cast<unsigned*>(ballots.data()));
    finish();
    for (int thread = 0; thread < 64; ++thread) {
      const int first = thread / 32 * 32, lane = thread - first;
      CHECK_EQ(out[thread * 5], first + 3);
      CHECK_EQ(out[thread * 5 + 1], thread ^ 1);
      CHECK_EQ(out[thread * 5 + 2], lane + 2 < 32 ? thread + 2 : thread);
      CHECK_EQ(out[thread * 5 + 3], lane >= 2 ? thread - 2 : thread);
      CHECK_EQ(out[thread * 5 + 4], thread / 4 * 4 + 1);
      CHECK_EQ(sums[thread], first == 0 ? 496 : 1520);
      unsigned ballot = first == 0 ? 1 : 2;
      for (int other = 0; other < 32; ++other)
        if ((first + other) % 3 == 0) ballot ^= 1u << other;
      CHECK_EQ(ballots[thread], ballot);
    }
  }
}

__global__ void partial_warp(int* out) {
  out[threadIdx.x] = __shfl_sync(all_lanes, static_cast<int>(threadIdx.x), threadIdx.x < 32 ? 31 : 7);
}

__global__ void block_sums(const float* in, float* out) {
  const int threads = blockDim.x * blockDim.y, thread = threadIdx.y * blockDim.x + threadIdx.x;
  const float value = in[blockIdx.x * threads + thread];
  const float sum = cuda::block_reduce(value, 0.0f, cuda::Plus{});
  const float largest = cuda::block_reduce(value, -1.0f, [](float a, float b) { return a > b ? a : b; });
  out[blockIdx.x * threads + thread] = sum + largest * 0.25f;
}

TEST(emulated_warps_and_block_reduce) {
  const Array<int32_t> ends({40});
  launch({1}, {40}, partial_warp, ends.data.get());
  finish();
  CHECK(ends[0] == 31 && ends[31] == 31 && ends[32] == 39 && ends[39] == 39);

  Random random(7);
  for (int threads : {32, 64, 256, 1024}) {
    const Array<float> in = random.integers({3, threads}, 0, 9), out({3, threads});
    launch({3}, {32, threads / 32}, block_sums, in.data.get(), out.data.get());
    finish();
    for (int block = 0; block < 3; ++block) {
      float sum = 0, largest = 0;
      for (int i = 0; i < threads; ++i) {
        sum += in[block * threads + i];
        largest = std::max(largest, in[block * threads + i]);
      }
      for (int i = 0; i < threads; ++i) CHECK_EQ(out[block * threads + i], sum + largest * 0.25f);
    }
  }
}

__global__ void ends_before_barrier(int limit) {
  if (static_cast<int>(threadIdx.x) >= limit) return;
  __syncthreads();
}
__global__ void two_barriers() {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}
__global__ void ends_before_shuffle(int* out) {
  if (threadIdx.x == 4) return;
  out[threadIdx.x] = __shfl_xor_sync(all_lanes, 1, 1);
}
__global__ void reads_absent_lane(int* out) { out[threadIdx.x] = __shfl_sync(all_lanes, 1, 20); }
__global__ void mixed_warp_operations(int* out) {
  if (threadIdx.x % 2 == 0) {
    __syncwarp();
  } else {
    out[threadIdx.x] = __shfl_sync(all_lanes, 1, 0);
  }
}

TEST(emulated_divergence) {
  const Array<int32_t> out({64});
  check_lost({2}, {64}, ends_before_barrier, 40);
  check_lost({2}, {64}, ends_before_barrier, 40);  // backwards
  check_lost({1}, {64}, two_barriers);
  check_lost({1}, {64}, ends_before_shuffle, out.data.get());
  check_lost({1}, {10}, reads_absent_lane, out.data.get());
  check_lost({1}, {64}, mixed_warp_operations, out.data.get());
  launch({2}, {64}, ends_before_barrier, 64);
  finish();
}

__global__ void add_one(int* value) { atomicAdd(value, 1); }
__global__ void atomics(int* values) {
  atomicAdd(values, 2);
  atomicMax(values + 1, static_cast<int>(threadIdx.x));
  atomicMin(values + 2, -static_cast<int>(threadIdx.x));
  atomicCAS(values + 3, 0, static_cast<int>(threadIdx.x) + 1);
}

TEST(emulated_atomics) {
  const Array<int32_t> values({4});
  launch({2}, {50}, atomics, values.data.get());
  finish();
  CHECK(values[0] == 200 && values[1] == 49 && values[2] == -49 && values[3] > 0);
}

TEST(emulated_launch_limits) {
  const Array<int32_t> value({1});
  const auto check_refused = [&](cuda::Grid grid, cuda::Block block, const char* text) {
    CHECK_THROWS(launch(grid, block, add_one, value.data.get()), text);
    CHECK_EQ(value[0], 0);
  };
  check_refused({1}, {1025}, "launch: invalid configuration argument");
  check_refused({1}, {64, 17}, "launch: invalid configuration argument");
  check_refused({1, 65536}, {1}, "launch: invalid configuration argument");
  check_refused({1, 1, 65536}, {1}, "launch: invalid configuration argument");
  check_refused({1}, {32, 1, (size_t{48} << 10) + 1}, "launch: invalid argument");
  launch({1, 65535}, {1}, add_one, value.data.get());
  finish();
  CHECK_EQ(value[0], 65535);
}

TEST(emulated_capture_records_and_replays) {
  const Array<int32_t> value({1});
  const Array<float> floats({3}, {1, 2, 3}), copied({3});
  cudaGraph_t graph = nullptr;
  CHECK_EQ(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal), cudaSuccess);
  cudaStreamCaptureStatus status;
  CHECK_EQ(cudaStreamIsCapturing(stream(), &status), cudaSuccess);
  CHECK_EQ(status, cudaStreamCaptureStatusActive);
  launch({2}, {3}, add_one, value.data.get());
  CHECK_EQ(cudaMemcpyAsync(copied.data.get(), floats.data.get(), 8, cudaMemcpyDeviceToDevice, stream()), cudaSuccess);
  CHECK_EQ(cudaMemsetAsync(floats.data.get(), 0, 4, stream()), cudaSuccess);
  CHECK(value[0] == 0 && copied[1] == 0 && floats[0] == 1);
  CHECK_EQ(cudaStreamEndCapture(stream(), &graph), cudaSuccess);
  size_t nodes = 0;
  CHECK_EQ(cudaGraphGetNodes(graph, nullptr, &nodes), cudaSuccess);
  CHECK_EQ(nodes, size_t{3});

  cudaGraphExec_t executable = nullptr;
  CHECK_EQ(cudaGraphInstantiate(&executable, graph), cudaSuccess);
  CHECK_EQ(cudaGraphDestroy(graph), cudaSuccess);
  for (int launches = 1; launches <= 3; ++launches) {
    CHECK_EQ(cudaGraphLaunch(executable, stream()), cudaSuccess);
    finish();
    CHECK_EQ(value[0], 6 * launches);
    CHECK_EQ(copied[0], launches == 1 ? 1 : 0);
    CHECK(copied[1] == 2 && copied[2] == 0 && floats[0] == 0);
  }
  CHECK_EQ(cudaGraphExecDestroy(executable), cudaSuccess);
}

// What may not be done while a stream is captured spoils the capture.
template <class Call>
void check_spoils(Call call) {
  const Array<int32_t> value({1});
  CHECK_EQ(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal), cudaSuccess);
  CHECK_EQ(call(), cudaErrorStreamCaptureUnsupported);
  CHECK_EQ(cudaMemsetAsync(value.data.get(), 1, 4, stream()), cudaErrorStreamCaptureInvalidated);
  cudaGraph_t graph = nullptr;
  CHECK_EQ(cudaStreamEndCapture(stream(), &graph), cudaErrorStreamCaptureInvalidated);
  CHECK(graph == nullptr);
  cudaGetLastError();
  finish();
  CHECK_EQ(value[0], 0);
}

TEST(emulated_captures_forbid_waiting) {
  void *memory = nullptr, *host = nullptr;
  cudaEvent_t event;
  CHECK_EQ(cudaMalloc(&memory, 4), cudaSuccess);
  CHECK_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
  check_spoils([&] { return cudaMalloc(&host, 4); });
  check_spoils([&] { return cudaHostAlloc(&host, 4, cudaHostAllocMapped); });
  check_spoils([&] { return cudaFree(memory); });
  check_spoils([] { return cudaStreamSynchronize(stream()); });
  check_spoils([] { return cudaDeviceSynchronize(); });
  check_spoils([&] { return cudaEventSynchronize(event); });

  // Other threads may, unless the capture is global.
  for (const auto& [mode, want] : {std::pair{cudaStreamCaptureModeThreadLocal, cudaSuccess},
                                   std::pair{cudaStreamCaptureModeGlobal, cudaErrorStreamCaptureUnsupported}}) {
    CHECK_EQ(cudaStreamBeginCapture(stream(), mode), cudaSuccess);
    CHECK_EQ(cudaEventRecord(event, stream()), cudaSuccess);
    CHECK_EQ(cudaEventQuery(event), cudaErrorCapturedEvent);
    std::thread([&, want = want] {
      void* other = nullptr;
      CHECK_EQ(cudaMalloc(&other, 4), want);
      CHECK_EQ(cudaFree(other), want);
    }).join();
    cudaGraph_t graph;
    CHECK_EQ(cudaStreamEndCapture(stream(), &graph), cudaSuccess);
    CHECK_EQ(cudaGraphDestroy(graph), cudaSuccess);
  }
  cudaGetLastError();
  CHECK_EQ(cudaEventDestroy(event), cudaSuccess);
  CHECK_EQ(cudaFree(memory), cudaSuccess);
}

TEST(emulated_events_are_late) {
  const Array<int32_t> value({1});
  cudaEvent_t first, second;
  for (cudaEvent_t* event : {&first, &second})
    CHECK_EQ(cudaEventCreateWithFlags(event, cudaEventDisableTiming), cudaSuccess);
  CHECK_EQ(cudaEventQuery(first), cudaSuccess);  // never recorded
  launch({1}, {1}, add_one, value.data.get());
  CHECK_EQ(cudaEventRecord(first, stream()), cudaSuccess);
  CHECK_EQ(cudaEventQuery(first), cudaErrorNotReady);
  CHECK_EQ(cudaGetLastError(), cudaErrorNotReady);
  CHECK_EQ(value[0], 0);
  CHECK_EQ(cudaEventQuery(first), cudaSuccess);
  CHECK_EQ(cudaEventQuery(first), cudaSuccess);
  CHECK_EQ(value[0], 1);

  CHECK_EQ(cudaEventRecord(first, stream()), cudaSuccess);
  CHECK_EQ(cudaEventRecord(second, stream()), cudaSuccess);
  CHECK_EQ(cudaStreamQuery(stream()), cudaErrorNotReady);
  CHECK_EQ(cudaEventQuery(first), cudaSuccess);  // the stream was found done
  CHECK_EQ(cudaEventRecord(first, stream()), cudaSuccess);
  CHECK_EQ(cudaEventRecord(second, stream()), cudaSuccess);
  CHECK_EQ(cudaEventSynchronize(second), cudaSuccess);
  CHECK_EQ(cudaEventQuery(first), cudaSuccess);
  CHECK_EQ(cudaStreamWaitEvent(stream(), first), cudaSuccess);
  cudaGetLastError();
  for (cudaEvent_t event : {first, second}) CHECK_EQ(cudaEventDestroy(event), cudaSuccess);
}

// Streams do not wait for each other unless they are told to.
TEST(emulated_streams_race) {
  const Array<int32_t> from({1}, {1}), to({1});
  cudaStream_t other;
  cudaEvent_t event;
  CHECK_EQ(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking), cudaSuccess);
  CHECK_EQ(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), cudaSuccess);
  for (const bool waits : {false, true}) {
    launch({1}, {1}, add_one, from.data.get());
    CHECK_EQ(cudaEventRecord(event, stream()), cudaSuccess);
    if (waits) CHECK_EQ(cudaStreamWaitEvent(other, event), cudaSuccess);
    CHECK_EQ(cudaMemcpyAsync(to.data.get(), from.data.get(), 4, cudaMemcpyDeviceToDevice, other), cudaSuccess);
    CHECK_EQ(cudaStreamSynchronize(other), cudaSuccess);
    CHECK_EQ(to[0], waits ? 3 : 1);
  }
  CHECK_EQ(cudaEventDestroy(event), cudaSuccess);
  CHECK_EQ(cudaStreamDestroy(other), cudaSuccess);
  finish();
}

TEST(emulated_memory_has_a_limit) {
  const Setting limit("HEBB_EMULATED_MEMORY", 1 << 20);
  size_t available = 0, total = 0, left = 0;
  CHECK_EQ(cudaMemGetInfo(&available, &total), cudaSuccess);
  CHECK_EQ(total, size_t{1} << 20);
  float *some = nullptr, *more = nullptr;
  CHECK_EQ(cudaMalloc(&some, available - 100), cudaSuccess);
  float first = 0;
  CHECK_EQ(cudaMemcpy(&first, some, 4, cudaMemcpyDeviceToHost), cudaSuccess);
  CHECK(cuda::aligned16(some) && std::isnan(first));
#ifdef __SANITIZE_ADDRESS__
  CHECK(__asan_address_is_poisoned(some) && __asan_address_is_poisoned(some + 100));  // the host must not look
#endif
  CHECK_EQ(cudaMemGetInfo(&left, &total), cudaSuccess);
  CHECK_EQ(left, size_t{100});
  CHECK_EQ(cudaMalloc(&more, 101), cudaErrorMemoryAllocation);
  CHECK_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  CHECK(more == nullptr);
  CHECK_EQ(cudaFree(some + 1), cudaErrorInvalidValue);
  CHECK_EQ(cudaFree(some), cudaSuccess);
  CHECK_EQ(cudaFree(nullptr), cudaSuccess);
  CHECK_EQ(cudaMalloc(&more, 101), cudaSuccess);
  float host = 1;
  CHECK_EQ(cudaMemcpy(more, &host, 4, cudaMemcpyHostToDevice), cudaSuccess);
  CHECK_EQ(cudaMemcpy(more, &host, 4, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  CHECK_EQ(cudaFreeHost(more), cudaErrorInvalidValue);
  CHECK_EQ(cudaFree(more), cudaSuccess);
  cudaGetLastError();
}

TEST(emulated_devices) {
  int count = 0;
  {
    const Setting devices("HEBB_EMULATED_DEVICES", 0);
    CHECK_EQ(cudaGetDeviceCount(&count), cudaErrorNoDevice);
    CHECK_EQ(count, 0);
  }
  {
    const Setting devices("HEBB_EMULATED_DEVICES", -1);
    CHECK_EQ(cudaGetDeviceCount(&count), cudaErrorInsufficientDriver);
  }
  const Setting devices("HEBB_EMULATED_DEVICES", 2);
  CHECK_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  CHECK_EQ(count, 2);
  CHECK_EQ(cudaSetDevice(2), cudaErrorInvalidDevice);
  CHECK_EQ(cudaGetLastError(), cudaErrorInvalidDevice);
  // The second device works beside the first, and is lost alone.
  std::thread other([] {
    CHECK_EQ(cudaSetDevice(1), cudaSuccess);
    cudaStream_t own;
    CHECK_EQ(cudaStreamCreateWithFlags(&own, cudaStreamNonBlocking), cudaSuccess);
    const Array<int32_t> value({1});
    for (int i = 0; i < 200; ++i) {
      cuda::emulation::launch(own, 2, 64, 0, [&] {
        __syncthreads();
        add_one(value.data.get());
      });
    }
    CHECK_EQ(cudaStreamSynchronize(own), cudaSuccess);
    CHECK_EQ(value[0], 200 * 128);
    cuda::emulation::launch(own, 1, 64, 0, [] { ends_before_barrier(3); });
    CHECK_EQ(cudaStreamSynchronize(own), cudaErrorLaunchFailure);
    cuda::emulation::mend(1);
    CHECK_EQ(cudaStreamDestroy(own), cudaSuccess);
  });
  const Array<int32_t> in({2, 64}), out({2, 64});
  for (int i = 0; i < 200; ++i) launch({2}, {64}, reverse_block, in.data.get(), out.data.get(), 3);
  finish();
  CHECK_EQ(out[0], 3);
  other.join();
  finish();
  cudaGetLastError();
}

TEST(emulated_products) {
  Random random(9);
  constexpr int64_t rows = 3, columns = 4, depth = 5, batches = 2;
  const Array<float> a = random.integers({batches, rows, depth + 2}, -3, 3);
  const Array<float> b = random.integers({columns, depth}, -3, 3), bias = random.integers({columns}, -3, 3);
  const Array<float> c = random.integers({batches, rows, columns + 1}, -3, 3), before = c.clone();
  cuda::Product product{.rows = rows,
                        .columns = columns,
                        .depth = depth,
                        .batches = batches,
                        .a = {a.data.get(), depth + 2, false, rows * (depth + 2)},
                        .b = {b.data.get(), depth, true},
                        .c = c.data.get(),
                        .c_stride = columns + 1,
                        .c_batch_step = rows * (columns + 1)};
  const auto check = [&](auto want) {
    cuda::gemm(product);
    finish();
    for (int64_t batch = 0; batch < batches; ++batch) {
      for (int64_t row = 0; row < rows; ++row) {
        for (int64_t column = 0; column <= columns; ++column) {
          const int64_t at = (batch * rows + row) * (columns + 1) + column;
          float sum = 0;
          for (int64_t k = 0; k < depth && column < columns; ++k)
            sum += a[(batch * rows + row) * (depth + 2) + k] * b[column * depth + k];
          CHECK_EQ(c[at], column < columns ? want(sum, before[at], bias[column]) : before[at]);
        }
      }
    }
  };
  product.accumulate = true;
  check([](float sum, float old, float) { return sum + old; });
  product.accumulate = false;
  check([](float sum, float, float) { return sum; });
  product.bias = bias.data.get();
  product.activation = Activation::relu;
  check([](float sum, float, float one) { return std::max(sum + one, 0.0f); });

  // 1 + 2^-9 keeps its last bit as tf32 and loses it as bfloat16.
  const Array<float> x({1}, {1 + 0x1p-9f}), one({1}, {1}), y({1});
  const cuda::Product tiny{.rows = 1,
                           .columns = 1,
                           .depth = 1,
                           .a = {x.data.get(), 1},
                           .b = {one.data.get(), 1},
                           .c = y.data.get(),
                           .c_stride = 1};
  for (const auto& [precision, want] : {std::pair{Precision::bfloat16, 1.0f}, {Precision::tf32, 1 + 0x1p-9f}}) {
    Context::current().precision = precision;
    cuda::gemm(tiny);
    finish();
    CHECK_EQ(y[0], want);
  }
  Context::current().precision = Precision::float32;
}

}  // namespace
}  // namespace hebb::test
