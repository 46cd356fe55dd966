// Runs the threads of a block in turn on one system thread. A thread runs until it ends or must wait for others; only
// one that waits keeps a fiber, so a kernel without barriers is a plain loop over its threads. Warps are run one after
// the other, each as far as it goes, and every other launch runs everything backwards: what lacks a barrier shows.
#include "cuda/emulation/grid.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "cuda/emulation/fiber.h"
#include "cuda/emulation/work.h"

namespace hebb::cuda::emulation {
namespace {

constexpr unsigned most_threads = 1024, most_blocks_y_or_z = 65535, most_blocks_x = 2147483647;
constexpr size_t most_shared_bytes = size_t{48} << 10;
constexpr unsigned garbage = 0xFF;  // NaN as floats

enum class State : uint8_t { fresh, ready, at_block_barrier, in_warp, ended };

struct Thread {
  State state;
  WarpOperation operation;
  unsigned mask;
  int source;
  uint64_t value, result;
  Fiber* fiber;
  Site site;
  bool waits() const { return state == State::at_block_barrier || state == State::in_warp; }
};

class Machine {
 public:
  ~Machine() { std::free(shared_); }

  // False if threads waited for others in vain; stderr says which.
  bool run(dim3 grid, dim3 block, size_t shared_bytes, const std::function<void()>& kernel);

  void wait_for_block(const Site& site);
  uint64_t exchange(WarpOperation operation, unsigned mask, uint64_t value, int source, const Site& site);
  int lane() const { return running_ % warpSize; }
  void* shared() const { return shared_; }

 private:
  static void work();
  void run_lanes();
  void run_block();
  void run_warp(int first);
  bool cross_barrier();
  void complete(int first, unsigned group);
  void complain(const char* problem, int thread, int other);
  [[noreturn]] void stop(const char* problem, int other);
  void enter(int thread);
  int at(int turn, int count) const { return backwards_ ? count - 1 - turn : turn; }
  Fiber* idle_fiber();

  const std::function<void()>* kernel_ = nullptr;
  bool backwards_ = true, failed_ = false;
  int count_ = 0;                                       // threads of a block
  int running_ = 0, turn_ = 0, first_ = 0, lanes_ = 0;  // the thread that runs; in the warp that runs, its turn
  std::vector<Thread> threads_;
  std::vector<uint3> positions_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> idle_;
  void* shared_ = nullptr;
};
thread_local Machine machine;

bool Machine::run(dim3 grid, dim3 block, size_t shared_bytes, const std::function<void()>& kernel) {
  kernel_ = &kernel;
  backwards_ = !backwards_;
  failed_ = false;
  gridDim = grid, blockDim = block;
  count_ = static_cast<int>(block.x * block.y * block.z);
  threads_.resize(count_);
  positions_.clear();
  for (unsigned z = 0; z < block.z; ++z)
    for (unsigned y = 0; y < block.y; ++y)
      for (unsigned x = 0; x < block.x; ++x) positions_.push_back({x, y, z});
  std::free(shared_);
  shared_ = std::malloc(shared_bytes);
  const int64_t blocks = static_cast<int64_t>(grid.x) * grid.y * grid.z;
  for (int64_t turn = 0; turn < blocks && !failed_; ++turn) {
    const int64_t index = backwards_ ? blocks - 1 - turn : turn;
    blockIdx.x = static_cast<unsigned>(index % grid.x);
    blockIdx.y = static_cast<unsigned>(index / grid.x % grid.y);
    blockIdx.z = static_cast<unsigned>(index / grid.x / grid.y);
    if (shared_bytes > 0) std::memset(shared_, garbage, shared_bytes);
    run_block();
  }
  if (failed_) {
    idle_.clear();
    for (const auto& fiber : fibers_) {
      fiber->restart();
      idle_.push_back(fiber.get());
    }
  }
  return !failed_;
}

void Machine::run_block() {
  for (Thread& thread : threads_) thread.state = State::fresh;
  const int warps = (count_ + warpSize - 1) / warpSize;
  do {
    for (int turn = 0; turn < warps && !failed_; ++turn) run_warp(at(turn, warps) * warpSize);
  } while (!failed_ && cross_barrier());
}

// Runs the threads of a warp until all have ended or wait for other warps.
void Machine::run_warp(int first) {
  first_ = first;
  lanes_ = count_ - first < warpSize ? count_ - first : warpSize;
  bool moved = true;
  while (moved && !failed_) {
    moved = false;
    for (turn_ = 0; turn_ < lanes_ && !failed_; ++turn_) {
      Thread& next = threads_[first + at(turn_, lanes_)];
      if (next.state != State::fresh && next.state != State::ready) continue;
      moved = true;
      Fiber* const fiber = next.state == State::fresh ? idle_fiber() : next.fiber;
      enter(first + at(turn_, lanes_));
      fiber->resume();
      // It may have gone on to fresh threads; the one that runs now is the last.
      Thread& last = threads_[running_];
      if (last.state == State::ended) {
        idle_.push_back(fiber);
      } else {
        last.fiber = fiber;
      }
    }
  }
}

void Machine::work() {
  for (;;) {
    machine.run_lanes();
    Fiber::suspend();
  }
}

// On a fiber: the thread that was entered, and the fresh ones whose turn comes next.
void Machine::run_lanes() {
  for (;;) {
    (*kernel_)();
    threads_[running_].state = State::ended;
    if (turn_ + 1 >= lanes_) return;
    const int next = first_ + at(turn_ + 1, lanes_);
    if (threads_[next].state != State::fresh) return;
    ++turn_;
    enter(next);
  }
}

void Machine::enter(int thread) {
  running_ = thread;
  threadIdx = positions_[thread];
}

Fiber* Machine::idle_fiber() {
  if (idle_.empty()) {
    fibers_.push_back(std::make_unique<Fiber>(work));
    return fibers_.back().get();
  }
  Fiber* const fiber = idle_.back();
  idle_.pop_back();
  return fiber;
}

// Whether threads go on, once no warp can. All of a block's threads must have come to the same barrier.
bool Machine::cross_barrier() {
  int waiting = -1, ended = -1;
  for (int thread = 0; thread < count_; ++thread) {
    if (threads_[thread].state == State::in_warp) {
      complain("waits for lanes of its warp that never come", thread, thread);
      return false;
    }
    (threads_[thread].state == State::ended ? ended : waiting) = thread;
  }
  if (waiting < 0) return false;
  if (ended >= 0) {
    complain("waits at a barrier, but another has ended", waiting, ended);
    return false;
  }
  for (int thread = 0; thread < count_; ++thread) {
    if (threads_[thread].site.line() != threads_[waiting].site.line() ||
        threads_[thread].site.column() != threads_[waiting].site.column()) {
      complain("waits at one barrier, another at a different one", waiting, thread);
      return false;
    }
  }
  for (Thread& thread : threads_) thread.state = State::ready;
  return true;
}

void Machine::complain(const char* problem, int thread, int other) {
  failed_ = true;
  const Site& site = threads_[thread].site;
  std::fprintf(stderr, "%s:%u: in %s: block (%u, %u, %u): thread %d %s (thread %d)\n", site.file_name(), site.line(),
               site.function_name(), blockIdx.x, blockIdx.y, blockIdx.z, thread, problem, other);
}

void Machine::stop(const char* problem, int other) {
  complain(problem, running_, other);
  threads_[running_].state = State::in_warp;
  for (;;) Fiber::suspend();
}

void Machine::wait_for_block(const Site& site) {
  Thread& self = threads_[running_];
  self.site = site;
  self.state = State::at_block_barrier;
  Fiber::suspend();
}

uint64_t Machine::exchange(WarpOperation operation, unsigned mask, uint64_t value, int source, const Site& site) {
  Thread& self = threads_[running_];
  const int first = running_ - lane();
  const unsigned present = lanes_ == warpSize ? ~0u : (1u << lanes_) - 1, group = mask & present;
  self.operation = operation, self.mask = mask, self.value = value, self.source = source, self.site = site;
  if ((group >> lane() & 1) == 0) stop("is not in the mask of its own warp operation", running_);
  if (operation == WarpOperation::shuffle && (source < 0 || source >= warpSize || (group >> source & 1) == 0)) {
    stop("reads from a lane that takes no part in the shuffle", first + source);
  }
  self.state = State::in_warp;
  unsigned arrived = 0;
  for (int other = 0; other < lanes_; ++other) {
    arrived |= static_cast<unsigned>(threads_[first + other].state == State::in_warp) << other;
  }
  if ((arrived & group) == group) {
    complete(first, group);
    self.state = State::ready;
  } else {
    Fiber::suspend();
  }
  return self.result;
}

// All lanes of the group have come: each gets its result and may go on.
void Machine::complete(int first, unsigned group) {
  const Thread& self = threads_[running_];
  uint64_t ballot = 0;
  for (int lane = 0; lane < lanes_; ++lane) {
    if ((group >> lane & 1) == 0) continue;
    const Thread& other = threads_[first + lane];
    if (other.operation != self.operation || other.mask != self.mask || other.site.line() != self.site.line() ||
        other.site.column() != self.site.column()) {
      stop("waits at one warp operation, another lane at a different one", first + lane);
    }
    if (other.value != 0) ballot |= uint64_t{1} << lane;
  }
  for (int lane = 0; lane < lanes_; ++lane) {
    if ((group >> lane & 1) == 0) continue;
    Thread& other = threads_[first + lane];
    other.result = other.operation == WarpOperation::ballot ? ballot : threads_[first + other.source].value;
    other.state = State::ready;
  }
}

}  // namespace

void launch(cudaStream_t stream, dim3 grid, dim3 block, size_t shared_bytes, std::function<void()> kernel) {
  const uint64_t threads = static_cast<uint64_t>(block.x) * block.y * block.z;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > most_blocks_x || grid.y > most_blocks_y_or_z ||
      grid.z > most_blocks_y_or_z || threads == 0 || threads > most_threads || block.z > 64) {
    fail(cudaErrorInvalidConfiguration);
    return;
  }
  if (shared_bytes > most_shared_bytes) {
    fail(cudaErrorInvalidValue);
    return;
  }
  const int device = current_device();
  enqueue(stream, [=, kernel = std::move(kernel)] {
    if (!machine.run(grid, block, shared_bytes, kernel)) lose(device, cudaErrorLaunchFailure);
  });
}

void* dynamic_shared() { return machine.shared(); }
void block_barrier(const Site& site) { machine.wait_for_block(site); }
uint64_t warp_exchange(WarpOperation operation, unsigned mask, uint64_t value, int source, const Site& site) {
  return machine.exchange(operation, mask, value, source, site);
}
int lane() { return machine.lane(); }

}  // namespace hebb::cuda::emulation
