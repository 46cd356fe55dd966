#include "core/cgroup.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace hebb {
namespace {

// The first word of a one-line control file as a number, or -1 for "max", a missing file or anything else.
int64_t first_number(const char* path, int64_t* second = nullptr) {
  std::ifstream file(path);
  std::string word;
  if (!(file >> word)) return -1;
  if (second && !(file >> *second)) return -1;
  char* end = nullptr;
  const long long value = std::strtoll(word.c_str(), &end, 10);
  return end && *end == '\0' && value > 0 ? value : -1;
}

int64_t cpu_quota() {
  int64_t period = 0;
  int64_t quota = first_number("/sys/fs/cgroup/cpu.max", &period);
  if (quota < 0) {
    quota = first_number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
    period = first_number("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  }
  return quota > 0 && period > 0 ? (quota + period - 1) / period : -1;
}

}  // namespace

int available_cpus() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  int64_t count = sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : sysconf(_SC_NPROCESSORS_ONLN);
  const int64_t quota = cpu_quota();
  if (quota > 0) count = std::min(count, quota);
  return static_cast<int>(std::max<int64_t>(count, 1));
}

int64_t available_memory() {
  const int64_t physical = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
  int64_t limit = first_number("/sys/fs/cgroup/memory.max");
  if (limit < 0) limit = first_number("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  return limit > 0 ? std::min(physical, limit) : physical;
}

}  // namespace hebb
