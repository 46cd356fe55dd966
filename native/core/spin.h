// Waiting without sleeping. In a virtual machine, waking a processor that has gone to sleep takes tens of microseconds:
// as long as many a kernel.
#pragma once
#include <sched.h>

#include <chrono>

#include "core/inline.h"

namespace hebb {

HEBB_INLINE void pause_cpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits until ready() or until the time is over, and tells which. Between looks it offers the processor to whoever else
// can use it: the JavaScript thread, where there are as many threads of ours as processors.
template <class Ready>
HEBB_INLINE bool spin(std::chrono::microseconds limit, const Ready& ready) {
  constexpr int pauses_per_offer = 32;
  for (int i = 0; i < pauses_per_offer; ++i) {
    if (ready()) return true;
    pause_cpu();
  }
  const auto until = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < until) {
    sched_yield();
    for (int i = 0; i < pauses_per_offer; ++i) {
      if (ready()) return true;
      pause_cpu();
    }
  }
  return ready();
}

}  // namespace hebb
