#include "harness.h"

namespace hebb::test {
namespace {

// [rows, channels], around the vector widths, with a block's last rows, several blocks and several threads; the last is
// stored around the cache.
const int64_t shapes[][2] = {{2, 1},   {3, 5},   {31, 16},   {33, 17},   {64, 3},    {65, 64},
                             {7, 130}, {513, 9}, {1100, 70}, {40, 1100}, {5000, 33}, {8200, 64}};

struct Channels {
  Array<float> weight, bias, mean, variance;
};

Channels channels_of(Random& random, int64_t count) {
  return {random.floats({count}, 0.5f, 2), random.floats({count}, -1, 1), random.floats({count}, -1, 1),
          random.floats({count}, 0.25f, 4)};
}

// Everything that batch_norm writes, end to end: y, mean, inverse deviation, running mean and variance.
void run_batch_norm(const KernelTable& kernels, const Array<float>& x, const Channels& c,
                    const Optional<In<float>>& residual, Activation activation, const Array<float>& out) {
  const Array<float> y = garbage<float>(x.shape), mean = garbage<float>(c.mean.shape), deviation = mean.clone();
  const Array<float> running_mean = c.mean.clone(), running_variance = c.variance.clone();
  kernels.batch_norm(x, c.weight, c.bias, residual, running_mean, running_variance, y, mean, deviation, 0.1, 1e-5,
                     activation);
  int64_t at = 0;
  for (const Array<float>* part : {&y, &mean, &deviation, &running_mean, &running_variance})
    for (int64_t i = 0; i < part->size(); ++i) out[at++] = (*part)[i];
}

TEST(batch_norm) {
  Random random(1);
  for (const auto& [rows, channels] : shapes)
    for (Activation activation : {Activation::none, Activation::relu})
      for (float center : {0.0f, 100.0f}) {
        const Array<float> more = random.floats({rows, channels}, -1, 1);
        const Optional<In<float>> residual = center > 0 ? Optional<In<float>>(more) : Optional<In<float>>();
        const Array<float> x = random.floats({rows, channels}, center - 2, center + 2);
        const Channels c = channels_of(random, channels);
        // A block's sums have a chain of at most 512 / 4 + 5 roundings, of differences of at most 4; a deviation of few
        // values may be small, which magnifies the error of the mean that they share.
        double smallest = 1e30;
        const Array<float> out({rows * channels + 4 * channels});
        run_batch_norm(reference(), x, c, residual, activation, out);
        for (int64_t i = 0; i < channels; ++i) smallest = std::fmin(smallest, 1 / out[rows * channels + channels + i]);
        const double chain = 140 * 16 + (center > 0 ? 2 * center : 0);
        const double bound = chain * unit_roundoff * std::fmax(1, 1 / (smallest * smallest * smallest)) * 8;
        compare("batch_norm", out.shape, within(bound), [&](const KernelTable& kernels, const Array<float>& y) {
          run_batch_norm(kernels, x, c, residual, activation, y);
        });
      }
}

// A constant far from zero has variance 0, exactly, and a shift of the data by a power of two changes no bit.
TEST(batch_norm_of_constants_and_far_means) {
  for (const Backend& backend : backends()) {
    const Array<float> x({300, 3}), y(x.shape), shifted(x.shape), near(x.shape);
    Random random(2);
    for (int64_t i = 0; i < x.size(); ++i) {
      near[i] = static_cast<float>(random.integer(-4, 4));
      shifted[i] = near[i] + 65536;
      x[i] = 1e6f;
    }
    const auto run = [&](const Array<float>& from, const Array<float>& to) {
      const Array<float> one({3}, {1, 1, 1}), zero({3}), mean({3}), deviation({3}), rm({3}), rv({3});
      backend.table.batch_norm(from, one, zero, {}, rm, rv, to, mean, deviation, 1, 0.25, Activation::none);
      return deviation;
    };
    const Array<float> deviation = run(x, y);
    for (int64_t i = 0; i < y.size(); ++i) CHECK_EQ(y[i], 0.0f);
    for (int64_t c = 0; c < 3; ++c) CHECK_EQ(deviation[c], 2.0f);
    CHECK(same_bits(run(near, y), run(shifted, y)));
  }
}

TEST(batch_norm_by_hand) {
  for (const Backend& backend : backends()) {
    const Array<float> x({1, 2, 2, 1}, {1, 3, 5, 7}), weight({1}, {2}), bias({1}, {1}), rm({1}, {10}), rv({1}, {20});
    const Array<float> y(x.shape), mean({1}), deviation({1});
    backend.table.batch_norm(x, weight, bias, {}, rm, rv, y, mean, deviation, 0.5, 11, Activation::relu);
    CHECK_EQ(mean[0], 4.0f);
    CHECK_EQ(deviation[0], 0.25f);  // 1 / sqrt(5 + 11)
    CHECK_EQ(rm[0], 7.0f);
    CHECK_EQ(rv[0], static_cast<float>(20 + 0.5 * (20.0 / 3 - 20)));  // the unbiased variance
    const float want[] = {0, 0.5f, 1.5f, 2.5f};
    for (int i = 0; i < 4; ++i) CHECK_EQ(y[i], want[i]);
  }
}

TEST(batch_norm_inference) {
  Random random(3);
  for (const auto& [rows, channels] : shapes)
    for (Activation activation : {Activation::none, Activation::relu}) {
      const Array<float> x = random.floats({rows, channels}, -2, 2);
      const Channels c = channels_of(random, channels);
      const Array<float> more = random.floats(x.shape, -1, 1);
      for (const Optional<In<float>>& residual : {Optional<In<float>>(), Optional<In<float>>(more)})
        // |x - mean| <= 3, scale <= 4: six roundings of at most 14.
        compare("batch_norm_inference", x.shape, within(6 * 14 * unit_roundoff),
                [&](const KernelTable& kernels, const Array<float>& y) {
                  kernels.batch_norm_inference(x, c.weight, c.bias, residual, c.mean, c.variance, y, 1e-5, activation);
                });
    }
  const Array<float> none({0, 4, 4, 3}), c({3});
  for (const Backend& backend : backends())
    backend.table.batch_norm_inference(none, c, c, {}, c, c, none, 1e-5, Activation::none);
}

TEST(batch_norm_fold) {
  Random random(8);
  for (const int64_t channels : {0, 1, 7, 33}) {
    const Channels c = channels_of(random, channels);
    const Array<float> offset = random.floats({channels}, -1, 1);
    for (const Optional<In<float>>& before : {Optional<In<float>>(), Optional<In<float>>(offset)})
      // In double, and rounded once: of the scale, at most 4, and the shift, at most 2 * 4 + 1.
      compare("batch_norm_fold", shape({2, channels}), within(9 * unit_roundoff),
              [&](const KernelTable& kernels, const Array<float>& out) {
                const Array<float> scale({channels}), shift({channels});
                kernels.batch_norm_fold(before, c.weight, c.bias, c.mean, c.variance, scale, shift, 1e-5);
                for (int64_t i = 0; i < channels; ++i) out[i] = scale[i], out[channels + i] = shift[i];
              });
  }
}

TEST(batch_norm_backward) {
  Random random(4);
  for (const auto& [rows, channels] : shapes)
    for (bool with_batch_statistics : {false, true})
      for (Activation activation : {Activation::none, Activation::relu})
        for (bool whole : {false, true}) {
          // Whole: powers of two and small integers, so that every sum is exact and only dividing by rows rounds.
          const Channels c = channels_of(random, channels);
          const Array<float> deviation({channels}), mean({channels}), weight({channels}), bias({channels});
          for (int64_t i = 0; i < channels; ++i) {
            deviation[i] = whole ? 0.5f : 1 / std::sqrt(c.variance[i]);
            mean[i] = whole ? static_cast<float>(i % 3) : c.mean[i];
            weight[i] = whole ? 2 : c.weight[i];
            bias[i] = whole ? 0.5f : c.bias[i];
          }
          const Array<float> x =
              whole ? random.integers({rows, channels}, -4, 4) : random.floats({rows, channels}, -2, 2);
          const Array<float> grad =
              whole ? random.integers({rows, channels}, -4, 4) : random.floats({rows, channels}, -1, 1);
          const Array<float> seen = random.integers({rows, channels}, -1, 1);
          const auto run = [&](const KernelTable& kernels, const Array<float>& out, bool with_residual) {
            const Array<float> dx = garbage<float>(x.shape), dweight = garbage<float>(mean.shape);
            const Array<float> dbias = dweight.clone(), dresidual = with_residual ? dx.clone() : Array<float>({0});
            const Optional<In<float>> y = with_residual ? Optional<In<float>>(seen) : Optional<In<float>>();
            const Optional<Out<float>> more = with_residual ? Optional<Out<float>>(dresidual) : Optional<Out<float>>();
            kernels.batch_norm_backward(grad, x, y, weight, bias, mean, deviation, dx, more, dweight, dbias,
                                        with_batch_statistics, activation);
            int64_t at = 0;
            for (const Array<float>* part : {&dx, &dweight, &dbias, &dresidual})
              for (int64_t i = 0; i < part->size(); ++i) out[at++] = (*part)[i];
          };
          // A sum of `rows` products of at most 3, and each term of dx: at most 4 times (1 + 1 + 6 * 6 rows / rows).
          const double sums = whole ? 0 : 140.0 * 3 * 2 * static_cast<double>(rows) * unit_roundoff;
          const double each = (whole ? 4.0 * 32 : 140.0 * 3 * 24) * unit_roundoff;
          const int64_t elements = rows * channels, all = elements + 2 * channels;
          for (bool with_residual : {false, true})
            compare(
                "batch_norm_backward", shape({with_residual ? all + elements : all}),
                [&](int64_t i, double) { return i < elements ? each
                                                : i < all    ? sums
                                                             : 0; },
                [&](const KernelTable& kernels, const Array<float>& out) { run(kernels, out, with_residual); });
          const Array<float> dweight(mean.shape), dbias(mean.shape);
          for (const Backend& backend : backends())
            backend.table.batch_norm_backward(grad, x, {}, weight, bias, mean, deviation, {}, {}, dweight, dbias,
                                              with_batch_statistics, activation);
        }
}

struct Response {
  int64_t size;
  double alpha, beta, k;
};
const Response responses[] = {{5, 1e-4, 0.75, 2}, {5, 1, 0.75, 1}, {1, 1, 0.75, 1}, {2, 0.5, 0.5, 1},
                              {3, 1, 1, 1},       {4, 2, 0.25, 2}, {9, 1, 1.5, 1},  {40, 1, 0.75, 1}};
const int64_t pixels[][2] = {{1, 1},  {3, 2},    {7, 5}, {5, 16},   {4, 17},
                             {9, 33}, {900, 96}, {0, 8}, {2, 5000}, {8200, 64}};

TEST(local_response_norm) {
  Random random(5);
  for (const auto& [count, channels] : pixels)
    for (const Response& r : responses) {
      const Array<float> x = random.floats({count, channels}, -2, 2), grad = random.floats({count, channels}, -1, 1);
      // The base, of at least 1, is off by (size + 3) units; a power with |beta ln base| <= 10 by beta times that,
      // and 16.
      const double units = r.beta * static_cast<double>(r.size + 3) + 32;
      compare("local_response_norm", x.shape, relative(units), [&](const KernelTable& kernels, const Array<float>& y) {
        kernels.local_response_norm(x, y, r.size, r.alpha, r.beta, r.k);
      });
      // The two terms: at most 1, and 2 alpha beta / size * 2 * size * 2.
      const double magnitude = 1 + 8 * r.alpha * r.beta;
      const double more = units + static_cast<double>(r.size) + 8;
      compare("local_response_norm_backward", x.shape, within(more * magnitude * unit_roundoff),
              [&](const KernelTable& kernels, const Array<float>& dx) {
                kernels.local_response_norm_backward(grad, x, dx, r.size, r.alpha, r.beta, r.k);
              });
    }
}

// Channels at both ends have fewer neighbours; bases of 1, 4 and 16 have exact powers.
TEST(local_response_norm_by_hand) {
  for (const Backend& backend : backends()) {
    const Array<float> x({1, 4}, {0, 3, 0, 0}), y(x.shape);
    // Windows of c - 2 ... c + 1: channels 0 to 3 see channel 1's 9.
    backend.table.local_response_norm(x, y, 4, 4, 0.5, 7);
    const float want[] = {0, 0.75f, 0, 0};
    for (int i = 0; i < 4; ++i) CHECK(std::fabs(y[i] - want[i]) <= 4 * unit_roundoff);
  }
}

TEST(normalization_errors) {
  const Array<float> x({2, 3}), c({3}), two({2}), one({1, 3}), scalar(Shape{}), none({4, 0});
  const auto act = Activation::none;
  ops::batch_norm::check(x, c, c, {}, c, c, x, c, c, 0.1, 1e-5, act);
  CHECK_THROWS(ops::batch_norm::check(one, c, c, {}, c, c, one, c, c, 0.1, 1e-5, act), "x: expected at least 2 values");
  CHECK_THROWS(ops::batch_norm::check(none, c, c, {}, c, c, none, c, c, 0.1, 1e-5, act),
               "x: expected at least one channel");
  CHECK_THROWS(ops::batch_norm::check(scalar, c, c, {}, c, c, x, c, c, 0.1, 1e-5, act),
               "x: expected at least one channel");
  CHECK_THROWS(ops::batch_norm::check(x, two, c, {}, c, c, x, c, c, 0.1, 1e-5, act),
               "weight: expected shape [3], got [2]");
  CHECK_THROWS(ops::batch_norm::check(x, c, c, {}, two, c, x, c, c, 0.1, 1e-5, act), "runningMean: expected shape [3]");
  CHECK_THROWS(ops::batch_norm::check(x, c, c, {}, c, c, one, c, c, 0.1, 1e-5, act),
               "y: expected the shape of x, [2, 3]");
  CHECK_THROWS(ops::batch_norm::check(x, c, c, one, c, c, x, c, c, 0.1, 1e-5, act),
               "residual: expected the shape of x");
  CHECK_THROWS(ops::batch_norm_inference::check(x, c, c, {}, c, two, x, 1e-5, act), "variance: expected shape [3]");
  CHECK_THROWS(ops::batch_norm_inference::check(x, c, c, c, c, c, x, 1e-5, act), "residual: expected the shape of x");
  CHECK_THROWS(ops::batch_norm_fold::check({}, x, c, c, c, c, c, 1e-5), "weight: expected 1 dimensions");
  CHECK_THROWS(ops::batch_norm_fold::check(two, c, c, c, c, c, c, 1e-5), "offset: expected the shape of weight");
  CHECK_THROWS(ops::batch_norm_fold::check({}, c, c, c, c, c, two, 1e-5), "shift: expected the shape of weight");
  const auto backward = [&](const Array<float>& y, const Array<float>& dx, const Array<float>& dresidual,
                            const Array<float>& dbias) {
    ops::batch_norm_backward::check(x, x, y, c, c, c, c, dx, dresidual, c, dbias, true, act);
  };
  CHECK_THROWS(backward(x, one, x, c), "dx: expected the shape of x");
  CHECK_THROWS(backward(one, x, x, c), "y: expected the shape of x");
  CHECK_THROWS(backward(x, x, one, c), "dresidual: expected the shape of x");
  CHECK_THROWS(backward(x, x, x, two), "dbias: expected shape [3]");
  CHECK_THROWS(ops::local_response_norm::check(x, one, 5, 1, 1, 1), "y: expected the shape of x");
  CHECK_THROWS(ops::local_response_norm::check(x, x, 0, 1, 1, 1), "size: expected an integer from 1 to 1024, got 0");
  CHECK_THROWS(ops::local_response_norm_backward::check(one, x, x, 5, 1, 1, 1), "grad: expected the shape of x");
}

}  // namespace
}  // namespace hebb::test
