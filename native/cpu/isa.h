// Which instruction sets this machine runs, and the kernels compiled for each.
#pragma once
#include <string>
#include <vector>

#include "ops/kernel_table.h"

namespace hebb::cpu {

// From the last resort to the widest. ref is no instruction set, but HEBB_CPU can ask for it by the same switch.
enum class Isa { ref, scalar, avx2, avx512, neon };

const char* name_of(Isa isa);

// Empty if this build, the processor and the operating system can all run it; else which of them cannot, and why.
std::string why_unusable(Isa isa);

// The usable ones, narrowest first, none above the one HEBB_CPU names (ref, scalar, avx2, avx512, neon). Never empty.
// Throws Error when HEBB_CPU is none of these names.
std::vector<Isa> supported();

// The last of supported().
Isa best();

// Only for a usable isa.
const KernelTable& table_for(Isa isa);

}  // namespace hebb::cpu
