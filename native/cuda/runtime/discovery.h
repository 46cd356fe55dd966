// Which GPUs there are, and why there are none. Looks once, without taking memory on any of them.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace hebb::cuda {

struct Gpu {
  int ordinal;  // CUDA's number of it
  std::string name;
  int capability;  // times ten
  int multiprocessors;
  int64_t memory;  // bytes
};

struct Discovery {
  std::string driver;          // its version, or ""
  std::string reason, remedy;  // why there is no usable GPU, else ""
  std::vector<Gpu> usable, too_old;
};

const Discovery& discover();

}  // namespace hebb::cuda
