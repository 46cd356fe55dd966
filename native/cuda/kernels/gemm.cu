#include "cuda/kernels/gemm.h"

#include "cuda/launch.h"
#include "cuda/workspace.h"

namespace hebb::cuda {
namespace {

constexpr int threads_a_side = 16;  // of a block, which makes a square tile of c
constexpr int threads = threads_a_side * threads_a_side;
constexpr int step = 16;  // of the depth that a block has in shared memory at a time
constexpr int quad = 4;   // a thread's rows and columns come in fours

// Parts of each sum, of `depth` terms, which `combine` adds where there are several.
struct Parts {
  int64_t count = 0, depth = 0;
  float* sums = nullptr;  // [count, batches, rows, columns]
};

__device__ float finish(const Product& p, float sum, int64_t column, const float* c) {
  if (p.accumulate) return *c + sum;
  if (p.bias) sum += p.bias[column];
  return p.activation == Activation::relu && sum < 0 ? 0 : sum;  // NaN stays
}

// Brings an operand to shared memory, `side` rows of a (or columns of b) and `step` of the depth at a time, by way of
// registers: the next slice is on its way while the last one is used. Neighbouring threads take neighbours in memory.
template <int side>
class Slices {
 public:
  // data: where the first slice begins. rest: how many of the side's rows there are.
  __device__ Slices(const float* data, int64_t side_stride, int64_t depth_stride, int64_t rest)
      : rest_(static_cast<int>(rest < side ? rest : side)) {
    const bool along_depth = depth_stride == 1;
    index_ = along_depth ? threadIdx.x / step : threadIdx.x % side;
    k_ = along_depth ? threadIdx.x % step : threadIdx.x / side;
    index_step_ = along_depth ? threads / step : 0;
    k_step_ = along_depth ? 0 : threads / side;
    data_ = data + index_ * side_stride + k_ * depth_stride;
    item_stride_ = index_step_ * side_stride + k_step_ * depth_stride;
    slice_stride_ = step * depth_stride;
  }
  // 0 beyond the operand.
  __device__ void read(int64_t depth_left) {
#pragma unroll
    for (int item = 0; item < each; ++item) {
      const bool inside = index_ + item * index_step_ < rest_ && k_ + item * k_step_ < depth_left;
      values_[item] = inside ? data_[item * item_stride_] : 0;
    }
    data_ += slice_stride_;
  }
  __device__ void write(float (*shared)[side + quad]) const {
#pragma unroll
    for (int item = 0; item < each; ++item) {
      shared[k_ + item * k_step_][index_ + item * index_step_] = values_[item];
    }
  }

 private:
  static constexpr int each = side * step / threads;
  const float* data_;
  int64_t item_stride_, slice_stride_;
  int index_, k_, index_step_, k_step_, rest_;
  float values_[each];
};

// The place of a thread's item on the tile's side: its items are fours, a row of threads apart.
__device__ inline int place_of(int thread, int item) {
  return item / quad * quad * threads_a_side + thread * quad + item % quad;
}

template <int side>
__global__ void __launch_bounds__(threads, 2) multiply(Product p, Parts parts, int64_t tiles_across) {
  constexpr int each = side / threads_a_side;
  __shared__ __align__(16) float left[step][side + quad];
  __shared__ __align__(16) float right[step][side + quad];
  const int64_t row = blockIdx.x / tiles_across * side, column = blockIdx.x % tiles_across * side;
  const int64_t begin = blockIdx.y * parts.depth;
  const int64_t end = p.depth < begin + parts.depth ? p.depth : begin + parts.depth;
  const int64_t a_row = p.a.transposed ? 1 : p.a.stride, a_depth = p.a.transposed ? p.a.stride : 1;
  const int64_t b_column = p.b.transposed ? p.b.stride : 1, b_depth = p.b.transposed ? 1 : p.b.stride;
  const int across = threadIdx.x % threads_a_side, down = threadIdx.x / threads_a_side;
  for (int64_t batch = blockIdx.z; batch < p.batches; batch += gridDim.z) {
    const float* const a = p.a.data + batch * p.a.batch_step + row * a_row + begin * a_depth;
    const float* const b = p.b.data + batch * p.b.batch_step + column * b_column + begin * b_depth;
    Slices<side> next_left(a, a_row, a_depth, p.rows - row), next_right(b, b_column, b_depth, p.columns - column);
    float sums[each][each] = {};
    next_left.read(end - begin);
    next_right.read(end - begin);
    for (int64_t k = begin; k < end; k += step) {
      next_left.write(left);
      next_right.write(right);
      __syncthreads();
      if (k + step < end) {
        next_left.read(end - k - step);
        next_right.read(end - k - step);
      }
#pragma unroll 4
      for (int inner = 0; inner < step; ++inner) {
        float rows[each], columns[each];
#pragma unroll
        for (int item = 0; item < each; ++item) {
          rows[item] = left[inner][place_of(down, item)];
          columns[item] = right[inner][place_of(across, item)];
        }
#pragma unroll
        for (int i = 0; i < each; ++i)
#pragma unroll
          for (int j = 0; j < each; ++j) sums[i][j] += rows[i] * columns[j];
      }
      __syncthreads();
    }
    // Either to c, or what this part of the sums comes to.
    const bool whole = parts.count == 1;
    float* const to =
        whole ? p.c + batch * p.c_batch_step : parts.sums + (blockIdx.y * p.batches + batch) * p.rows * p.columns;
    const int64_t stride = whole ? p.c_stride : p.columns;
#pragma unroll
    for (int i = 0; i < each; ++i) {
      const int64_t r = row + place_of(down, i);
      if (r >= p.rows) continue;
#pragma unroll
      for (int j = 0; j < each; ++j) {
        const int64_t s = column + place_of(across, j);
        float* const c = to + r * stride + s;
        if (s < p.columns) *c = whole ? finish(p, sums[i][j], s, c) : sums[i][j];
      }
    }
  }
}

__global__ void combine(Product p, Parts parts) {
  const int64_t size = p.batches * p.rows * p.columns;
  for (int64_t index = first_index(); index < size; index += index_step()) {
    float sum = 0;
    for (int64_t part = 0; part < parts.count; ++part) sum += parts.sums[part * size + index];
    const int64_t row = index / p.columns, column = index % p.columns;
    float* const c = p.c + row / p.rows * p.c_batch_step + row % p.rows * p.c_stride + column;
    *c = finish(p, sum, column, c);
  }
}

constexpr int most_in_y_or_z = 65535;

// Long sums of few elements are split, or few blocks would do all the work. The problem alone decides.
Parts split(const Product& p, int64_t tiles) {
  constexpr int64_t enough_blocks = 256, shortest = 256;
  const int64_t size = p.batches * p.rows * p.columns;
  const int64_t fitting = static_cast<int64_t>(workspace_bytes / sizeof(float)) / size;
  const int64_t wanted =
      std::min({blocks_for(enough_blocks, tiles * p.batches), p.depth / shortest, fitting, int64_t{most_in_y_or_z}});
  if (wanted < 2) return {1, p.depth, nullptr};
  const int64_t depth = blocks_for(blocks_for(p.depth, wanted), step) * step;
  return {blocks_for(p.depth, depth), depth, static_cast<float*>(workspace())};
}

void add_parts(const Product& p, const Parts& parts) {
  launch(grid_for(p.batches * p.rows * p.columns), {}, combine, p, parts);
}

template <int side>
void run(const Product& p) {
  const int64_t across = blocks_for(p.columns, side), tiles = blocks_for(p.rows, side) * across;
  const Parts parts = split(p, tiles);
  const int batches = static_cast<int>(std::min<int64_t>(p.batches, most_in_y_or_z));
  launch({tiles, static_cast<int>(parts.count), batches}, {threads}, multiply<side>, p, parts, across);
  if (parts.count > 1) add_parts(p, parts);
}

}  // namespace

void tiled_gemm(const Product& p) {
  if (p.rows == 0 || p.columns == 0 || p.batches == 0) return;
  if (p.depth == 0) return add_parts(p, {});
  // Large tiles read less, but there must be enough of them.
  const int64_t large_tiles = blocks_for(p.rows, 128) * blocks_for(p.columns, 128) * p.batches;
  return large_tiles >= 256 ? run<128>(p) : run<64>(p);
}

}  // namespace hebb::cuda
