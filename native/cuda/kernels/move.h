// Moving elements whose places are functions of their index.
#pragma once
#include "cuda/kernels/pipeline.h"
#include "cuda/kernels/strides.h"
#include "cuda/kernels/unit.h"

namespace hebb::cuda {

struct Itself {
  __device__ int64_t operator()(int64_t index) const { return index; }
};

// to[target(i)] = from[source(i)], or `otherwise` where source(i) is negative.
template <class T, class Source, class Target>
__global__ void move_elements(const T* from, T* to, int64_t count, Source source, Target target, T otherwise) {
  pipeline(
      count,
      [&](int64_t i) {
        const int64_t at = source(i);
        return at < 0 ? otherwise : from[at];
      },
      [&](int64_t i, const T& value) { to[target(i)] = value; });
}

template <class Source, class Target>
void move(const void* from, void* to, int64_t count, int64_t bytes, const Source& source, const Target& target) {
  with_type_of(bytes, [&](auto zero) {
    using T = decltype(zero);
    launch(pipeline_grid(count), Block{}, move_elements<T, Source, Target>, static_cast<const T*>(from),
           static_cast<T*>(to), count, source, target, zero);
  });
}

// A dense result from elements of `element` bytes that lie at `axes` in `from`.
inline void gather(const void* from, void* to, Axes axes, int64_t element) {
  int64_t bytes = element;
  if (axes.rank > 0 && axes.strides[0] == 1) {
    Unit unit(element);
    unit.fit(axes.extents[0] * element);
    unit.fit(axes.start * element);
    for (int axis = 1; axis < axes.rank; ++axis) unit.fit(axes.strides[axis] * element);
    axes.extents[0] /= unit.elements();
    axes.start /= unit.elements();
    for (int axis = 1; axis < axes.rank; ++axis) axes.strides[axis] /= unit.elements();
    bytes = unit.bytes();
  }
  move(from, to, axes.size(), bytes, Strided(axes), Itself{});
}

}  // namespace hebb::cuda
