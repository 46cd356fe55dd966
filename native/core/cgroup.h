// What the container, rather than the machine, allows.
#pragma once
#include <cstdint>

namespace hebb {

int available_cpus();        // affinity mask, capped by the cgroup's CPU quota rounded up; at least 1
int64_t available_memory();  // bytes of physical memory, capped by the cgroup's limit

}  // namespace hebb
