// The filters' transforms G g G^T, packed as the products read them.
#pragma once
#include "cpu/conv/winograd/transform.h"

namespace hebb::cpu::HEBB_ISA::winograd {

// Tap (row, column) of filter f at depth d is at data + f * filter_stride + tap * tap_stride + d * depth_stride, tap
// being row * taps + column; the filter's or the depth's stride is 1. Mirrored, the taps are taken in reverse order.
struct Filters {
  const float* data;
  int64_t filter_stride, depth_stride, tap_stride;
  bool mirrored;
};

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
template <int taps>
void transform_filters(const Filters& source, int64_t filter, int64_t filters, int64_t first, int64_t depths,
                       const FilterPanels& to);

}  // namespace hebb::cpu::HEBB_ISA::winograd
