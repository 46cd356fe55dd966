// What the header of an op needs. An op is a struct named as its kernel, with
//   names: its arguments' names, for error messages, in order;
//   check: the kernel's signature, and the checks that make the call safe. It throws ArgumentError.
// Every implementation (ref, cpu per instruction set, cuda) is a function of check's type.
#pragma once
#include "core/error.h"
#include "core/view.h"

namespace hebb {

template <int count>
struct Names {
  const char* items[count];
};
template <class... T>
Names(T...) -> Names<sizeof...(T)>;

}  // namespace hebb
