// Host memory through which values travel to or from a device: page-locked where an accelerator gives it.
#pragma once
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "core/accelerator.h"
#include "core/error.h"

namespace hebb {

class Staging {
 public:
  Staging() = default;
  // Without an accelerator it is ordinary memory. Throws OutOfMemory.
  Staging(Accelerator* accelerator, size_t bytes) : accelerator_(accelerator) {
    if (bytes == 0) return;
    data_ = accelerator ? accelerator->acquire_staging(bytes) : ::operator new(bytes, std::nothrow);
    if (!data_) throw OutOfMemory("out of memory: " + std::to_string(bytes) + " bytes of the host's asked for");
  }
  Staging(Staging&& other) noexcept { *this = std::move(other); }
  Staging& operator=(Staging&& other) noexcept {
    std::swap(accelerator_, other.accelerator_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~Staging() {
    if (!data_) return;
    if (accelerator_) {
      accelerator_->release_staging(data_);
    } else {
      ::operator delete(data_);
    }
  }

  Accelerator* accelerator() const { return accelerator_; }
  void* data() const { return data_; }
  void* release() { return std::exchange(data_, nullptr); }  // the caller's now

 private:
  Accelerator* accelerator_ = nullptr;
  void* data_ = nullptr;
};

}  // namespace hebb
