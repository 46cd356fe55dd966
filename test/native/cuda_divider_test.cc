#include "cuda/kernels/divider.h"

#include "harness.h"

namespace hebb::test {
namespace {

TEST(cuda_divider) {
  const int64_t limit = int64_t{1} << 31;
  std::vector<int64_t> divisors, numbers = {0, limit - 1, limit, limit + 1, 3 * limit, INT64_MAX};
  for (int64_t n = 1; n <= 1000; ++n) divisors.push_back(n);
  for (int bits = 10; bits < 40; ++bits) {
    for (int64_t near : {-1, 0, 1}) divisors.push_back((int64_t{1} << bits) + near);
  }
  Random random(1);
  for (int i = 0; i < 200; ++i) divisors.push_back(random.integer(1, limit));
  for (int i = 0; i < 200; ++i) numbers.push_back(random.integer(0, limit));
  for (int64_t divisor : divisors) {
    const cuda::Divider divider(divisor);
    const auto check = [&](int64_t n) {
      if (n >= 0) CHECK_EQ(divider.quotient(n), n / divisor);
    };
    for (int64_t n : numbers) {
      check(n);
      if (n < INT64_MAX - divisor) check(n / divisor * divisor), check(n / divisor * divisor - 1);
    }
  }
}

}  // namespace
}  // namespace hebb::test
