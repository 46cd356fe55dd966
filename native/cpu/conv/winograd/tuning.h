// The numbers of Winograd's convolution, one set per instruction set.
#pragma once
#include "cpu/simd/simd.h"

namespace hebb::cpu::HEBB_ISA::winograd {

// Registers hold row_tile x (column_vectors * Vec::width) sums. A block of images' tiles at depth_block channels and
// their products with filter_block filters, for all frequencies, stay in the second-level cache.
#ifndef TB
#define TB 56
#define KB 128
#define DB 64
#endif
#ifndef GT
#define GT 56
#endif
#if defined(__AVX512F__)
constexpr int row_tile = 14;
constexpr int64_t tile_block = TB, filter_block = KB, depth_block = DB;
#elif defined(__AVX2__)
constexpr int row_tile = 6;
constexpr int64_t tile_block = 48, filter_block = 128, depth_block = 64;
#elif defined(__aarch64__)
constexpr int row_tile = 8;
constexpr int64_t tile_block = 32, filter_block = 64, depth_block = 64;
#else
constexpr int row_tile = 4;
constexpr int64_t tile_block = 32, filter_block = 64, depth_block = 64;
#endif
constexpr int column_vectors = 2;
constexpr int64_t column_tile = column_vectors * Vec::width;

// The gradient of the filters: blocks of gradient_filters x gradient_channels products for all frequencies, summed over
// gradient_tiles tiles at a time, stay there too. Few blocks are split in chunks of tiles, for gradient_items in all.
constexpr int64_t gradient_filters = 64, gradient_channels = 64, gradient_tiles = GT, gradient_items = 16;

// The distance between a tile's channels and the next tile's. Frequencies are a cache line more than a multiple of it
// apart: 36 stores at a multiple of 4 KiB would fall into the same cache set.
constexpr int64_t row_stride = depth_block;
constexpr int64_t skew = 16;

}  // namespace hebb::cpu::HEBB_ISA::winograd
