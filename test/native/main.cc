// Runs every test, or those whose names contain the first argument, and names those that took longest.
#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "cpu/isa.h"
#include "harness.h"

namespace hebb::test {
namespace {

struct Test {
  const char* name;
  void (*body)();
};

std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

int failures = 0;  // of the running test
const char* running = "";

}  // namespace

Registration::Registration(const char* name, void (*body)()) { tests().push_back({name, body}); }

void fail(const char* file, int line, const std::string& message) {
  constexpr int shown = 10;
  if (++failures <= shown) std::printf("%s:%d: %s: %s\n", file, line, running, message.c_str());
}

const std::vector<Backend>& backends() {
  static const std::vector<Backend> all = [] {
    std::vector<Backend> found;
    for (cpu::Isa isa : cpu::supported()) found.push_back({cpu::name_of(isa), cpu::table_for(isa)});
    // Where the processor is emulated itself, an emulated GPU on it would take an hour.
    if (!std::getenv("HEBB_TEST_NO_CUDA")) found.push_back({"cuda", cuda_table()});
    return found;
  }();
  return all;
}

Shape shape(std::initializer_list<int64_t> dims) {
  Shape result;
  for (int64_t extent : dims) result.dims[result.rank++] = extent;
  return result;
}

uint64_t Random::next() {
  uint64_t z = (state_ += 0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

int64_t Random::integer(int64_t low, int64_t high) {
  return low + static_cast<int64_t>(next() % static_cast<uint64_t>(high - low + 1));
}

float Random::uniform(float low, float high) {
  return low + (high - low) * static_cast<float>(static_cast<double>(next() >> 40) * 0x1p-24);
}

namespace {

template <class T, class Draw>
Array<T> drawn(const Shape& shape, Draw draw) {
  Array<T> array(shape);
  for (int64_t index = 0; index < array.size(); ++index) array[index] = static_cast<T>(draw());
  return array;
}

}  // namespace

Array<float> Random::integers(const Shape& shape, int64_t low, int64_t high) {
  return drawn<float>(shape, [&] { return integer(low, high); });
}
Array<float> Random::floats(const Shape& shape, float low, float high) {
  return drawn<float>(shape, [&] { return uniform(low, high); });
}
Array<int32_t> Random::labels(const Shape& shape, int64_t low, int64_t high) {
  return drawn<int32_t>(shape, [&] { return integer(low, high); });
}
Array<uint8_t> Random::bytes(const Shape& shape, int64_t low, int64_t high) {
  return drawn<uint8_t>(shape, [&] { return integer(low, high); });
}

}  // namespace hebb::test

namespace {

struct Taken {
  double seconds;
  const char* name;
};

void print_slowest(std::vector<Taken> taken) {
  constexpr size_t shown = 5;
  std::sort(taken.begin(), taken.end(), [](const Taken& a, const Taken& b) { return a.seconds > b.seconds; });
  std::printf("slowest:");
  for (size_t index = 0; index < std::min(shown, taken.size()); ++index)
    std::printf(" %s %.1f s", taken[index].name, taken[index].seconds);
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  using namespace hebb::test;
  hebb::flush_denormals();  // as the executor thread does
  int passed = 0, failed = 0;
  std::vector<Taken> taken;
  for (const auto& test : tests()) {
    if (argc > 1 && !std::strstr(test.name, argv[1])) continue;
    failures = 0, running = test.name;
    const auto start = std::chrono::steady_clock::now();
    try {
      test.body();
    } catch (const std::exception& error) {
      fail(__FILE__, __LINE__, std::string("threw: ") + error.what());
    }
    ++(failures ? failed : passed);
    taken.push_back({std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), test.name});
  }
  print_slowest(std::move(taken));
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed ? 1 : 0;
}
