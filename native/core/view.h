// What a kernel sees of a tensor: a pointer, its shape, and in the type whether it is read, written or both.
#pragma once
#include "core/dtype.h"
#include "core/shape.h"

namespace hebb {

enum class Access : uint8_t { read, write, update };

template <class T, class Pointer, Access access_>
struct View {
  using Element = T;
  static constexpr Access access = access_;
  Pointer data = nullptr;
  Shape shape;
  HEBB_INLINE int64_t size() const { return shape.size(); }
};

template <class T>
using In = View<T, const T*, Access::read>;
template <class T>
using Out = View<T, T*, Access::write>;  // every element is written, none is read first
template <class T>
using InOut = View<T, T*, Access::update>;

// Any element type; the kernel dispatches on dtype.
template <class Pointer, Access access_>
struct DynamicView {
  static constexpr Access access = access_;
  Pointer data = nullptr;
  Shape shape;
  DType dtype = DType::float32;
  HEBB_INLINE int64_t size() const { return shape.size(); }
  HEBB_INLINE int64_t bytes() const { return shape.size() * size_of(dtype); }
};
using AnyIn = DynamicView<const void*, Access::read>;
using AnyOut = DynamicView<void*, Access::write>;

// A tensor argument that may be absent (null in JavaScript). `present` tells, since an empty tensor may have no data.
template <class V>
struct Optional : V {
  using Value = V;
  bool present = false;
  HEBB_INLINE explicit operator bool() const { return present; }
};

// Any number of tensors. The command that holds the call owns the array.
template <class V>
struct List {
  const V* items = nullptr;
  int count = 0;
  HEBB_INLINE const V& operator[](int index) const { return items[index]; }
  HEBB_INLINE const V* begin() const { return items; }
  HEBB_INLINE const V* end() const { return items + count; }
};

}  // namespace hebb
