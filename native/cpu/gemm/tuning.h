// All the numbers of the packed matrix product, one set per instruction set. The loops and their names are those of
// Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (ACM TOMS 34, 2008), and of BLIS.
#pragma once
#include "cpu/simd/simd.h"

namespace hebb::cpu::HEBB_ISA {

// A tile of the product is tile_rows x (tile_vectors * Vec::width), held in registers with one row of b and one element
// of a. A row panel of a, depth_block deep, stays in the first-level cache while column_panels_of_block panels of b
// stream past it from the second; row_panels_of_block panels of a are packed at a time.
#if defined(__AVX512F__)
constexpr int tile_rows = 14, tile_vectors = 2;
constexpr int64_t depth_block = 256, row_panels_of_block = 16, column_panels_of_block = 32;
#elif defined(__AVX2__)
constexpr int tile_rows = 6, tile_vectors = 2;
constexpr int64_t depth_block = 256, row_panels_of_block = 24, column_panels_of_block = 16;
#elif defined(__aarch64__)
constexpr int tile_rows = 8, tile_vectors = 2;
constexpr int64_t depth_block = 256, row_panels_of_block = 16, column_panels_of_block = 64;
#else
constexpr int tile_rows = 4, tile_vectors = 2;
constexpr int64_t depth_block = 256, row_panels_of_block = 24, column_panels_of_block = 32;
#endif
constexpr int64_t tile_columns = tile_vectors * Vec::width;
static_assert(depth_block % Vec::width == 0);

// Where the rows of a are read in place (gemm/in_place.h) a tile has so many, as there are registers for their
// addresses. Where there are registers for the sums it has wide_tile_rows instead and two panels of b: 10 loads for 24
// products, not 10 for 16 (none: 0); if b was packed before, or a thread has wide_least_rows. packing_rows rows are
// packed nevertheless for packing_columns columns, and of two matrices both for matrix_columns: the tile of packed
// rows needs fewer instructions, and less of the second-level cache, where each element of a is used that often. Blocks
// of rows_of_block rows are located at a time, lines of an image copied for them at most line_floats long; b is packed
// whole if it has no more than in_place_floats, otherwise large_b_panels panels at a time.
#if defined(__AVX512F__)
constexpr int row_tile_rows = 8, wide_tile_rows = 6;
constexpr int64_t line_floats = 96 << 10, packing_rows = 32, packing_columns = 256, matrix_columns = 128;
#elif defined(__aarch64__)
constexpr int row_tile_rows = 8, wide_tile_rows = 0;
constexpr int64_t line_floats = 48 << 10;
#elif defined(__AVX2__)
constexpr int row_tile_rows = 6, wide_tile_rows = 0;
constexpr int64_t line_floats = 48 << 10;
#else
constexpr int row_tile_rows = 4, wide_tile_rows = 0;
constexpr int64_t line_floats = 48 << 10;
#endif
#if !defined(__AVX512F__)
constexpr int64_t packing_rows = INT64_MAX, packing_columns = INT64_MAX, matrix_columns = INT64_MAX;
#endif
constexpr int64_t wide_least_rows = 512;
constexpr int64_t rows_of_block = 24 * row_tile_rows, in_place_floats = int64_t{4} << 20, large_b_panels = 12;
// A b of two matrices with so many floats, and so many from a depth to the next, is not packed: it stays in the
// second-level cache, and its depths do not drive each other out of the first.
constexpr int64_t resting_floats = int64_t{1} << 18, resting_stride = 1024;
// Of two matrices nothing is packed if b has no more floats than this, and its depths are no further apart: a block of
// them then lies in few enough pages.
#if defined(__AVX2__) && !defined(__AVX512F__)
constexpr int64_t unpacked_floats = int64_t{1} << 16, unpacked_stride = 192;
#else
constexpr int64_t unpacked_floats = 0, unpacked_stride = 0;
#endif
// Copies of single windows lie apart, with unused memory between them: they reach over so many floats.
constexpr int64_t window_floats = int64_t{1} << 20;
// A thread's piece of a product in so many parts, which others take where it is late.
constexpr int parts_of_piece = 4;
// Panels of b with so many floats stay in the second-level cache while rows stream past.
constexpr int64_t resident_floats = int64_t{64} << 10;

// Estimates of the time to multiply two panels, to pack a panel of a and of b, and to fetch a panel of b from another
// thread, to one another.
constexpr int64_t panel_products = 32, a_panel_cost = 8, b_panel_cost = 24, shared_panel_cost = 24;

// Multiplications under which another thread costs more than it brings.
constexpr int64_t products_per_thread = int64_t{1} << 20;

// A product with few elements and a long depth is split along its depth: chunks of this depth at least, and so many of
// them that their partial sums fill no more than partial_floats.
constexpr int64_t split_depth = 768, split_chunks = 32, partial_floats = int64_t{1} << 20;

// Products with so few rows are not packed: with b's columns adjacent along the depth, and else. Their tiles have
// skinny_rows x skinny_columns sums, or one row of skinny_row_columns.
constexpr int64_t skinny_dot_rows = 8, skinny_add_rows = 1;
constexpr int skinny_rows = 4, skinny_columns = 4, skinny_row_columns = 8;
constexpr int64_t skinny_grain = int64_t{1} << 17;
// So many multiplications are brief work (core/team.h), 25 microseconds at most on one thread: shared in smaller
// grains.
constexpr int64_t skinny_brief = int64_t{1} << 20, skinny_brief_grain = int64_t{1} << 14;

// Patch gradients on their way to an image are computed so many floats at a time: they stay in the second-level cache.
constexpr int64_t scatter_floats = int64_t{1} << 16;

}  // namespace hebb::cpu::HEBB_ISA
