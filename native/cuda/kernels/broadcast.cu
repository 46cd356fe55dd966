#include "cuda/kernels/pack.h"
#include "cuda/kernels/pipeline.h"
#include "cuda/kernels/strides.h"
#include "ops/reduction.h"

namespace hebb::cuda {
namespace {

// y[i] = scale * x[source(i)], all in packs; or, where x repeats along the innermost axis, the element x[source(i)].
template <int pack, class From>
__global__ void broadcast_packs(const From* x, float* y, int64_t count, Strided source, float scale) {
  pipeline(
      count, [&](int64_t i) { return x[source(i)]; },
      [&](int64_t i, const From& value) {
        Pack<pack> result;
        for (int v = 0; v < pack; ++v) result[v] = scale * value[v % (sizeof(From) / sizeof(float))];
        store(y + i * pack, result);
      });
}

template <int pack, class From>
void launch_broadcast(const float* x, float* y, const Axes& axes, double scale) {
  const int64_t count = axes.size();
  launch(pipeline_grid(count), {}, broadcast_packs<pack, From>, reinterpret_cast<const From*>(x), y, count,
         Strided(axes), static_cast<float>(scale));
}

}  // namespace

void broadcast(In<float> x, Out<float> y, double scale) {
  constexpr int pack = 4;
  using One = Pack<1>;
  using Four = Pack<pack>;
  if (y.size() == 0) return;
  Axes axes = broadcast_axes(x.shape, y.shape);
  if (axes.rank == 0 || axes.extents[0] % pack != 0) return launch_broadcast<1, One>(x.data, y.data, axes, scale);
  // The strides of the outer axes are whole packs where x advances along the innermost one, or are 0.
  const bool repeats = axes.strides[0] == 0;
  axes.extents[0] /= pack;
  if (repeats) return launch_broadcast<pack, One>(x.data, y.data, axes, scale);
  for (int axis = 1; axis < axes.rank; ++axis) axes.strides[axis] /= pack;
  launch_broadcast<pack, Four>(x.data, y.data, axes, scale);
}

}  // namespace hebb::cuda
