#include "core/error.h"

namespace hebb {

ArgumentError::ArgumentError(const std::string& argument, const std::string& expected, const std::string& got)
    : Error(argument + ": expected " + expected + ", got " + got) {}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (int axis = 0; axis < shape.rank; ++axis) {
    if (axis) text += ", ";
    text += std::to_string(shape.dims[axis]);
  }
  return text + "]";
}

void expect(bool holds, const char* argument, const std::string& expected, const std::string& got) {
  if (!holds) throw ArgumentError(argument, expected, got);
}

void expect_shape(const char* argument, const Shape& shape, const Shape& expected) {
  if (shape != expected) throw ArgumentError(argument, "shape " + to_string(expected), to_string(shape));
}

void expect_rank(const char* argument, const Shape& shape, int rank) {
  if (shape.rank != rank) {
    throw ArgumentError(argument, std::to_string(rank) + " dimensions", "shape " + to_string(shape));
  }
}

void expect_range(const char* argument, int64_t value, int64_t low, int64_t high) {
  if (value < low || value > high) {
    throw ArgumentError(argument, "an integer from " + std::to_string(low) + " to " + std::to_string(high),
                        std::to_string(value));
  }
}

}  // namespace hebb
