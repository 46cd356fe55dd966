// Failures that reach JavaScript as an Error: which argument, what was expected, what was got.
#pragma once
#include <stdexcept>
#include <string>

#include "core/shape.h"

namespace hebb {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct OutOfMemory : Error {
  using Error::Error;
};

// The binder puts the op's name in front: "conv2d: weight: expected ..., got ...".
struct ArgumentError : Error {
  ArgumentError(const std::string& argument, const std::string& expected, const std::string& got);
};

std::string to_string(const Shape& shape);

// For the check functions of ops: `argument` is the name in the op's Names.
void expect(bool holds, const char* argument, const std::string& expected, const std::string& got);
void expect_shape(const char* argument, const Shape& shape, const Shape& expected);
void expect_rank(const char* argument, const Shape& shape, int rank);
void expect_range(const char* argument, int64_t value, int64_t low, int64_t high);  // low <= value <= high

}  // namespace hebb
