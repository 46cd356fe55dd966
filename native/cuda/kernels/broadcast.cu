#include "cuda/kernels/broadcast_map.h"
#include "cuda/kernels/pipeline.h"
#include "ops/reduction.h"

namespace hebb::cuda {
namespace {

template <int width>
__global__ void broadcast_packs(Repeated x, float* y, int64_t packs, float scale) {
  pipeline(
      packs, [&](int64_t i) { return x.at<width>(i); },
      [&](int64_t i, Pack<width> values) {
#pragma unroll
        for (int lane = 0; lane < width; ++lane) values[lane] *= scale;
        store(y + i * width, values);
      });
}

template <int width>
void launch_broadcast(In<float> x, Out<float> y, const Axes& axes, double scale) {
  const int64_t packs = y.size() / width;
  launch(pipeline_grid(packs), {}, broadcast_packs<width>, Repeated(x.data, axes, width), y.data, packs,
         static_cast<float>(scale));
}

}  // namespace

void broadcast(In<float> x, Out<float> y, double scale) {
  if (y.size() == 0) return;
  const Axes axes = broadcast_axes(x.shape, y.shape);
  const bool fours = y.size() % 4 == 0 && aligned16(y.data) && Repeated::fits(x.data, axes, 4);
  fours ? launch_broadcast<4>(x, y, axes, scale) : launch_broadcast<1>(x, y, axes, scale);
}

}  // namespace hebb::cuda
