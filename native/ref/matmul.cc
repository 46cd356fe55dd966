#include "ops/matmul.h"

#include "ops/kernel_table.h"

namespace hebb::ref {
namespace {

float activate(double value, Activation activation) {
  // The comparison lets NaN through.
  return static_cast<float>(activation == Activation::relu && value < 0 ? 0 : value);
}

}  // namespace

decltype(ops::matmul::check) matmul;
void matmul(In<float> a, In<float> b, Out<float> y, bool transpose_a, bool transpose_b) {
  const int64_t rows = y.shape[-2], columns = y.shape[-1], depth = a.shape[transpose_a ? -2 : -1];
  const int64_t batches = y.shape.product(0, y.shape.rank - 2);
  const int64_t a_step = a.shape.rank > 2 ? rows * depth : 0, b_step = b.shape.rank > 2 ? depth * columns : 0;
  for (int64_t batch = 0; batch < batches; ++batch)
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; ++column) {
        double sum = 0;
        for (int64_t k = 0; k < depth; ++k) {
          const float left = a.data[batch * a_step + (transpose_a ? k * rows + row : row * depth + k)];
          const float right = b.data[batch * b_step + (transpose_b ? column * depth + k : k * columns + column)];
          sum += static_cast<double>(left) * right;
        }
        y.data[(batch * rows + row) * columns + column] = static_cast<float>(sum);
      }
}

decltype(ops::linear::check) linear;
void linear(In<float> x, In<float> weight, Optional<In<float>> bias, Out<float> y, Activation activation) {
  const int64_t rows = y.shape[0], columns = y.shape[1], depth = x.shape[1];
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column) {
      double sum = bias ? bias.data[column] : 0;
      for (int64_t k = 0; k < depth; ++k)
        sum += static_cast<double>(x.data[row * depth + k]) * weight.data[column * depth + k];
      y.data[row * columns + column] = activate(sum, activation);
    }
}

}  // namespace hebb::ref
