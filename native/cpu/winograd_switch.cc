#include "cpu/winograd_switch.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

namespace hebb::cpu {
namespace {

std::atomic<bool>& state() {
  static std::atomic<bool> on = [] {
    const char* text = std::getenv("HEBB_WINOGRAD");
    return !text || std::strcmp(text, "0") != 0;
  }();
  return on;
}

}  // namespace

bool winograd_is_on() { return state().load(std::memory_order_relaxed); }

void switch_winograd(bool on) { state().store(on, std::memory_order_relaxed); }

}  // namespace hebb::cpu
