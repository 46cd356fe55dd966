#include "cuda/runtime/failure.h"

#include <cstdio>
#include <cstring>
#include <string>

#include "core/error.h"
#include "ops/movement.h"
#include "ops/softmax.h"

namespace hebb::cuda {

void require(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // or the next launch is taken for the one that failed
  throw Error(std::string(what) + ": " + cudaGetErrorString(status));
}

void Failures::keep(const char* what, const char* text) noexcept {
  if (kept_[0] == '\0') std::snprintf(kept_, sizeof kept_, "%s: %s", what, text);
}

// A kernel cannot tell which op it belongs to. Only two ops have each failure, and the gradient, which is given the
// same values, comes second.
void Failures::keep(const DeviceFailure& failure) noexcept {
  try {
    switch (static_cast<Failure>(failure.code)) {
      case Failure::none:
        return;
      case Failure::label:
        return keep("softmax_cross_entropy", ops::label_error(failure.value, failure.at, failure.limit).what());
      case Failure::row:
        return keep("gather_rows", ops::row_error(failure.value, failure.at, failure.limit).what());
    }
    keep("cuda", "a kernel reported a failure of an unknown kind");
  } catch (const std::exception& error) {
    keep("cuda", error.what());
  }
}

const char* Failures::take() noexcept {
  if (kept_[0] == '\0') return nullptr;
  std::memcpy(told_, kept_, sizeof told_);
  clear();
  return told_;
}

}  // namespace hebb::cuda
