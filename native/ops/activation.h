// Activations a linear or a convolution can apply in its epilogue.
#pragma once
#include <cstdint>

namespace hebb {
enum class Activation : int64_t { none, relu, count };
}
