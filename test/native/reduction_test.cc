#include <algorithm>
#include <cmath>

#include "harness.h"

namespace hebb::test {
namespace {

const float infinity = std::numeric_limits<float>::infinity(), nan = std::nanf("");

// y's shape when `axes` (a bit each) of x are reduced.
Shape reduced_shape(const Shape& x, unsigned axes) {
  Shape y = x;
  for (int axis = 0; axis < x.rank; ++axis) {
    if (axes >> axis & 1) y.dims[axis] = 1;
  }
  return y;
}

Ints list_of(unsigned axes) {
  Ints list;
  for (int axis = 0; axis < max_rank; ++axis) {
    if (axes >> axis & 1) list.dims[list.rank++] = axis;
  }
  return list;
}

struct Case {
  Shape x;
  unsigned axes;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Shape& x : {shape({}), shape({5, 1, 7}), shape({3, 4, 5, 6}), shape({2, 3, 2, 3, 2}), shape({1, 1}),
                         shape({19, 33}), shape({2, 1, 3, 1, 2, 1, 2, 3})}) {
    for (unsigned axes = 0; axes < 1u << x.rank; ++axes) all.push_back({x, axes});
  }
  for (int64_t n : {1, 4, 7, 8, 15, 16, 17, 63, 64, 65, 2047, 2049, 16384, 16385, 100003}) {
    all.push_back({shape({n}), 1});
    all.push_back({shape({3, n}), 2});
    all.push_back({shape({n, 3}), 1});
  }
  for (int64_t columns : {2, 6, 10, 16, 63, 64, 65, 100, 511, 513, 1500}) all.push_back({shape({1111, columns}), 1});
  all.push_back({shape({40, 10, 9, 6}), 7});  // a bias gradient
  all.push_back({shape({13, 49, 70}), 2});    // a pooling over the image
  all.push_back({shape({3, 2000, 5}), 2});
  all.push_back({shape({3, 2000, 5}), 5});
  all.push_back({shape({300, 7, 80}), 5});
  all.push_back({shape({6, 5000, 3, 2}), 10});
  return all;
}

// A chain of 32 vectors of four, or 64 rows of four, a few levels above it; up to four axes one after another.
double longest_chain(int64_t terms) { return static_cast<double>(std::min<int64_t>(terms, 4 * 80)) + 3; }

TEST(sum_of_integers) {
  Random random(1);
  for (const Case& one : cases()) {
    const Array<float> x = random.integers(one.x, -9, 9);
    compare("sum", reduced_shape(one.x, one.axes), exact,
            [&](const KernelTable& kernels, Out<float> y) { kernels.sum(x, y, list_of(one.axes), 0.5); });
  }
}

TEST(sum_of_floats) {
  Random random(2);
  for (const Case& one : cases()) {
    const Array<float> x = random.floats(one.x, -3, 2), sizes(one.x), total(reduced_shape(one.x, one.axes));
    for (int64_t i = 0; i < x.size(); ++i) sizes[i] = std::fabs(x[i]);
    reference().sum(sizes, total, list_of(one.axes), 0.3);
    const double chain = longest_chain(x.size() / std::max<int64_t>(total.size(), 1));
    compare(
        "sum", total.shape, [&](int64_t i, double) { return chain * unit_roundoff * total[i]; },
        [&](const KernelTable& kernels, Out<float> y) { kernels.sum(x, y, list_of(one.axes), 0.3); });
  }
}

TEST(sum_of_nothing) {
  const Array<float> none({0, 5}), rows({4, 0, 3});
  compare("sum", shape({1, 5}), exact, [&](const KernelTable& k, Out<float> y) { k.sum(none, y, list_of(1), 1); });
  compare("sum", shape({0, 1}), exact, [&](const KernelTable& k, Out<float> y) { k.sum(none, y, list_of(2), 1); });
  compare("sum", shape({1, 1}), exact, [&](const KernelTable& k, Out<float> y) { k.sum(none, y, list_of(3), 1); });
  compare("sum", shape({4, 1, 3}), exact, [&](const KernelTable& k, Out<float> y) { k.sum(rows, y, list_of(2), 1); });
  compare("sum", shape({1, 1, 3}), exact, [&](const KernelTable& k, Out<float> y) { k.sum(rows, y, list_of(3), 1); });
  const double nan_scale = std::numeric_limits<double>::infinity();  // the mean of nothing
  compare("sum", shape({1, 1}), exact,
          [&](const KernelTable& k, Out<float> y) { k.sum(none, y, list_of(3), nan_scale); });
}

TEST(extrema) {
  Random random(3);
  for (const Case& one : cases()) {
    const Array<float> x = random.integers(one.x, -1000, 1000),
                       grad = random.integers(reduced_shape(one.x, one.axes), -9, 9);
    const Array<float> few = random.integers(one.x, -1, 1), best(grad.shape);
    if (x.size() > 20) x[x.size() / 2] = nan, x[11] = infinity, x[17] = -infinity;
    for (auto reduce : {&KernelTable::reduce_maximum, &KernelTable::reduce_minimum}) {
      compare("extremum", grad.shape, exact,
              [&](const KernelTable& kernels, Out<float> y) { (kernels.*reduce)(x, y, list_of(one.axes)); });
      (reference().*reduce)(few, best, list_of(one.axes));
      compare("reduce_extremum_backward", few.shape, relative(1), [&](const KernelTable& kernels, Out<float> dx) {
        kernels.reduce_extremum_backward(grad, few, best, dx);
      });
    }
  }
}

TEST(extremum_gradient_of_nan) {
  const Array<float> x({2, 3}, {1, nan, 1, 2, 2, 1}), y({2, 1}, {nan, 2}), grad({2, 1}, {5, 8});
  for (const Backend& backend : backends()) {
    const Array<float> dx = garbage<float>(x.shape);
    backend.table.reduce_extremum_backward(grad, x, y, dx);
    const Array<float> want({2, 3}, {0, 0, 0, 4, 4, 0});
    check_close(backend.name, dx, want, exact);
  }
}

TEST(broadcast) {
  Random random(4);
  const std::pair<Shape, Shape> pairs[] = {{shape({}), shape({3, 5})},
                                           {shape({}), shape({})},
                                           {shape({5}), shape({70, 5})},
                                           {shape({3, 1}), shape({3, 40000})},
                                           {shape({3, 1, 4}), shape({2, 3, 5, 4})},
                                           {shape({7, 9}), shape({7, 9})},
                                           {shape({1, 4}), shape({0, 4})}};
  for (const auto& [from, to] : pairs) {
    const Array<float> x = random.integers(from, -9, 9);
    compare("broadcast", to, exact, [&](const KernelTable& kernels, Out<float> y) { kernels.broadcast(x, y, 0.25); });
  }
}

TEST(argmax) {
  Random random(5);
  for (const Shape& x_shape : {shape({1}), shape({3, 10}), shape({7, 4, 33}), shape({2, 3, 2, 5}), shape({5, 20000}),
                               shape({20000, 5}), shape({400, 3, 17}), shape({2, 1, 6}), shape({0, 4})}) {
    for (int axis = 0; axis < x_shape.rank; ++axis) {
      if (x_shape.dims[axis] == 0) continue;
      const Array<float> x = random.integers(x_shape, -4, 4);
      Shape y_shape;
      for (int other = 0; other < x_shape.rank; ++other) {
        if (other != axis) y_shape.dims[y_shape.rank++] = x_shape.dims[other];
      }
      for (bool with_nan : {false, true}) {
        if (with_nan) {
          for (int64_t i = 2; i < x.size(); i += 23) x[i] = i % 2 ? nan : -infinity;
        }
        compare<int32_t>("argmax", y_shape, exact,
                         [&](const KernelTable& kernels, Out<int32_t> y) { kernels.argmax(x, y, axis); });
      }
    }
  }
  const Array<float> low({2, 2}, {-infinity, -infinity, nan, nan});
  compare<int32_t>("argmax", shape({2}), exact, [&](const KernelTable& k, Out<int32_t> y) { k.argmax(low, y, 1); });
}

TEST(reduction_checks) {
  const Array<float> x({2, 3}), kept({2, 1}), none({0, 3}), row({1, 3}), flat({2});
  const Array<int32_t> indices({2}), wrong({3});
  CHECK_THROWS(ops::sum::check(x, kept, list_of(1), 1), "y: expected shape [1, 3], got [2, 1]");
  CHECK_THROWS(ops::sum::check(x, flat, list_of(2), 1), "y: expected shape [2, 1], got [2]");
  CHECK_THROWS(ops::sum::check(x, kept, list_of(4), 1), "axes: expected ascending, distinct axes from 0 to 1, got [2]");
  CHECK_THROWS(ops::sum::check(x, kept, shape({1, 1}), 1), "axes: expected");
  CHECK_THROWS(ops::sum::check(x, kept, shape({1, 0}), 1), "axes: expected");
  CHECK_THROWS(ops::sum::check(x, kept, shape({-1}), 1), "axes: expected");
  CHECK_THROWS(ops::reduce_maximum::check(none, row, list_of(1)), "x: expected at least one element");
  CHECK_THROWS(ops::reduce_extremum_backward::check(row, x, kept, x), "grad: expected shape [2, 1]");
  CHECK_THROWS(ops::reduce_extremum_backward::check(flat, x, flat, x), "y: expected 2 dimensions");
  CHECK_THROWS(ops::reduce_extremum_backward::check(none, x, none, x), "y: expected the shape of x");
  CHECK_THROWS(ops::reduce_extremum_backward::check(kept, x, kept, kept), "dx: expected shape [2, 3]");
  CHECK_THROWS(ops::broadcast::check(x, row, 1), "x: expected a shape that broadcasts to [1, 3], got [2, 3]");
  CHECK_THROWS(ops::broadcast::check(x, flat, 1), "x: expected");
  CHECK_THROWS(ops::argmax::check(x, indices, 2), "axis: expected an integer from 0 to 1, got 2");
  CHECK_THROWS(ops::argmax::check(x, indices, -1), "axis: expected");
  CHECK_THROWS(ops::argmax::check(x, wrong, 1), "y: expected shape [2], got [3]");
  CHECK_THROWS(ops::argmax::check(none, wrong, 0), "x: expected from 1 to");
  ops::sum::check(none, row, list_of(1), 1);
}

}  // namespace
}  // namespace hebb::test
