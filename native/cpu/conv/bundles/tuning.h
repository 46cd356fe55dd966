// The numbers of convolutions by bundles, one set per instruction set.
#pragma once
#include "cpu/simd/simd.h"

namespace hebb::cpu::HEBB_ISA::bundles {

// Registers hold the sums of some positions with some results each, the factors of one position or result, and a vector
// that is read. A single position has more results.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int registers = 32, most_outs = 6, most_positions = 6, most_outs_of_one = 16;
#else
constexpr int registers = 16, most_outs = 3, most_positions = 6, most_outs_of_one = 12;
#endif
constexpr int positions_at_once(int outs) {
  const int fit = (registers - 1 - outs) / outs;
  return fit < most_positions ? fit : most_positions;
}

// Multiplications for which another thread is worth its while: 2 microseconds of one.
constexpr int64_t products_of_thread = int64_t{1} << 18;

// Filters, or channels of the input's gradient, up to which lanes are better filled by images.
constexpr int64_t most_results = Vec::width * 3 / 2;
// With fewer taps turning is most of the work, the more so where a position's results fill one vector.
constexpr int64_t least_taps = 9, least_taps_of_full_lanes = 48;

// Of the gradient of the weights: filters whose sums are in registers.
constexpr int most_filters_at_once = registers == 32 ? 4 : 3;
// Into how many parts the gradient of the weights is cut, where there are images and rows enough.
constexpr int64_t least_parts = 4, most_parts = 32;
// Of both bundles, for the gradient of the weights at a time: most of a first-level cache.
constexpr int64_t near_floats = int64_t{9} << 10;
// Of what is read for one band: half of a second-level cache, or less.
constexpr int64_t most_floats = int64_t{100} << 10;

}  // namespace hebb::cpu::HEBB_ISA::bundles
