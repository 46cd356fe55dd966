#include "harness.h"

namespace hebb::test {
namespace {

struct Tensors {
  std::vector<Array<float>> arrays;
  std::vector<InOut<float>> views;
  std::vector<In<float>> inputs;

  explicit Tensors(const std::vector<Array<float>>& source) {
    for (const Array<float>& array : source) {
      arrays.push_back(array.clone());
      views.push_back(arrays.back());
      inputs.push_back(arrays.back());
    }
  }
  int count() const { return static_cast<int>(arrays.size()); }
  List<InOut<float>> list() const { return {views.data(), count()}; }
  List<In<float>> input_list() const { return {inputs.data(), count()}; }
};

std::vector<Array<float>> drawn(Random& random, const std::vector<int64_t>& sizes, bool whole) {
  std::vector<Array<float>> arrays;
  for (int64_t size : sizes) {
    arrays.push_back(whole ? random.integers({size}, -4, 4) : random.floats({size}, -1, 1));
  }
  return arrays;
}

// Runs one call on copies of all tensors and lays parameters, buffers and hyper end to end in y.
struct Problem {
  std::vector<Array<float>> parameters, grads, buffers;
  Array<float> hyper;

  void run(const KernelTable& kernels, const Array<float>& y) const {
    const Tensors p(parameters), g(grads), b(buffers);
    const Array<float> h = hyper.clone();
    ops::sgd::check(p.list(), g.input_list(), b.list(), h);
    kernels.sgd(p.list(), g.input_list(), b.list(), h);
    int64_t at = 0;
    for (const Tensors* tensors : {&p, &b})
      for (const Array<float>& array : tensors->arrays)
        for (int64_t i = 0; i < array.size(); ++i) y[at++] = array[i];
    for (int64_t i = 0; i < h.size(); ++i) y[at++] = h[i];
  }
  int64_t size() const {
    int64_t total = hyper.size();
    for (const auto* list : {&parameters, &buffers})
      for (const Array<float>& array : *list) total += array.size();
    return total;
  }
};

template <class Tolerance>
void compare_sgd(const std::vector<int64_t>& sizes, bool whole, std::initializer_list<float> rates,
                 Tolerance tolerance) {
  Random random(1);
  const float nan = std::nanf("");
  for (bool buffered : {false, true})
    for (float nesterov : {0.0f, 1.0f})
      for (float maximize : {0.0f, 1.0f})
        for (float steps : {0.0f, 3.0f}) {
          Problem problem;
          problem.parameters = drawn(random, sizes, whole);
          problem.grads = drawn(random, sizes, whole);
          if (buffered) problem.buffers = drawn(random, sizes, whole);
          if (buffered && steps == 0)  // the first step must not read them
            for (const Array<float>& buffer : problem.buffers)
              for (int64_t i = 0; i < buffer.size(); ++i) buffer[i] = nan;
          problem.hyper = Array<float>({7});
          int at = 0;
          for (float rate : rates) problem.hyper[at++] = rate;
          problem.hyper[4] = nesterov, problem.hyper[5] = maximize, problem.hyper[6] = steps;
          compare("sgd", shape({problem.size()}), tolerance,
                  [&](const KernelTable& kernels, const Array<float>& y) { problem.run(kernels, y); });
        }
}

const std::vector<std::vector<int64_t>> size_lists = {
    {},      {0},
    {1},     {7, 0, 16, 1},
    {16384}, {3, 50001, 2, 33, 16384, 5},
    {40},    {150, 6, 2400, 16, 48000, 120, 10080, 84, 840, 10},  // LeNet-5
};

// Powers of two: every product and sum is exact.
TEST(sgd_of_integers) {
  for (const auto& sizes : size_lists) compare_sgd(sizes, true, {0.25f, 0.5f, 0.75f, 0.5f}, exact);
}

// At most 8 roundings, in scalar (which has no fused multiply-add), of values of at most 4.
TEST(sgd_of_floats) {
  for (const auto& sizes : size_lists)
    compare_sgd(sizes, false, {0.1f, 0.9f, 0.05f, 5e-4f}, within(8 * 4 * unit_roundoff));
}

// More tensors than the arguments of one launch on a GPU hold, and more elements than a pass of a block.
TEST(sgd_of_many) {
  Random random(2);
  for (const auto& sizes : {std::vector<int64_t>(250, 9), std::vector<int64_t>{(1 << 20) + 7, 5000}}) {
    const auto drawn_integers = [&] { return drawn(random, sizes, true); };
    const Problem problem{drawn_integers(), drawn_integers(), drawn_integers(),
                          Array<float>({7}, {0.25f, 0.5f, 0.75f, 0.5f, 1, 0, 3})};
    compare("sgd", shape({problem.size()}), exact,
            [&](const KernelTable& kernels, const Array<float>& y) { problem.run(kernels, y); });
  }
}

TEST(sgd_by_hand) {
  for (const Backend& backend : backends()) {
    const Array<float> p({1}, {2}), g({1}, {1}), b({1}, {std::nanf("")}), h({7}, {0.5f, 0.5f, 0, 1, 1, 0, 0});
    const InOut<float> parameter = p, buffer = b;
    const In<float> grad = g;
    backend.table.sgd({&parameter, 1}, {&grad, 1}, {&buffer, 1}, h);
    CHECK_EQ(b[0], 3.0f);                       // 1 + 1 * 2
    CHECK_EQ(p[0], 2 - 0.5f * (3 + 0.5f * 3));  // nesterov
    CHECK_EQ(h[6], 1.0f);
    backend.table.sgd({&parameter, 1}, {&grad, 1}, {&buffer, 1}, h);
    CHECK_EQ(b[0], 2.25f);  // 0.5 * 3 + (1 + 1 * -0.25)
    CHECK_EQ(p[0], -0.25f - 0.5f * (0.75f + 0.5f * 2.25f));
    CHECK_EQ(h[6], 2.0f);
  }
}

TEST(sgd_errors) {
  const Array<float> a({2, 3}), b({3, 2}), h({7});
  const InOut<float> one[] = {a, a}, other[] = {a, b};
  const In<float> grads[] = {a, a}, skewed[] = {a, b};
  CHECK_THROWS(ops::sgd::check({one, 2}, {grads, 1}, {one, 0}, h), "grads: expected 2 tensors, one a parameter, got 1");
  CHECK_THROWS(ops::sgd::check({one, 2}, {skewed, 2}, {one, 0}, h), "grads[1]: expected its parameter's shape [2, 3]");
  CHECK_THROWS(ops::sgd::check({one, 2}, {grads, 2}, {one, 1}, h), "buffers: expected 2 tensors");
  CHECK_THROWS(ops::sgd::check({one, 2}, {grads, 2}, {other, 2}, h), "buffers[1]: expected");
  CHECK_THROWS(ops::sgd::check({one, 2}, {grads, 2}, {one, 0}, a), "hyper: expected shape [7], got [2, 3]");
}

}  // namespace
}  // namespace hebb::test
