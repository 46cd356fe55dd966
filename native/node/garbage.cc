#include "node/garbage.h"

namespace hebb::node {

void collect_if_filling(napi_env env, const Device& device) {
  const MemoryStatistics now = device.allocator->statistics();
  if (now.used < device.least_used) device.least_used = now.used;
  if (now.used < now.limit / 2 || now.used - device.least_used < now.limit / 8) return;
  device.least_used = now.used;
  // More than V8 puts up with between two collections (half of its heap's limit): it collects at once.
  constexpr int64_t alarming = int64_t{4} << 30;
  int64_t total;
  napi_adjust_external_memory(env, alarming, &total);
  napi_adjust_external_memory(env, -alarming, &total);
}

}  // namespace hebb::node
