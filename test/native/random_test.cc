#include "core/philox.h"
#include "harness.h"

namespace hebb::test {
namespace {

constexpr int64_t counts[] = {0, 1, 2, 3, 4, 5, 255, 256, 257, 1023, 16384, 16385, 100003};

Array<int32_t> state(uint64_t key, uint64_t counter) {
  return Array<int32_t>({4}, {static_cast<int32_t>(key), static_cast<int32_t>(key >> 32), static_cast<int32_t>(counter),
                              static_cast<int32_t>(counter >> 32)});
}

uint64_t counter_of(const Array<int32_t>& state) {
  return static_cast<uint64_t>(static_cast<uint32_t>(state[3])) << 32 | static_cast<uint32_t>(state[2]);
}

// The known answers of Random123, the authors' own implementation: kat_vectors, philox4x32 10.
TEST(philox_known_answers) {
  const auto check = [](PhiloxBlock got, std::initializer_list<uint32_t> want) {
    int word = 0;
    for (uint32_t value : want) CHECK_EQ(got.words[word++], value);
  };
  check(philox4x32(0, 0, 0, 0, 0, 0), {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr uint32_t ones = 0xffffffff;
  check(philox4x32(ones, ones, ones, ones, ones, ones), {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  check(philox4x32(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0),
        {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

// Compares y, and the state afterwards, over keys, counts and counters that carry into the high word or wrap around.
template <class Tolerance, class Run>
void compare_random(const char* what, Tolerance tolerance, Run run) {
  for (int64_t count : counts) {
    for (uint64_t start : {uint64_t{0}, uint64_t{0xFFFFFFF0}, ~uint64_t{0} - 5}) {
      const Array<int32_t> initial = state(0x9123456789abcdefu, start);
      compare(what, shape({count}), tolerance, [&](const KernelTable& kernels, const Array<float>& y) {
        const Array<int32_t> words = initial.clone();
        run(kernels, y, words);
        CHECK_EQ(counter_of(words), start + static_cast<uint64_t>(count + 3) / 4);
        CHECK(words[0] == initial[0] && words[1] == initial[1]);
      });
    }
  }
}

TEST(random_uniform) {
  compare_random("random_uniform", exact, [](const KernelTable& kernels, Out<float> y, InOut<int32_t> state) {
    kernels.random_uniform(y, state, -0.3, 1.7);
  });
  compare_random(
      "random_uniform of nothing", exact,
      [](const KernelTable& kernels, Out<float> y, InOut<int32_t> state) { kernels.random_uniform(y, state, 2, 2); });
}

TEST(random_uniform_words) {
  for (const Backend& backend : backends()) {
    Array<float> y({8});
    backend.table.random_uniform(y, state(0, 0), 0, 1);
    CHECK_EQ(y[0], static_cast<float>(0x6627e8) * 0x1p-24f);
    CHECK_EQ(y[1], static_cast<float>(0xe169c5) * 0x1p-24f);
    CHECK_EQ(y[3], static_cast<float>(0x9b00db) * 0x1p-24f);
    const PhiloxBlock second = philox4x32(1, 0, 0, 0, 0, 0);
    CHECK_EQ(y[4], static_cast<float>(second.words[0] >> 8) * 0x1p-24f);
  }
}

TEST(random_uniform_stays_below_high) {
  const UniformRange range(1, 2);
  CHECK(range.at((1 << 24) - 1) < 2.0f);
  CHECK_EQ(range.at(0), 1.0f);
  CHECK_EQ(UniformRange(5, 5).at(12345), 5.0f);
  const UniformRange wide(-1.7e38, 1.7e38);
  CHECK(wide.at((1 << 24) - 1) < 1.7e38f && wide.at(0) == -1.7e38f);
}

// Parts of a sequence drawn one after another are the sequence, where they end at whole blocks.
TEST(random_sequence_in_parts) {
  for (const Backend& backend : backends()) {
    const Array<float> whole({1000}), first({400}), second({600});
    backend.table.random_normal(whole, state(7, 3), 0, 1);
    const Array<int32_t> moving = state(7, 3);
    backend.table.random_normal(first, moving, 0, 1);
    backend.table.random_normal(second, moving, 0, 1);
    CHECK(std::memcmp(whole.data.get(), first.data.get(), 400 * sizeof(float)) == 0);
    CHECK(std::memcmp(whole.data.get() + 400, second.data.get(), 600 * sizeof(float)) == 0);
  }
}

// log within 3 ulp gives the radius 2; cosine and sine, of a quarter turn at most, are within 2 ulp of 1 absolutely, as
// the quarters are taken off exactly; the products add 1 each. The radius is at most 5.8, so 6 * 8 * 2^-24 of it, and
// for the sum with the mean one more ulp of the result.
TEST(random_normal) {
  const double mean = 0.75, deviation = 2.5;
  const auto tolerance = [=](int64_t, double want) {
    return unit_roundoff * (8 * std::fabs(want - mean) + 6 * deviation * 2 + 2 * std::fabs(want));
  };
  compare_random("random_normal", tolerance, [=](const KernelTable& kernels, Out<float> y, InOut<int32_t> state) {
    kernels.random_normal(y, state, mean, deviation);
  });
}

TEST(random_normal_moments) {
  constexpr int64_t count = 1 << 20;
  for (const Backend& backend : backends()) {
    const Array<float> y({count});
    backend.table.random_normal(y, state(42, 0), 0, 1);
    double sums[5] = {};
    for (int64_t i = 0; i < count; ++i) {
      double power = 1;
      for (double& sum : sums) sum += power, power *= y[i];
    }
    // Five standard errors: the variances of x, x^2, x^3, x^4 are 1, 2, 15, 96.
    const double error = 5 / std::sqrt(static_cast<double>(count));
    CHECK(std::fabs(sums[1] / count) < error);
    CHECK(std::fabs(sums[2] / count - 1) < error * std::sqrt(2.0));
    CHECK(std::fabs(sums[3] / count) < error * std::sqrt(15.0));
    CHECK(std::fabs(sums[4] / count - 3) < error * std::sqrt(96.0));
  }
}

TEST(random_bernoulli) {
  for (double probability : {0.0, 0.3, 0.5, 1.0}) {
    compare_random("random_bernoulli", exact, [=](const KernelTable& kernels, Out<float> y, InOut<int32_t> state) {
      kernels.random_bernoulli(y, state, probability);
    });
  }
  const Array<float> y({100000});
  for (double probability : {0.0, 0.3, 1.0}) {
    double ones = 0;
    reference().random_bernoulli(y, state(1, 2), probability);
    for (int64_t i = 0; i < y.size(); ++i) ones += y[i];
    CHECK(std::fabs(ones / 1e5 - probability) <= 5 * std::sqrt(probability * (1 - probability) / 1e5));
  }
}

TEST(dropout) {
  Random random(1);
  for (double probability : {0.0, 0.25, 0.7, 1.0}) {
    for (int64_t count : counts) {
      const Array<float> x = random.floats({count}, -1, 1);
      for (int64_t i = 0; i < count; i += 7) x[i] = std::numeric_limits<float>::infinity();
      const Array<uint8_t> mask(x.shape);
      const Array<int32_t> initial = state(99, 0xFFFFFFFF);
      compare("dropout", x.shape, exact, [&](const KernelTable& kernels, const Array<float>& y) {
        const Array<int32_t> words = initial.clone();
        kernels.dropout(x, y, mask, words, probability);
        CHECK_EQ(counter_of(words), 0xFFFFFFFFu + static_cast<uint64_t>(count + 3) / 4);
        for (int64_t i = 0; i < count; ++i) CHECK(mask[i] <= 1 && (mask[i] || y[i] == 0));
      });
      compare<uint8_t>("dropout's mask", x.shape, exact, [&](const KernelTable& kernels, const Array<uint8_t>& kept) {
        kernels.dropout(x, garbage<float>(x.shape), kept, initial.clone(), probability);
      });
      const Array<float> grad = random.floats({count}, -1, 1);
      compare("dropout_backward", x.shape, exact, [&](const KernelTable& kernels, const Array<float>& dx) {
        kernels.dropout_backward(grad, mask, dx, probability);
      });
    }
  }
}

TEST(random_errors) {
  const Array<float> y({5});
  const Array<uint8_t> mask({5});
  const Array<int32_t> words({4}), few({3});
  CHECK_THROWS(ops::random_uniform::check(y, few, 0, 1), "state: expected shape [4], got [3]");
  CHECK_THROWS(ops::random_uniform::check(y, words, 1, 0), "high: expected at least low");
  CHECK_THROWS(ops::random_uniform::check(y, words, std::nan(""), 0), "low: expected a finite number");
  CHECK_THROWS(ops::random_uniform::check(y, words, -3e38, 3e38), "high: expected at least low");
  CHECK_THROWS(ops::random_normal::check(y, words, 0, -1), "deviation: expected 0 or more");
  CHECK_THROWS(ops::random_normal::check(y, words, INFINITY, 1), "mean: expected a finite number");
  CHECK_THROWS(ops::random_bernoulli::check(y, words, 1.5), "probability: expected a number from 0 to 1");
  CHECK_THROWS(ops::random_bernoulli::check(y, words, std::nan("")), "probability: expected a number from 0 to 1");
  CHECK_THROWS(ops::dropout::check(y, y.reshape({5, 1}), mask, words, 0.5), "y: expected shape [5]");
  CHECK_THROWS(ops::dropout::check(y, y, mask.reshape({1, 5}), words, 0.5), "mask: expected shape [5]");
  CHECK_THROWS(ops::dropout::check(y, y, mask, words, -0.5), "probability: expected");
  CHECK_THROWS(ops::dropout_backward::check(y, mask.reshape({1, 5}), y, 0.5), "mask: expected shape [5]");
  CHECK_THROWS(ops::dropout_backward::check(y, mask, y.reshape({1, 5}), 0.5), "dx: expected shape [5]");
}

}  // namespace
}  // namespace hebb::test
