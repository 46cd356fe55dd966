#include "cuda/runtime/device.h"

#include <atomic>
#include <cstdio>
#include <exception>
#include <memory>
#include <vector>

namespace hebb::cuda {
namespace {

// Below this the detour through the upload ring costs more than waiting for the transfer.
constexpr size_t small_upload = size_t{256} << 10;

thread_local Device* entered = nullptr;

const std::vector<std::unique_ptr<Device>>& devices() {
  static const auto* all = [] {
    auto* found = new std::vector<std::unique_ptr<Device>>;
    for (const Gpu& gpu : discover().usable) {
      found->push_back(std::make_unique<Device>(static_cast<int>(found->size()), gpu));
    }
    return found;
  }();
  return *all;
}

}  // namespace

void* DeviceMemory::acquire(int64_t bytes) {
  void* data = nullptr;
  cudaError_t status = cudaSetDevice(ordinal_);
  if (status == cudaSuccess) status = cudaMalloc(&data, static_cast<size_t>(bytes));
  if (status == cudaSuccess) return data;
  refusal_ = status;
  cudaGetLastError();
  return nullptr;
}

std::string DeviceMemory::refusal() const {
  const auto status = static_cast<cudaError_t>(refusal_.load());
  return status == cudaSuccess || status == cudaErrorMemoryAllocation ? std::string{} : cudaGetErrorString(status);
}

void DeviceMemory::release(void* data, int64_t) {
  cudaSetDevice(ordinal_);
  cudaFree(data);
  cudaGetLastError();
}

Device::Device(int number, const Gpu& gpu) : number_(number), gpu_(gpu), memory_(gpu.ordinal) {
  context_.device_ = gpu.ordinal;
  context_.multiprocessors_ = gpu.multiprocessors;
  context_.capability_ = gpu.capability;
}

int Device::count() { return static_cast<int>(devices().size()); }

Device& Device::at(int number) { return *devices()[static_cast<size_t>(number)]; }

Device& Device::current() {
  if (entered) return *entered;
  Device& first = at(0);
  first.open();
  return first;
}

void Device::enter() noexcept {
  entered = this;
  cudaSetDevice(gpu_.ordinal);
  open();
}

void Device::open() noexcept {
  std::call_once(opened_, [this] {
    try {
      require(cudaSetDevice(gpu_.ordinal), "cudaSetDevice");
      require(cudaStreamCreateWithFlags(&context_.stream_, cudaStreamNonBlocking), "cudaStreamCreate");
      require(cudaStreamCreateWithFlags(&copy_stream_, cudaStreamNonBlocking), "cudaStreamCreate");
      void* report = nullptr;
      require(cudaHostAlloc(&report, sizeof(DeviceFailure), cudaHostAllocMapped), "cudaHostAlloc");
      report_ = new (report) DeviceFailure{};
      void* mapped = nullptr;
      require(cudaHostGetDevicePointer(&mapped, report, 0), "cudaHostGetDevicePointer");
      context_.failure_ = static_cast<DeviceFailure*>(mapped);
    } catch (const std::exception& error) {
      lose(error.what());
    }
  });
}

void* Device::take(size_t bytes) noexcept {
  const auto size = static_cast<int64_t>(bytes);
  return reserve_ ? reserve_->take(size) : memory_.acquire(size);
}

void* Device::acquire_staging(size_t bytes) noexcept {
  cudaSetDevice(gpu_.ordinal);
  void* const staging = staging_.acquire(bytes);
  if (!staging && entered == this) look_for_loss();  // then it is not the memory
  return staging;
}

void Device::release_staging(void* staging) noexcept { staging_.release(staging); }

template <class Body>
void Device::attempt(const char* what, Body body) noexcept {
  if (lost_ || spoilt_) return;
  try {
    body();
  } catch (const std::exception& error) {
    fail(what, error.what());
  }
}

void Device::upload(void* target, void* staging, size_t bytes) noexcept {
  // A replay would send again what is not there any more.
  if (capturing_) spoilt_ = true;
  cudaStream_t reader = context_.stream_;
  attempt("upload", [&] {
    if (bytes > small_upload) {
      reader = copy_stream_;  // should it fail midway
      reader = uploads_.pass(target, staging, bytes, copy_stream_, context_.stream_);
    } else {
      require(cudaMemcpyAsync(target, staging, bytes, cudaMemcpyHostToDevice, context_.stream_), "cudaMemcpyAsync");
    }
  });
  if (capturing_ || lost_) {
    staging_.release(staging);
  } else {
    staging_.release_after(staging, reader);
  }
}

void Device::download(void* staging, const void* source, size_t bytes) noexcept {
  if (capturing_) spoilt_ = true;
  attempt("download", [&] {
    require(cudaMemcpyAsync(staging, source, bytes, cudaMemcpyDeviceToHost, context_.stream_), "cudaMemcpyAsync");
  });
}

void Device::copy(void* target, const void* source, size_t bytes) noexcept {
  attempt("copy", [&] {
    require(cudaMemcpyAsync(target, source, bytes, cudaMemcpyDeviceToDevice, context_.stream_), "cudaMemcpyAsync");
  });
}

uint64_t Device::fence() noexcept { return fences_.add(context_.stream_); }

// Whoever is about to use results learns by this of a loss, and not by failure(), which is asked after every command.
bool Device::reached(uint64_t fence) noexcept {
  if (lost_) return true;
  if (!fences_.reached(fence)) return false;
  look_for_loss();
  return true;
}

void Device::await(uint64_t fence) noexcept {
  if (lost_) return;
  fences_.await(fence);
  look_for_loss();
}

// In this mode other threads may go on allocating memory meanwhile.
void Device::begin_capture() noexcept {
  capturing_ = true;
  spoilt_ = lost_ || cudaStreamBeginCapture(context_.stream_, cudaStreamCaptureModeThreadLocal) != cudaSuccess;
}

uint64_t Device::end_capture() noexcept {
  // A capture that has failed must be ended too, before the stream can be used again.
  cudaGraph_t graph = nullptr;
  bool captured = cudaStreamEndCapture(context_.stream_, &graph) == cudaSuccess && !spoilt_;
  cudaGraphExec_t executable = nullptr;
  captured = captured && cudaGraphInstantiate(&executable, graph, 0) == cudaSuccess;
  // Its memory on the device is taken now, while the commands can still be run one by one instead.
  if (captured && cudaGraphUpload(executable, context_.stream_) != cudaSuccess) {
    cudaGraphExecDestroy(executable);
    captured = false;
  }
  if (graph) cudaGraphDestroy(graph);
  cudaGetLastError();
  capturing_ = spoilt_ = false;
  if (!captured) return 0;
  captures_.emplace(++last_capture_, executable);
  return last_capture_;
}

void Device::launch(uint64_t capture) noexcept {
  op_ = "a compiled function";
  attempt("compile", [&] { require(cudaGraphLaunch(captures_.at(capture), context_.stream_), "cudaGraphLaunch"); });
}

void Device::drop_capture(uint64_t capture) noexcept {
  const auto found = captures_.find(capture);
  if (found == captures_.end()) return;
  cudaGraphExecDestroy(found->second);
  cudaGetLastError();
  captures_.erase(found);
}

bool Device::begin(const char* op) noexcept {
  if (lost_ || spoilt_) return false;
  op_ = op;
  return true;
}

void Device::fail(const char* what, const char* text) noexcept {
  if (capturing_) {
    spoilt_ = true;
  } else if (!look_for_loss()) {
    failures_.keep(what, text);
  }
}

bool Device::look_for_loss() noexcept {
  if (lost_) return true;
  const cudaError_t status = cudaStreamQuery(context_.stream_);
  cudaGetLastError();  // "not ready" would be taken for a failure of the next launch
  if (status != cudaSuccess && status != cudaErrorNotReady) lose(cudaGetErrorString(status));
  return lost_;
}

void Device::lose(const char* text) noexcept {
  std::snprintf(loss_, sizeof loss_, "cuda:%d was lost: %s (enqueued last: %s); it can be used again in a new process",
                number_, text, op_);
  lost_ = true;
}

const char* Device::failure() noexcept {
  if (capturing_) return nullptr;
  if (lost_) return loss_;
  std::atomic_ref<int> code(report_->code);
  if (code.load(std::memory_order_acquire) > 0) {
    failures_.keep(*report_);
    code.store(0, std::memory_order_release);
  }
  return failures_.take();
}

}  // namespace hebb::cuda
