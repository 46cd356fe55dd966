// The binder: Argument<T> turns a JavaScript value into a kernel argument of type T. A kernel's C++ signature alone
// decides which are used; no op unpacks by hand.
#pragma once
#include <cmath>
#include <cstring>
#include <vector>

#include "core/error.h"
#include "core/kept_copies.h"
#include "node/tensor_handle.h"
#include "ops/activation.h"
#include "ops/softmax.h"

namespace hebb::node {

// One call being bound.
class Call {
 public:
  Call(Environment& environment, napi_env env) : environment_(environment), env(env) {}

  TensorHandle& tensor(napi_value value, const char* argument);
  TensorHandle& tensor(napi_value value, const char* argument, DType dtype);
  int64_t integer(napi_value value, const char* argument);
  std::vector<napi_value> array(napi_value value, const char* argument, size_t most);
  bool absent(napi_value value) const;

  const Device* device() const { return device_; }
  std::vector<std::shared_ptr<Storage>> take_storages() { return std::move(storages_); }

 private:
  Environment& environment_;
  const Device* device_ = nullptr;
  std::vector<std::shared_ptr<Storage>> storages_;  // in the order of the arguments

 public:
  const napi_env env;
};

constexpr size_t most_list_items = 65536;

// `Stored` is what the command keeps; pass() makes the kernel's argument of it.
template <class T>
struct Argument;

template <class T>
struct PlainArgument {
  using Stored = T;
  static T pass(const T& stored) { return stored; }
  static void visit(T&, PointerVisitor&) {}
  static void tell_written(const T&) {}  // to who keeps copies of it
};

template <>
struct Argument<double> : PlainArgument<double> {
  static double read(Call& call, napi_value value, const char* argument) {
    double number;
    if (napi_get_value_double(call.env, value, &number) != napi_ok) {
      throw ArgumentError(argument, "a number", describe(call.env, value));
    }
    return number;
  }
};

template <>
struct Argument<int64_t> : PlainArgument<int64_t> {
  static int64_t read(Call& call, napi_value value, const char* argument) { return call.integer(value, argument); }
};

template <>
struct Argument<bool> : PlainArgument<bool> {
  static bool read(Call& call, napi_value value, const char* argument) {
    bool truth;
    if (napi_get_value_bool(call.env, value, &truth) != napi_ok) {
      throw ArgumentError(argument, "a boolean", describe(call.env, value));
    }
    return truth;
  }
};

// Enumerations end in `count`; JavaScript gives the number.
template <class E>
requires std::is_enum_v<E>
struct Argument<E> : PlainArgument<E> {
  static E read(Call& call, napi_value value, const char* argument) {
    const int64_t number = call.integer(value, argument);
    expect_range(argument, number, 0, static_cast<int64_t>(E::count) - 1);
    return static_cast<E>(number);
  }
};

template <>
struct Argument<Ints> : PlainArgument<Ints> {
  static Ints read(Call& call, napi_value value, const char* argument) {
    Ints ints;
    for (napi_value item : call.array(value, argument, max_rank)) ints.dims[ints.rank++] = call.integer(item, argument);
    return ints;
  }
};

// Parameter structs are `count` int64_t fields; JavaScript gives them in order, in one array.
template <class P>
requires requires { P::count; } && std::is_aggregate_v<P>
struct Argument<P> : PlainArgument<P> {
  static_assert(sizeof(P) == P::count * sizeof(int64_t));
  static P read(Call& call, napi_value value, const char* argument) {
    const auto items = call.array(value, argument, P::count);
    expect(items.size() == P::count, argument, std::to_string(P::count) + " integers", std::to_string(items.size()));
    int64_t fields[P::count];
    for (size_t index = 0; index < P::count; ++index) fields[index] = call.integer(items[index], argument);
    P parameters;
    std::memcpy(&parameters, fields, sizeof parameters);
    return parameters;
  }
};

template <class V>
concept DynamicallyTyped = requires(V view) {
  view.dtype;
};

// In, Out, InOut, AnyIn and AnyOut.
template <class V>
requires requires { V::access; } &&(!requires { typename V::Value; }) struct Argument<V> : PlainArgument<V> {
  static V read(Call& call, napi_value value, const char* argument) {
    V view;
    if constexpr (DynamicallyTyped<V>) {
      TensorHandle& handle = call.tensor(value, argument);
      view.dtype = handle.dtype;
      fill(view, handle);
    } else {
      fill(view, call.tensor(value, argument, DTypeOf<typename V::Element>::value));
    }
    return view;
  }
  static void visit(V& view, PointerVisitor& visitor) {
    visitor.visit(const_cast<void**>(reinterpret_cast<const void* const*>(&view.data)), V::access);
  }
  static void tell_written(const V& view) {
    if constexpr (V::access != Access::read) {
      if constexpr (DynamicallyTyped<V>) {
        forget_copies(view.data, view.bytes());
      } else {
        forget_copies(view.data, view.size() * static_cast<int64_t>(sizeof(typename V::Element)));
      }
    }
  }

 private:
  static void fill(V& view, const TensorHandle& handle) {
    view.data = static_cast<decltype(view.data)>(handle.storage->data());
    view.shape = handle.shape;
  }
};

template <class V>
struct Argument<Optional<V>> : PlainArgument<Optional<V>> {
  static Optional<V> read(Call& call, napi_value value, const char* argument) {
    Optional<V> view;
    if (call.absent(value)) return view;
    static_cast<V&>(view) = Argument<V>::read(call, value, argument);
    view.present = true;
    return view;
  }
  static void visit(Optional<V>& view, PointerVisitor& visitor) {
    if (view.present) Argument<V>::visit(view, visitor);
  }
  static void tell_written(const Optional<V>& view) {
    if (view.present) Argument<V>::tell_written(view);
  }
};

template <class V>
struct Argument<List<V>> {
  using Stored = std::vector<V>;
  static Stored read(Call& call, napi_value value, const char* argument) {
    Stored views;
    for (napi_value item : call.array(value, argument, most_list_items)) {
      views.push_back(Argument<V>::read(call, item, argument));
    }
    return views;
  }
  static List<V> pass(const Stored& stored) { return {stored.data(), static_cast<int>(stored.size())}; }
  static void visit(Stored& stored, PointerVisitor& visitor) {
    for (V& view : stored) Argument<V>::visit(view, visitor);
  }
  static void tell_written(const Stored& stored) {
    for (const V& view : stored) Argument<V>::tell_written(view);
  }
};

}  // namespace hebb::node
