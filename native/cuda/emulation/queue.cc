#include "cuda/emulation/queue.h"

#include <cfenv>
#include <mutex>
#include <utility>
#include <vector>

#include "cuda/emulation/work.h"

namespace hebb::cuda::emulation {
namespace {

constexpr size_t most_pending = 1000;  // then the oldest runs, as a GPU's queue is finite

struct Gpu {
  std::recursive_mutex mutex;  // work may run other work first, when one stream waits for another
  std::vector<std::shared_ptr<Queue>> queues;
};
Gpu& gpu(int device) {
  static auto* const all = new Gpu[most_devices];
  return all[device];
}

// Denormals are numbers, as on a GPU, whatever the calling thread has set.
class DefaultArithmetic {
 public:
  DefaultArithmetic() {
    std::fegetenv(&old_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~DefaultArithmetic() { std::fesetenv(&old_); }

 private:
  std::fenv_t old_;
};

}  // namespace

std::shared_ptr<Queue> Queue::open(int device) {
  const std::lock_guard lock(gpu(device).mutex);
  return gpu(device).queues.emplace_back(std::make_shared<Queue>(device));
}

void Queue::close(const std::shared_ptr<Queue>& queue) {
  const std::lock_guard lock(gpu(queue->device_).mutex);
  queue->run_until(queue->end());
  std::erase(gpu(queue->device_).queues, queue);
}

void Queue::run_all(int device) {
  const std::lock_guard lock(gpu(device).mutex);
  for (const auto& queue : gpu(device).queues) queue->run_until(queue->end());
}

uint64_t Queue::add(std::function<void()> work) {
  const std::lock_guard lock(gpu(device_).mutex);
  pending_.push_back(std::move(work));
  if (pending_.size() > most_pending) run_until(done_ + 1);
  return done_ + pending_.size();
}

uint64_t Queue::end() const {
  const std::lock_guard lock(gpu(device_).mutex);
  return done_ + pending_.size();
}

bool Queue::is_done(uint64_t position) const {
  const std::lock_guard lock(gpu(device_).mutex);
  return done_ >= position;
}

void Queue::run_until(uint64_t position) {
  const std::lock_guard lock(gpu(device_).mutex);
  const DeviceAccess access;
  const DefaultArithmetic arithmetic;
  while (done_ < position && !pending_.empty()) {
    const std::function<void()> work = std::move(pending_.front());
    if (!is_lost(device_)) work();
    pending_.pop_front();
    ++done_;
  }
}

}  // namespace hebb::cuda::emulation
