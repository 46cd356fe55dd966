// A GPU as the core sees it. One stream computes, another brings what is uploaded; all but the staging memory is used
// by the executor's thread alone.
#pragma once
#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "core/accelerator.h"
#include "cuda/runtime/context.h"
#include "cuda/runtime/discovery.h"
#include "cuda/runtime/failure.h"
#include "cuda/runtime/fences.h"
#include "cuda/runtime/staging.h"
#include "cuda/runtime/upload_ring.h"

namespace hebb::cuda {

class DeviceMemory final : public MemorySource {
 public:
  explicit DeviceMemory(int ordinal) : ordinal_(ordinal) {}
  void* acquire(int64_t bytes) override;
  void release(void* data, int64_t bytes) override;
  std::string refusal() const override;

 private:
  int ordinal_;
  std::atomic<int> refusal_{0};  // a cudaError_t
};

class Device final : public Accelerator {
 public:
  explicit Device(int number, const Gpu& gpu);

  // Those that discovery found usable; they live as long as the process.
  static int count();
  static Device& at(int number);
  // That of the executor whose thread is the calling one; other threads have the first, for tests.
  static Device& current();

  Context& context() { return context_; }
  // Before a kernel. False when it must not run: the device is lost, or the capture cannot be kept any more.
  bool begin(const char* op) noexcept;
  void fail(const char* what, const char* text) noexcept;
  void* take(size_t bytes) noexcept;  // see Context

  MemorySource& memory() noexcept override { return memory_; }
  int64_t total_memory() noexcept override { return gpu_.memory; }
  void set_reserve(Reserve& reserve) noexcept override { reserve_ = &reserve; }
  void* acquire_staging(size_t bytes) noexcept override;
  void release_staging(void* staging) noexcept override;
  void enter() noexcept override;
  void upload(void* target, void* staging, size_t bytes) noexcept override;
  void download(void* staging, const void* source, size_t bytes) noexcept override;
  void copy(void* target, const void* source, size_t bytes) noexcept override;
  uint64_t fence() noexcept override;
  bool reached(uint64_t fence) noexcept override;
  void await(uint64_t fence) noexcept override;
  void begin_capture() noexcept override;
  uint64_t end_capture() noexcept override;
  void launch(uint64_t capture) noexcept override;
  void drop_capture(uint64_t capture) noexcept override;
  const char* failure() noexcept override;
  void set_precision(Precision precision) noexcept override { context_.precision = precision; }
  void set_deterministic(bool deterministic) noexcept override { context_.deterministic = deterministic; }

 private:
  void open() noexcept;
  bool look_for_loss() noexcept;
  void lose(const char* text) noexcept;
  // Runs what may throw; keeps what it throws.
  template <class Body>
  void attempt(const char* what, Body body) noexcept;

  const int number_;
  const Gpu gpu_;
  Context context_;
  cudaStream_t copy_stream_ = nullptr;
  DeviceMemory memory_;
  Reserve* reserve_ = nullptr;  // null without an addon, in tests
  Staging staging_;
  UploadRing uploads_;
  Fences fences_;
  Failures failures_;
  DeviceFailure* report_ = nullptr;  // the host's address of the context's
  std::once_flag opened_;
  const char* op_ = "no kernel";  // the last one that was enqueued
  std::map<uint64_t, cudaGraphExec_t> captures_;
  uint64_t last_capture_ = 0;
  bool capturing_ = false, spoilt_ = false;  // spoilt: the capture can only be thrown away
  // After some failures CUDA refuses everything until the process ends.
  bool lost_ = false;
  char loss_[512] = "";
};

}  // namespace hebb::cuda
