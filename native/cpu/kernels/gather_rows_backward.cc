#include <cstring>

#include "core/parallel_for.h"
#include "cpu/simd/simd.h"
#include "ops/movement.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

void add_to(float* to, const float* from, int64_t count) {
  int64_t i = 0;
  for (; i + Vec::width <= count; i += Vec::width) store(to + i, load(to + i) + load(from + i));
  const int rest = static_cast<int>(count - i);
  if (rest) store_partial(to + i, load_partial(to + i, rest) + load_partial(from + i, rest), rest);
}

}  // namespace

// Each thread owns a range of the table and walks all of `rows`, so that every sum is taken in order of i. A table of
// few, long rows is split by columns instead.
void gather_rows_backward(In<float> grad, In<int32_t> rows, Out<float> dtable) {
  ops::expect_rows_within(rows, dtable.shape.dims[0]);
  if (dtable.size() == 0) return;
  constexpr int64_t grain_elements = int64_t{1} << 15, few_rows = 64;
  const int64_t table_rows = dtable.shape.dims[0], width = dtable.shape.product(1, dtable.shape.rank);
  const int64_t count = rows.size();
  const int32_t* index = rows.data;
  const float* from = grad.data;
  float* to = dtable.data;
  if (table_rows < few_rows) {
    const int64_t column_grain = grain_elements / (table_rows + count) / 64 * 64 + 64;
    parallel_for(width, column_grain, [=](int64_t begin, int64_t end) {
      for (int64_t row = 0; row < table_rows; ++row)
        std::memset(to + row * width + begin, 0, static_cast<size_t>(end - begin) * sizeof(float));
      for (int64_t i = 0; i < count; ++i) add_to(to + index[i] * width + begin, from + i * width + begin, end - begin);
    });
    return;
  }
  parallel_for(table_rows, grain_elements / width + 1, [=](int64_t begin, int64_t end) {
    std::memset(to + begin * width, 0, static_cast<size_t>((end - begin) * width) * sizeof(float));
    for (int64_t i = 0; i < count; ++i) {
      if (index[i] >= begin && index[i] < end) add_to(to + index[i] * width, from + i * width, width);
    }
  });
}

}  // namespace hebb::cpu::HEBB_ISA
