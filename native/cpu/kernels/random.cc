// Element i depends on the state and on i alone, so that any split among threads gives the same bits.
#include "ops/random.h"

#include <cstring>

#include "core/parallel_for.h"
#include "cpu/kernels/random_words.h"
#include "cpu/simd/math.h"
#include "cpu/simd/simd.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

// element(i, bits of i's word) for each i, then the state moves on.
template <class Element>
HEBB_INLINE void for_each_element(int64_t count, int32_t* state, const Element& element) {
  const PhiloxState philox(state);
  parallel_for(count, random_grain, [&](int64_t begin, int64_t end) {
    int32_t bits[random_chunk];
    for (int64_t start = begin; start < end; start += random_chunk) {
      random_chunk_bits(philox, static_cast<uint64_t>(start) / 4, bits);
      const int64_t present = end - start < random_chunk ? end - start : random_chunk;
      for (int64_t i = 0; i < present; ++i) element(start + i, bits[i]);
    }
  });
  philox.advance(state, count);
}

// The cosine and the sine of 2 pi u, 0 <= u < 1. u's nearest quarter turn is taken off exactly, which leaves an angle
// of at most pi / 4; there the Taylor series are cut where the next term is below 2^-27 of the sum.
HEBB_INLINE void cos_sin_of_turns(Vec u, Vec& cosine, Vec& sine) {
  const Vec quarters = u * splat(4);
  const Vec nearest = round_nearest(quarters);
  const Vec angle = (quarters - nearest) * splat(1.57079632679f);
  const Vec square = angle * angle;
  Vec s = splat(2.75573192e-6f);  // 1 / 9!
  s = fma(s, square, splat(-1.98412698e-4f));
  s = fma(s, square, splat(8.33333333e-3f));
  s = fma(s, square, splat(-1.66666667e-1f));
  s = fma(s * square, angle, angle);
  Vec c = splat(-2.75573192e-7f);  // -1 / 10!
  c = fma(c, square, splat(2.48015873e-5f));
  c = fma(c, square, splat(-1.38888889e-3f));
  c = fma(c, square, splat(4.16666667e-2f));
  c = fma(c, square, splat(-0.5f));
  c = fma(c, square, splat(1));
  // Quarter turns 0 .. 4: an odd one swaps the two, 1 and 2 turn the cosine's sign, 2 and 3 the sine's.
  const Mask odd = eq(nearest, splat(1)) | eq(nearest, splat(3));
  const Mask cosine_turns = eq(nearest, splat(1)) | eq(nearest, splat(2));
  const Mask sine_turns = eq(nearest, splat(2)) | eq(nearest, splat(3));
  const Vec x = select(odd, s, c), y = select(odd, c, s);
  cosine = select(cosine_turns, -x, x);
  sine = select(sine_turns, -y, y);
}

}  // namespace

void random_uniform(Out<float> y, InOut<int32_t> state, double low, double high) {
  const UniformRange range(low, high);
  float* to = y.data;
  for_each_element(y.size(), state.data, [=](int64_t i, int32_t bits) { to[i] = range.at(bits); });
}

void random_bernoulli(Out<float> y, InOut<int32_t> state, double probability) {
  const int32_t threshold = random_threshold(probability);
  float* to = y.data;
  for_each_element(y.size(), state.data, [=](int64_t i, int32_t bits) { to[i] = bits < threshold ? 1.0f : 0.0f; });
}

// Box and Muller, "A note on the generation of random normal deviates", 1958.
void random_normal(Out<float> y, InOut<int32_t> state, double mean, double deviation) {
  const PhiloxState philox(state.data);
  const int64_t count = y.size();
  const Vec center = splat(static_cast<float>(mean)), spread = splat(static_cast<float>(deviation));
  const Vec unit = splat(random_unit);
  float* to = y.data;
  constexpr int pairs = random_chunk / 2;
  parallel_for(count, random_grain, [=](int64_t begin, int64_t end) {
    int32_t bits[random_chunk], first[pairs], second[pairs];
    float cosines[pairs], sines[pairs], values[random_chunk];
    for (int64_t start = begin; start < end; start += random_chunk) {
      random_chunk_bits(philox, static_cast<uint64_t>(start) / 4, bits);
      for (int pair = 0; pair < pairs; ++pair) first[pair] = bits[2 * pair] + 1, second[pair] = bits[2 * pair + 1];
      for (int pair = 0; pair < pairs; pair += Vec::width) {
        const Vec radius = sqrt(splat(-2) * log(to_float(load(first + pair)) * unit));
        Vec cosine, sine;
        cos_sin_of_turns(to_float(load(second + pair)) * unit, cosine, sine);
        store(cosines + pair, fma(spread, radius * cosine, center));
        store(sines + pair, fma(spread, radius * sine, center));
      }
      for (int pair = 0; pair < pairs; ++pair) values[2 * pair] = cosines[pair], values[2 * pair + 1] = sines[pair];
      const int64_t present = end - start < random_chunk ? end - start : random_chunk;
      std::memcpy(to + start, values, static_cast<size_t>(present) * sizeof(float));
    }
  });
  philox.advance(state.data, count);
}

}  // namespace hebb::cpu::HEBB_ISA
