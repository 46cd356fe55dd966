// Softmax, its logarithm and their gradients along any axis.
#include "ops/softmax.h"

#include "cuda/kernels/divider.h"
#include "cuda/kernels/lines.h"

namespace hebb::cuda {
namespace {

struct ReadPair {
  struct Value {
    float grad, y;
  };
  const float *grad, *y;
  __device__ Value operator()(int64_t offset) const { return {grad[offset], y[offset]}; }
};

struct Softmax {
  template <class Line>
  static __device__ void run(const Line& line, float* y) {
    const Exponentials sum = exponentials_of(line);
    const float share = 1 / sum.total;
    line.each([&](int64_t at, float x) { y[at] = expf(x - sum.largest) * share; });
  }
};

struct LogSoftmax {
  template <class Line>
  static __device__ void run(const Line& line, float* y) {
    const Exponentials sum = exponentials_of(line);
    const float log_total = logf(sum.total);
    line.each([&](int64_t at, float x) { y[at] = (x - sum.largest) - log_total; });
  }
};

struct SoftmaxGradient {
  template <class Line>
  static __device__ void run(const Line& line, float* dx) {
    const float total = line.sum([](const ReadPair::Value& v) { return v.grad * v.y; });
    line.each([&](int64_t at, const ReadPair::Value& v) { dx[at] = v.y * (v.grad - total); });
  }
};

struct LogSoftmaxGradient {
  template <class Line>
  static __device__ void run(const Line& line, float* dx) {
    const float total = line.sum([](const ReadPair::Value& v) { return v.grad; });
    line.each([&](int64_t at, const ReadPair::Value& v) { dx[at] = v.grad - expf(v.y) * total; });
  }
};

template <class Op, class Read, class Rows>
__global__ void along_rows(Read read, float* to, int64_t lines, int64_t extent, Rows rows) {
  const int64_t line = static_cast<int64_t>(blockIdx.x) * rows.count(static_cast<int>(blockDim.x)) + rows.index();
  Op::run(rows.line(read, line * extent, line < lines ? extent : 0), to);
}

template <class Op, class Read>
__global__ void along_columns(Read read, float* to, int64_t extent, Divider inner, ColumnTiles tiles) {
  const int64_t column = tiles.column(blockIdx.x);
  const bool present = tiles.rank() < tiles.count && column < tiles.columns;
  const int64_t outer = inner.quotient(column), stride = inner.divisor();
  const int64_t first = outer * extent * stride + (column - outer * stride);
  Op::run(LongLine<ColumnTiles, Read>(tiles, read, first, present ? extent : 0, stride), to);
}

template <class Op, class Read>
void along(const Shape& shape, int64_t axis, const Read& read, float* to) {
  const int64_t extent = shape.dims[axis], outer = shape.product(0, static_cast<int>(axis));
  const int64_t inner = shape.product(static_cast<int>(axis) + 1, shape.rank);
  if (outer * extent * inner == 0) return;
  if (inner > 1) {
    constexpr int most_threads = 8;  // a column, so that tiles are 32 columns wide
    const ColumnTiles tiles = tile_columns(outer * inner, extent, most_threads);
    launch({tiles.tiles()}, {column_threads}, along_columns<Op, Read>, read, to, extent, Divider(inner), tiles);
    return;
  }
  with_rows(extent, [&](const auto& rows, int threads) {
    using Rows = std::decay_t<decltype(rows)>;
    launch({blocks_for(outer, rows.count(threads))}, {threads}, along_rows<Op, Read, Rows>, read, to, outer, extent,
           rows);
  });
}

}  // namespace

void softmax(In<float> x, Out<float> y, int64_t axis) { along<Softmax>(x.shape, axis, ReadFloat{x.data}, y.data); }
void log_softmax(In<float> x, Out<float> y, int64_t axis) {
  along<LogSoftmax>(x.shape, axis, ReadFloat{x.data}, y.data);
}
void softmax_backward(In<float> grad, In<float> y, Out<float> dx, int64_t axis) {
  along<SoftmaxGradient>(y.shape, axis, ReadPair{grad.data, y.data}, dx.data);
}
void log_softmax_backward(In<float> grad, In<float> y, Out<float> dx, int64_t axis) {
  along<LogSoftmaxGradient>(y.shape, axis, ReadPair{grad.data, y.data}, dx.data);
}

}  // namespace hebb::cuda
