// The elements along an axis, a line, read by a group of threads that share it. A group has
//   count: its threads; rank(): which of them this is;
//   reduce(value, identity, combine): that of all the group's values, for every thread; the whole block must call.
// A line has sum(f), largest(f) and each(f): over f(value), and calls of f(offset, value).
#pragma once
#include "cuda/kernels/columns.h"
#include "cuda/launch.h"

namespace hebb::cuda {

// 2^n lanes of a warp.
struct Lanes {
  int count;
  __device__ int rank() const { return static_cast<int>(threadIdx.x) % count; }
  template <class T, class Combine>
  __device__ T reduce(T value, T, Combine combine) const {
    for (int offset = count / 2; offset > 0; offset /= 2) {
      value = combine(value, __shfl_xor_sync(all_lanes, value, offset));
    }
    return value;
  }
};

struct WholeBlock {
  int count;
  __device__ int rank() const { return static_cast<int>(threadIdx.x); }
  template <class T, class Combine>
  __device__ T reduce(T value, T identity, Combine combine) const {
    return block_reduce(value, identity, combine);
  }
};

struct Larger {
  __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

// A line of contiguous elements that is read once and kept in registers, `items` a thread. read(offset) gives a value.
template <class Group, int items, class Read>
class HeldLine {
 public:
  __device__ HeldLine(const Group& group, const Read& read, int64_t first, int64_t extent)
      : group_(group), first_(first), extent_(static_cast<int>(extent)) {
#pragma unroll
    for (int j = 0; j < items; ++j) {
      if (place(j) < extent_) values_[j] = read(first + place(j));
    }
  }

  template <class F>
  __device__ float sum(const F& f) const {
    float total = 0;
#pragma unroll
    for (int j = 0; j < items; ++j) {
      if (place(j) < extent_) total += f(values_[j]);
    }
    return group_.reduce(total, 0.0f, Plus());
  }
  template <class F>
  __device__ float largest(const F& f) const {
    float best = -INFINITY;
#pragma unroll
    for (int j = 0; j < items; ++j) {
      if (place(j) < extent_) best = fmaxf(best, f(values_[j]));
    }
    return group_.reduce(best, -INFINITY, Larger());
  }
  template <class F>
  __device__ void each(const F& f) const {
#pragma unroll
    for (int j = 0; j < items; ++j) {
      if (place(j) < extent_) f(first_ + place(j), values_[j]);
    }
  }

 private:
  __device__ int place(int j) const { return j * group_.count + group_.rank(); }

  Group group_;
  int64_t first_;
  int extent_;
  typename Read::Value values_[items] = {};
};

// A line of any length, its elements `stride` apart, that is read anew each time, several elements on their way at
// once.
template <class Group, class Read>
class LongLine {
 public:
  __device__ LongLine(const Group& group, const Read& read, int64_t first, int64_t extent, int64_t stride)
      : group_(group), read_(read), first_(first), extent_(extent), stride_(stride) {}

  // Of chains that are cut every so often, to keep rounding errors small.
  template <class F>
  __device__ float sum(const F& f) const {
    constexpr int longest_chain = 64;
    float total = 0;
    for (int64_t first = group_.rank(); first < extent_; first += longest_chain * group_.count) {
      float chain = 0;
      visit(first, longest_chain, [&](int64_t, const Value& value) { chain += f(value); });
      total += chain;
    }
    return group_.reduce(total, 0.0f, Plus());
  }
  template <class F>
  __device__ float largest(const F& f) const {
    float best = -INFINITY;
    visit(group_.rank(), extent_, [&](int64_t, const Value& value) { best = fmaxf(best, f(value)); });
    return group_.reduce(best, -INFINITY, Larger());
  }
  template <class F>
  __device__ void each(const F& f) const {
    visit(group_.rank(), extent_, [&](int64_t k, const Value& value) { f(first_ + k * stride_, value); });
  }

 private:
  using Value = typename Read::Value;

  // This thread's elements from k on, `most` at most, in their order.
  template <class Use>
  __device__ void visit(int64_t k, int64_t most, const Use& use) const {
    constexpr int at_once = 4;
    const int64_t step = group_.count, left = (extent_ - k + step - 1) / step, count = left < most ? left : most;
    int64_t done = 0;
    for (; done + at_once <= count; done += at_once, k += at_once * step) {
      Value values[at_once];
#pragma unroll
      for (int j = 0; j < at_once; ++j) values[j] = read_(first_ + (k + j * step) * stride_);
#pragma unroll
      for (int j = 0; j < at_once; ++j) use(k + j * step, values[j]);
    }
    for (; done < count; ++done, k += step) use(k, read_(first_ + k * stride_));
  }

  Group group_;
  Read read_;
  int64_t first_, extent_, stride_;
};

// How a block reads rows of [rows, extent]: count() of them at a time, this thread's share being number index().
template <class Group_, int items>
struct HeldRows {
  using Group = Group_;
  Group group;
  __host__ __device__ int count(int threads) const { return threads / group.count; }
  __device__ int index() const { return static_cast<int>(threadIdx.x) / group.count; }
  template <class Read>
  __device__ HeldLine<Group, items, Read> line(const Read& read, int64_t first, int64_t extent) const {
    return {group, read, first, extent};
  }
};
struct LongRows {
  using Group = WholeBlock;
  Group group;
  __host__ __device__ int count(int) const { return 1; }
  __device__ int index() const { return 0; }
  template <class Read>
  __device__ LongLine<Group, Read> line(const Read& read, int64_t first, int64_t extent) const {
    return {group, read, first, extent, 1};
  }
};

// Calls body(rows, threads of a block) with the way to read rows of this length: short ones by lanes of a warp and
// longer ones by a block, both in one pass; those of more than 8192 elements in several.
template <class Body>
void with_rows(int64_t extent, const Body& body) {
  constexpr int few = 4, some = 8, many = 16;  // items of a thread
  constexpr int threads = 256, most_threads = 512;
  if (extent > many * most_threads) return body(LongRows{{threads}}, threads);
  if (extent > many * warp) {
    int block = 2 * warp;
    while (block * many < extent) block *= 2;
    return body(HeldRows<WholeBlock, many>{{block}}, block);
  }
  Lanes lanes{1};
  while (lanes.count < warp && lanes.count * few < extent) lanes.count *= 2;
  if (extent <= lanes.count * few) return body(HeldRows<Lanes, few>{lanes}, threads);
  if (extent <= lanes.count * some) return body(HeldRows<Lanes, some>{lanes}, threads);
  body(HeldRows<Lanes, many>{lanes}, threads);
}

// For softmax and cross-entropy. A NaN comes back in the total.
struct Exponentials {
  float largest;
  float total;  // of exp(x - largest)
};
template <class Line>
__device__ Exponentials exponentials_of(const Line& line) {
  const float largest = line.largest([](float x) { return x; });
  return {largest, line.sum([&](float x) { return expf(x - largest); })};
}

struct ReadFloat {
  using Value = float;
  const float* data;
  __device__ float operator()(int64_t offset) const { return data[offset]; }
};

}  // namespace hebb::cuda
