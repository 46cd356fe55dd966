// How wide the accesses may be that move runs of bytes.
#pragma once
#include <cstdint>

#include "cuda/kernels/pack.h"

namespace hebb::cuda {

// The widest access that whole numbers of make up all the lengths it is told of, which are in bytes.
class Unit {
 public:
  explicit Unit(int64_t element) : element_(element) {}
  void fit(int64_t length) {
    while (length % bytes_ != 0) bytes_ = bytes_ > 4 ? bytes_ / 2 : 1;
  }
  int64_t bytes() const { return bytes_; }
  int64_t elements() const { return bytes_ / element_; }

 private:
  int64_t element_, bytes_ = 16;
};

// Calls body(a value of a type of so many bytes).
template <class Body>
void with_type_of(int64_t bytes, const Body& body) {
  if (bytes == 16) return body(Pack<4, uint32_t>{});
  if (bytes == 8) return body(Pack<2, uint32_t>{});
  if (bytes == 4) return body(uint32_t{});
  body(uint8_t{});
}

}  // namespace hebb::cuda
