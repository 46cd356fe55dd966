#include "cpu/isa.h"

#include <cstdlib>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

// The tables are defined by ref/table.cc and, once per instruction set, by cpu/table.cc.
namespace hebb::ref {
extern const KernelTable table;
}
namespace hebb::cpu::scalar {
extern const KernelTable table;
}
#if defined(__x86_64__)
namespace hebb::cpu::avx2 {
extern const KernelTable table;
}
namespace hebb::cpu::avx512 {
extern const KernelTable table;
}
#elif defined(__aarch64__)
namespace hebb::cpu::neon {
extern const KernelTable table;
}
#endif

namespace hebb::cpu {
namespace {

constexpr Isa every_isa[] = {Isa::ref, Isa::scalar, Isa::avx2, Isa::avx512, Isa::neon};

#if defined(__x86_64__)
struct Features {
  unsigned leaf1_ecx = 0, leaf7_ebx = 0;
  unsigned long long saved_state = 0;  // XCR0: the registers the operating system saves at a context switch
};

Features detect() {
  Features found;
  unsigned eax, ebx, ecx, edx;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return found;
  found.leaf1_ecx = ecx;
  if (ecx & bit_OSXSAVE) {
    unsigned low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    found.saved_state = static_cast<unsigned long long>(high) << 32 | low;
  }
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) found.leaf7_ebx = ebx;
  return found;
}

const Features& features() {
  static const Features found = detect();
  return found;
}

std::string missing(unsigned flags, unsigned wanted, const char* names) {
  return (flags & wanted) == wanted ? "" : std::string("the processor lacks one of ") + names;
}

// Intel SDM volume 1, 14.3 and 15.2: the instructions are usable only if the system saves their registers.
std::string why_no_avx2() {
  constexpr unsigned long long sse_and_avx = 0x6;
  std::string why = missing(features().leaf1_ecx, bit_AVX | bit_FMA | bit_F16C, "AVX, FMA, F16C");
  if (why.empty()) why = missing(features().leaf7_ebx, bit_AVX2, "AVX2");
  if (why.empty() && (features().saved_state & sse_and_avx) != sse_and_avx) {
    why = "the operating system does not save the AVX registers";
  }
  return why;
}

std::string why_no_avx512() {
  constexpr unsigned long long sse_avx_and_avx512 = 0xE6;
  std::string why = why_no_avx2();
  if (why.empty()) {
    why = missing(features().leaf7_ebx, bit_AVX512F | bit_AVX512BW | bit_AVX512VL | bit_AVX512DQ,
                  "AVX-512 F, BW, VL, DQ");
  }
  if (why.empty() && (features().saved_state & sse_avx_and_avx512) != sse_avx_and_avx512) {
    why = "the operating system does not save the AVX-512 registers";
  }
  return why;
}
#endif

}  // namespace

const char* name_of(Isa isa) {
  switch (isa) {
    case Isa::ref:
      return "ref";
    case Isa::scalar:
      return "scalar";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
    case Isa::neon:
      return "neon";
  }
  return "unknown";
}

std::string why_unusable(Isa isa) {
  if (isa == Isa::ref || isa == Isa::scalar) return "";
#if defined(__x86_64__)
  if (isa == Isa::avx2) return why_no_avx2();
  if (isa == Isa::avx512) return why_no_avx512();
#elif defined(__aarch64__)
  if (isa == Isa::neon) return "";
#endif
  return "this build is for another architecture";
}

std::vector<Isa> supported() {
  Isa cap = Isa::neon;
  if (const char* wanted = std::getenv("HEBB_CPU"); wanted && *wanted) {
    bool known = false;
    for (Isa isa : every_isa) {
      if (std::strcmp(wanted, name_of(isa)) == 0) cap = isa, known = true;
    }
    if (!known) {
      throw Error(std::string("HEBB_CPU: expected ref, scalar, avx2, avx512 or neon, got \"") + wanted + "\"");
    }
  }
  std::vector<Isa> usable;
  for (Isa isa : every_isa) {
    if (isa <= cap && why_unusable(isa).empty()) usable.push_back(isa);
  }
  return usable;
}

Isa best() { return supported().back(); }

const KernelTable& table_for(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::avx2:
      return avx2::table;
    case Isa::avx512:
      return avx512::table;
#elif defined(__aarch64__)
    case Isa::neon:
      return neon::table;
#endif
    case Isa::ref:
      return ref::table;
    default:
      return scalar::table;
  }
}

}  // namespace hebb::cpu
