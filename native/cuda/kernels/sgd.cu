// All tensors of a group in as few launches as their pointers fit into: a block finds its tensor in the arguments.
#include "cuda/kernels/last_block.h"
#include "cuda/kernels/pack.h"
#include "ops/optimizer.h"

namespace hebb::cuda {

decltype(ops::sgd::check) sgd;

namespace {

constexpr int threads = 256;
constexpr int64_t large = int64_t{1} << 20;  // elements of all tensors
constexpr int hyper_count = 7, steps_done = 6;

// Tensors of one launch, within the 4 KiB of arguments that every device takes.
struct Tensors {
  static constexpr int most = 110;
  float* parameters[most];
  const float* grads[most];
  float* buffers[most];  // null where there are none
  int64_t sizes[most];
  int first_blocks[most];  // of the grid, ascending
  int count = 0;
  int64_t block_elements = 0;

  // That of a block: the last that begins at it or before.
  __device__ int of_block(int block) const {
    int low = 0, high = count;
    while (high - low > 1) {
      const int middle = (low + high) / 2;
      if (first_blocks[middle] <= block) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low;
  }
};
static_assert(sizeof(Tensors) <= 4000);

struct Rates {
  float rate, momentum, undamped, decay, sign;
  bool nesterov, first;
};

// One step: of p, and of `buffer` where it is not null.
__device__ inline void step(const Rates& rates, float& p, float grad, float* buffer) {
  const float g = fmaf(rates.decay, p, grad * rates.sign);
  float direction = g;
  if (buffer) {
    *buffer = rates.first ? g : fmaf(rates.momentum, *buffer, rates.undamped * g);
    direction = rates.nesterov ? fmaf(rates.momentum, *buffer, g) : *buffer;
  }
  p = fmaf(-rates.rate, direction, p);
}

template <int width>
__device__ inline void update(const Rates& rates, float* parameters, const float* grads, float* buffers, int64_t begin,
                              int64_t end) {
  for (int64_t i = begin + threadIdx.x * width; i + width <= end; i += threads * width) {
    Pack<width> p = load<width>(parameters + i), buffer{};
    const Pack<width> g = load<width>(grads + i);
    if (buffers && !rates.first) buffer = load<width>(buffers + i);
    for (int lane = 0; lane < width; ++lane) step(rates, p[lane], g[lane], buffers ? &buffer[lane] : nullptr);
    store(parameters + i, p);
    if (buffers) store(buffers + i, buffer);
  }
}

// The steps done are counted by the last launch of a call, once all its blocks have read them.
__global__ void update_all(Tensors tensors, float* hyper, bool last_launch) {
  __shared__ float h[hyper_count];
  if (threadIdx.x < hyper_count) h[threadIdx.x] = hyper[threadIdx.x];
  __syncthreads();
  if (threadIdx.x == 0 && last_launch && arrives_last()) hyper[steps_done] = h[steps_done] + 1;
  if (tensors.count == 0) return;
  const Rates rates{h[0], h[1], 1.0f - h[2], h[3], h[5] != 0 ? -1.0f : 1.0f, h[4] != 0, h[steps_done] == 0};
  const int block = static_cast<int>(blockIdx.x), tensor = tensors.of_block(block);
  float *const p = tensors.parameters[tensor], *const buffer = tensors.buffers[tensor];
  const float* const grad = tensors.grads[tensor];
  const int64_t begin = (block - tensors.first_blocks[tensor]) * tensors.block_elements;
  const int64_t end = min(begin + tensors.block_elements, tensors.sizes[tensor]);
  const auto address = [](const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); };
  if ((address(p) | address(grad) | address(buffer)) % 16 != 0) return update<1>(rates, p, grad, buffer, begin, end);
  update<4>(rates, p, grad, buffer, begin, end);
  update<1>(rates, p, grad, buffer, end - end % 4, end);
}

}  // namespace

void sgd(List<InOut<float>> parameters, List<In<float>> grads, List<InOut<float>> buffers, InOut<float> hyper) {
  int64_t total = 0, blocks = 0;
  for (const InOut<float>& parameter : parameters) total += parameter.size();
  Tensors tensors;
  tensors.block_elements = total < large ? threads * 4 : threads * 16;  // many blocks, or little overhead in each
  const auto flush = [&](bool last) {
    launch({last ? std::max<int64_t>(blocks, 1) : blocks}, {threads}, update_all, tensors, hyper.data, last);
    tensors.count = 0;
    blocks = 0;
  };
  for (int t = 0; t < parameters.count; ++t) {
    const int64_t size = parameters[t].size(), needed = blocks_for(size, tensors.block_elements);
    if (size == 0) continue;
    if (tensors.count == Tensors::most || blocks + needed > INT32_MAX) flush(false);
    const int at = tensors.count++;
    tensors.parameters[at] = parameters[t].data;
    tensors.grads[at] = grads[t].data;
    tensors.buffers[at] = buffers.count ? buffers[t].data : nullptr;
    tensors.sizes[at] = size;
    tensors.first_blocks[at] = static_cast<int>(blocks);
    blocks += needed;
  }
  flush(true);
}

}  // namespace hebb::cuda
