#include "core/memory_size.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace hebb {
namespace {

// What one of the unit is in bytes; 0 for what is no unit.
double unit_bytes(const std::string& unit, int64_t total) {
  if (unit.empty()) return 1;
  if (unit == "K" || unit == "k") return 0x1p10;
  if (unit == "M" || unit == "m") return 0x1p20;
  if (unit == "G" || unit == "g") return 0x1p30;
  if (unit == "%") return static_cast<double>(total) / 100;
  return 0;
}

}  // namespace

int64_t parse_memory_size(const std::string& name, const std::string& text, int64_t total) {
  double number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  const double bytes = number * unit_bytes({end, text.data() + text.size()}, total);
  constexpr auto most = static_cast<double>(std::numeric_limits<int64_t>::max());
  if (status != std::errc() || !(bytes >= 1) || bytes >= most) {
    throw Error(name + ": expected bytes such as 6000000000, 512M or 6G, or a share such as 80%, got '" + text + "'");
  }
  return static_cast<int64_t>(bytes);
}

}  // namespace hebb
