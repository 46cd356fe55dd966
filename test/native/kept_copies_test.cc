// Copies of weights in another form: kept from the second use on, forgotten with every write to any part of them.
#include "core/kept_copies.h"

#include "test/native/harness.h"

namespace hebb {
namespace {

const void* form(int which) {
  static const char forms[4] = {};
  return forms + which;
}

CopyKey key_of(const float* data, int64_t floats, int which = 0) {
  return {data, floats * static_cast<int64_t>(sizeof(float)), form(which), {floats, 1, 1}};
}

// The copies are the process's: each test uses memory of its own.
struct Weights {
  test::Array<float> values{256};
  Weights() { keep_copies(true); }
  KeptCopy copy(int which = 0) const { return kept_copy(key_of(values.data.get(), 256, which), 300); }
  ~Weights() {
    forget_copies(values.data.get(), 1024);
    keep_copies(false);  // other tests write without a word
  }
};

TEST(copies_are_kept_from_the_second_use_on) {
  const Weights weights;
  CHECK(!weights.copy().data);
  const KeptCopy fresh = weights.copy();
  CHECK(fresh.data && !fresh.made);
  for (int index = 0; index < 300; ++index) fresh.data[index] = static_cast<float>(index);
  const KeptCopy again = weights.copy();
  CHECK(again.made);
  CHECK_EQ(again.data[299], 299.0f);
}

TEST(copies_of_one_tensor_in_several_forms_are_apart) {
  const Weights weights;
  weights.copy(0);
  weights.copy(0);
  CHECK(!weights.copy(1).data);
  CHECK(!weights.copy(1).made);
  CHECK(weights.copy(0).made);
}

TEST(copies_are_forgotten_when_any_part_is_written) {
  const Weights weights;
  for (const int64_t offset : {int64_t{0}, int64_t{100}, int64_t{255}}) {
    weights.copy();
    weights.copy();
    CHECK(weights.copy().made);
    forget_copies(weights.values.data.get() + offset, sizeof(float));
    CHECK(!weights.copy().data);  // used once since
  }
}

TEST(copies_survive_writes_beside_them) {
  const Weights weights;
  weights.copy();
  weights.copy();
  forget_copies(weights.values.data.get() + 256, 64);
  forget_copies(reinterpret_cast<const char*>(weights.values.data.get()) - 64, 64);
  forget_copies(weights.values.data.get() + 10, 0);
  CHECK(weights.copy().made);
}

TEST(copies_that_do_not_fit_are_not_kept) {
  const Weights weights;
  const CopyKey key = key_of(weights.values.data.get(), 256, 2);
  const int64_t too_many = int64_t{1} << 50;
  CHECK(!kept_copy(key, too_many).data);
  CHECK(!kept_copy(key, too_many).data);
}

// A product by weights that change between calls gives what the new ones give, kept or not.
TEST(copies_follow_weights_that_change) {
  test::Random random(5);
  const test::Array<float> x = random.integers({64, 300}, -4, 4);
  const test::Array<float> weight = random.integers({40, 300}, -4, 4);
  keep_copies(true);
  for (int round = 0; round < 3; ++round) {
    const test::Array<float> want({64, 40});
    test::reference().linear(x, weight, {}, want, Activation::none);
    for (const test::Backend& backend : test::backends()) {
      for (int use = 0; use < 3; ++use) {
        const test::Array<float> got({64, 40});
        backend.table.linear(x, weight, {}, got, Activation::none);
        CHECK(test::same_bits(got, want));
      }
    }
    for (int64_t index = 0; index < weight.size(); index += 7) weight[index] += 1;
    forget_copies(weight.data.get(), weight.size() * static_cast<int64_t>(sizeof(float)));
  }
  keep_copies(false);
}

// Filters that a kernel rearranges lie in scratch memory, which nobody tells of: what is packed of them is not kept.
TEST(copies_are_not_made_of_scratch_memory) {
  test::Random random(6);
  const test::Array<float> x = random.integers({2, 28, 28, 1}, -4, 4);
  const Conv2dGeometry geometry{1, 1, 2, 2, 2, 2, 1, 1, 1};
  keep_copies(true);
  for (int round = 0; round < 3; ++round) {
    const test::Array<float> weight = random.integers({6, 5, 5, 1}, -4, 4);
    forget_copies(weight.data.get(), weight.size() * static_cast<int64_t>(sizeof(float)));
    const test::Array<float> want({2, 28, 28, 6});
    test::reference().conv2d(x, weight, {}, {}, {}, want, geometry, Activation::none);
    for (const test::Backend& backend : test::backends()) {
      for (int use = 0; use < 3; ++use) {
        const test::Array<float> got({2, 28, 28, 6});
        backend.table.conv2d(x, weight, {}, {}, {}, got, geometry, Activation::none);
        CHECK(test::same_bits(got, want));
      }
    }
  }
  keep_copies(false);
}

}  // namespace
}  // namespace hebb
