// Sizes of memory as people write them.
#pragma once
#include <cstdint>
#include <string>

namespace hebb {

// Bytes from "6000000000", "512M", "1.5G" (powers of 1024) or "80%" of the total. Throws Error("<name>: expected ...").
int64_t parse_memory_size(const std::string& name, const std::string& text, int64_t total);

}  // namespace hebb
