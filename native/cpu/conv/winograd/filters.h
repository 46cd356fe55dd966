// The filters' transforms G g G^T, packed as the products read them, and what they are made of.
#pragma once
#include "cpu/conv/winograd/form.h"

namespace hebb::cpu::HEBB_ISA::winograd {

// Tap (row, column) of filter f at depth d is at data + f * filter_stride + tap * tap_stride + d * depth_stride, tap
// being row * taps + column; the filter's or the depth's stride is 1. Mirrored, the taps are taken in reverse order.
struct Filters {
  const float* data;
  int64_t filter_stride, depth_stride, tap_stride;
  bool mirrored;
  // Squares of all filters, if they are kept, else null: first those of all depths of the first vector of filters.
  const float* squares = nullptr;
  int64_t squares_of_vector = 0;
};

// A vector of filters at Vec::width depths, tap by tap, depth by depth.
template <int taps>
struct Square {
  float values[taps * taps][Vec::width * Vec::width];
};
// The square of filters [filter, filter + filters) at depths [depth, depth + depths), Vec::width of each at most: a
// kept one, or one gathered in `memory`, of zeros for other filters and undefined for other depths.
template <int taps>
const Square<taps>& square_of(const Filters& source, int64_t filter, int64_t filters, int64_t depth, int64_t depths,
                              Square<taps>& memory);

// Finds or makes squares of all filters of a tensor, whose depth_stride is 1, if they may be kept.
template <int taps>
void keep_squares(Filters& filters, int64_t count, int64_t depth);

// Filters [filter, filter + filters) at depths [first, first + depths). Frequency f of filter i, depth d goes to
// f * frequency_stride + i / column_tile * panel_stride + d * column_tile + i % column_tile, with zeros for the filters
// that fill up the last vector.
struct FilterPanels {
  float* data;
  int64_t frequency_stride, panel_stride;
};
// Fetches one of `parts` parts of the weights that transform_filters will read.
template <int taps>
void fetch_filters(const Filters& source, int64_t filter, int64_t filters, int64_t first, int64_t depths, int64_t part,
                   int64_t parts);
template <class Form>
void transform_filters(const Filters& source, int64_t filter, int64_t filters, int64_t first, int64_t depths,
                       const FilterPanels& to);

}  // namespace hebb::cpu::HEBB_ISA::winograd
