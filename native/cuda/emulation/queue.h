// Work of the streams of emulated GPUs. It runs when somebody waits for it or looks whether it is done, never before:
// who reads too early, or lets two streams race, finds nothing done.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

namespace hebb::cuda::emulation {

class Queue {
 public:
  explicit Queue(int device) : device_(device) {}

  // One that is known to run_all until it is closed.
  static std::shared_ptr<Queue> open(int device);
  static void close(const std::shared_ptr<Queue>& queue);
  static void run_all(int device);

  int device() const { return device_; }
  uint64_t add(std::function<void()> work);  // its position
  uint64_t end() const;                      // the position of the last that was added
  bool is_done(uint64_t position) const;
  // Runs all up to there. What is enqueued on a lost device never runs, but counts as done.
  void run_until(uint64_t position);

 private:
  const int device_;
  std::deque<std::function<void()>> pending_;
  uint64_t done_ = 0;
};

}  // namespace hebb::cuda::emulation
