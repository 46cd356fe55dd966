// Which GPUs there are, and why there are none. No memory is taken on any of them.
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

struct Lack {
  std::string reason, remedy;
};

struct Discovery {
  std::string driver;  // its version, or ""
  Lack of_driver, of_gpus;
  std::vector<Gpu> usable, too_old;
};

Discovery look();
const Discovery& discover();  // looks once

}  // namespace hebb::cuda
