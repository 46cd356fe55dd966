// What the core asks of a device with a memory of its own that works on while its executor goes ahead: a GPU, in a
// plugin. A plugin is another shared object with its own C++ library, so nothing here throws: failures are texts.
#pragma once
#include <cstddef>
#include <cstdint>

#include "core/allocator.h"

namespace hebb {

enum class Precision : int64_t { float32, tf32, bfloat16, count };

class Accelerator {
 public:
  // From any thread.
  virtual MemorySource& memory() noexcept = 0;  // device memory
  virtual int64_t total_memory() noexcept = 0;  // bytes
  // Before its executor starts: where it takes memory for itself.
  virtual void set_reserve(Reserve& reserve) noexcept = 0;
  // Page-locked memory of the host, cached by size; null when there is none.
  virtual void* acquire_staging(size_t bytes) noexcept = 0;
  // Given back once the work that reads or writes it has been passed by a reached fence, or was never enqueued.
  virtual void release_staging(void* staging) noexcept = 0;

  // All that follows: on the executor's thread alone, `enter` first. Work is enqueued in order and not waited for.
  virtual void enter() noexcept = 0;
  // From staging to the device, overlapping what the device computes. The staging memory is released when it is done.
  virtual void upload(void* target, void* staging, size_t bytes) noexcept = 0;
  virtual void download(void* staging, const void* source, size_t bytes) noexcept = 0;
  virtual void copy(void* target, const void* source, size_t bytes) noexcept = 0;

  // A point behind all work enqueued so far; fences are numbered from 1 and reached in order.
  virtual uint64_t fence() noexcept = 0;
  virtual bool reached(uint64_t fence) noexcept = 0;
  virtual void await(uint64_t fence) noexcept = 0;  // blocks

  // A recording that is replayed as one launch. What is enqueued between the two calls does not run. 0: it could not
  // be captured, and the reason is nobody's failure.
  virtual void begin_capture() noexcept = 0;
  virtual uint64_t end_capture() noexcept = 0;
  virtual void launch(uint64_t capture) noexcept = 0;
  virtual void drop_capture(uint64_t capture) noexcept = 0;  // once the work that uses it is done

  // What has gone wrong since the last call, here or on the device, or null. The text is valid until the next call.
  virtual const char* failure() noexcept = 0;

  virtual void set_precision(Precision precision) noexcept = 0;
  // Whether only algorithms that give the same bits every time may be used. True at first.
  virtual void set_deterministic(bool deterministic) noexcept = 0;

 protected:
  ~Accelerator() = default;  // they live as long as the process
};

}  // namespace hebb
