// Moving contiguous runs of bytes in parallel.
#pragma once
#include <cstdint>
#include <cstring>

#include "core/dtype.h"
#include "core/parallel_for.h"
#include "core/shape.h"

namespace hebb::cpu::HEBB_ISA {

constexpr int64_t copy_grain_bytes = int64_t{1} << 17;

// Splits `bytes` bytes, rows of `run` bytes each, evenly among threads, whatever the rows' length:
// body(row, offset within it, count) for each piece of a row.
template <class Body>
HEBB_INLINE void for_each_run(int64_t bytes, int64_t run, const Body& body) {
  parallel_for(bytes, copy_grain_bytes, [&](int64_t begin, int64_t end) {
    int64_t row = begin / run, offset = begin - row * run;
    while (begin < end) {
      const int64_t rest = run - offset, count = rest < end - begin ? rest : end - begin;
      body(row, offset, count);
      begin += count, offset = 0, ++row;
    }
  });
}

HEBB_INLINE void copy_parallel(void* to, const void* from, int64_t bytes) {
  parallel_for(bytes, copy_grain_bytes, [=](int64_t begin, int64_t end) {
    std::memcpy(static_cast<char*>(to) + begin, static_cast<const char*>(from) + begin, end - begin);
  });
}

// Repeats the pattern. `to` stands at an element's start, and `bytes` is a number of whole elements.
HEBB_INLINE void fill_bytes(char* to, int64_t bytes, uint32_t pattern) {
  using Word = uint32_t __attribute__((may_alias, aligned(1)));
  const int64_t words = bytes / 4;
  Word* word = reinterpret_cast<Word*>(to);
  for (int64_t i = 0; i < words; ++i) word[i] = pattern;
  for (int64_t i = words * 4; i < bytes; ++i) to[i] = static_cast<char>(pattern & 0xFF);
}

// A box of extents `inner` at `starts` within `outer`, as runs: the trailing axes that inner takes whole, and the one
// before them, form a run; the axes before that are its coordinates.
struct Region {
  Shape outer, inner;
  Ints starts;
  int axes = 0;          // that number the runs
  int64_t elements = 1;  // of the axes that inner takes whole
  int64_t start = 0;     // of inner in a run of outer, both in elements
  int64_t inner_run = 1, outer_run = 1;

  HEBB_INLINE Region(const Shape& outer, const Shape& inner, const Ints& starts)
      : outer(outer), inner(inner), starts(starts) {
    axes = outer.rank;
    while (axes > 0 && outer.dims[axes - 1] == inner.dims[axes - 1]) elements *= outer.dims[--axes];
    inner_run = outer_run = elements;
    if (axes > 0) {
      --axes;
      start = starts.dims[axes] * elements;
      inner_run *= inner.dims[axes];
      outer_run *= outer.dims[axes];
    }
  }

  // The outer run that holds an inner run.
  HEBB_INLINE int64_t outer_row(int64_t row) const {
    int64_t result = 0, stride = 1;
    for (int axis = axes - 1; axis >= 0; --axis) {
      result += (row % inner.dims[axis] + starts.dims[axis]) * stride;
      row /= inner.dims[axis];
      stride *= outer.dims[axis];
    }
    return result;
  }

  // The inner run within an outer run, or -1.
  HEBB_INLINE int64_t inner_row(int64_t row) const {
    int64_t result = 0, stride = 1;
    for (int axis = axes - 1; axis >= 0; --axis) {
      const int64_t at = row % outer.dims[axis] - starts.dims[axis];
      if (at < 0 || at >= inner.dims[axis]) return -1;
      result += at * stride;
      row /= outer.dims[axis];
      stride *= inner.dims[axis];
    }
    return result;
  }
};

}  // namespace hebb::cpu::HEBB_ISA
