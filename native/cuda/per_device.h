// What is made once for each device, by the first call on its executor, and lives as long as the process.
#pragma once
#include <map>
#include <memory>
#include <mutex>

#include "cuda/runtime/context.h"

namespace hebb::cuda {

template <class State>
State& per_device() {
  static std::mutex mutex;
  static auto* const states = new std::map<int, std::unique_ptr<State>>;  // not destroyed: CUDA may end before
  const std::lock_guard lock(mutex);
  std::unique_ptr<State>& state = (*states)[Context::current().device()];
  if (!state) state = std::make_unique<State>();
  return *state;
}

}  // namespace hebb::cuda
