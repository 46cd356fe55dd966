// A stack of its own for code that stops half way and goes on later, on the same system thread.
#pragma once
#include <cstddef>

namespace hebb::cuda::emulation {

class Fiber {
 public:
  // The body never returns: when it has nothing to do, it suspends.
  explicit Fiber(void (*body)());
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  void resume();          // runs it until it suspends
  static void suspend();  // from a fiber, back to where it was resumed
  void restart();         // forgets where it stood: the next resume enters the body anew

 private:
  static void enter();

  void (*body_)();
  char* memory_;
  void* stack_pointer_ = nullptr;
  void* fake_stack_ = nullptr;  // AddressSanitizer's
};

}  // namespace hebb::cuda::emulation
