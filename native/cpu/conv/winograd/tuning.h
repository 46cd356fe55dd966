// The numbers of Winograd's convolution, one set per instruction set.
#pragma once
#include "cpu/simd/simd.h"

namespace hebb::cpu::HEBB_ISA::winograd {

// Registers hold row_tile x (column_vectors * Vec::width) sums. The products of tile_block tiles with filter_block
// filters stay, for all frequencies, near the second-level cache until they are transformed back; what they are made of
// streams past. With strides of 2 a tile is 81 products instead of 36, and tiles of a block are odd in number
// (forward.cc).
#if defined(__AVX512F__)
constexpr int row_tile = 14;
constexpr int64_t tile_block = 56, filter_block = 256, strided_tile_block = 13;
#elif defined(__AVX2__)
constexpr int row_tile = 6;
constexpr int64_t tile_block = 54, filter_block = 256, strided_tile_block = 11;
#elif defined(__aarch64__)
constexpr int row_tile = 8;
constexpr int64_t tile_block = 32, filter_block = 128, strided_tile_block = 15;
#else
constexpr int row_tile = 4;
constexpr int64_t tile_block = 32, filter_block = 128, strided_tile_block = 11;
#endif
constexpr int64_t strided_filter_block = 128;
constexpr int column_vectors = 2;
constexpr int64_t column_tile = column_vectors * Vec::width;

// Where all tiles are one block of at most few_tiles, transformed filters are used once: few_tiles_filter_block of them
// at a time stay near the cache instead of going through memory.
constexpr int64_t few_tiles = 84, few_strided_tiles = 37, few_tiles_filter_block = 32;

// Where tiles are fewer still, filters of 3 taps are transformed in registers while they are multiplied, for four tiles
// at a time: for a channel and filter that takes the time of so many multiplications. 0: never, since there are too few
// registers or it was not measured.
#if defined(__AVX512F__)
constexpr int64_t cost_on_the_way = 230;
#else
constexpr int64_t cost_on_the_way = 0;
#endif

// Sums over channels are made in parts of this length, added up at the end: a third of the rounding errors of one sum
// over 512 channels. It is also the distance between a tile's channels and the next tile's.
constexpr int64_t row_stride = 64;
// Frequencies are a cache line more than a multiple of it apart: 36 stores at a multiple of 4 KiB would fall into the
// same set of the cache.
constexpr int64_t skew = 16;

// The gradient of the filters: blocks of gradient_filters x gradient_channels products for all frequencies stay in the
// second-level cache, summed over gradient_tiles tiles at a time. Few blocks are split in chunks of tiles, for
// gradient_items pieces of work in all.
constexpr int64_t gradient_filters = 64, gradient_channels = 64, gradient_tiles = 56, gradient_strided_tiles = 25,
                  gradient_items = 16;

// The gate: channels and filters of a group at least, and how many multiplications take as long as the transform of a
// channel's and filter's weights, and of their gradient (measured; mostly memory traffic). With strides of 2 the tiles'
// transforms count as well: a tile is 81 products.
constexpr int64_t least_channels = 32, filter_transform_cost = 400, filter_gradient_cost = 1200;
constexpr int64_t strided_filter_cost = 1000, strided_tile_cost = 101, strided_gradient_tile_cost = 109;

}  // namespace hebb::cpu::HEBB_ISA::winograd
