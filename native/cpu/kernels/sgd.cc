#include "core/parallel_for.h"
#include "cpu/simd/simd.h"
#include "ops/optimizer.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

struct Hyper {
  Vec sign, decay, momentum, undamped, rate;
};

// Without buffers, at the buffers' first step (they hold nothing yet), or at a later one.
enum class Momentum { none, first, later };

template <Momentum kind, bool nesterov>
HEBB_INLINE void step(const Hyper& hyper, Vec& p, Vec g, Vec& buffer) {
  g = fma(hyper.decay, p, g * hyper.sign);
  if constexpr (kind == Momentum::first) buffer = g;
  if constexpr (kind == Momentum::later) buffer = fma(hyper.momentum, buffer, hyper.undamped * g);
  const Vec direction = kind == Momentum::none ? g : nesterov ? fma(hyper.momentum, buffer, g) : buffer;
  p = fnma(hyper.rate, direction, p);
}

template <Momentum kind, bool nesterov>
void update(const Hyper& hyper, float* p, const float* g, float* buffer, int64_t count) {
  int64_t i = 0;
  for (; i + Vec::width <= count; i += Vec::width) {
    Vec parameter = load(p + i), stored = kind == Momentum::later ? load(buffer + i) : zero();
    step<kind, nesterov>(hyper, parameter, load(g + i), stored);
    store(p + i, parameter);
    if (kind != Momentum::none) store(buffer + i, stored);
  }
  const int rest = static_cast<int>(count - i);
  if (rest == 0) return;
  Vec parameter = load_partial(p + i, rest), stored = kind == Momentum::later ? load_partial(buffer + i, rest) : zero();
  step<kind, nesterov>(hyper, parameter, load_partial(g + i, rest), stored);
  store_partial(p + i, parameter, rest);
  if (kind != Momentum::none) store_partial(buffer + i, stored, rest);
}

using Update = void(const Hyper&, float*, const float*, float*, int64_t);

Update* update_for(bool buffered, bool first, bool nesterov) {
  if (!buffered) return update<Momentum::none, false>;
  if (first) return nesterov ? update<Momentum::first, true> : update<Momentum::first, false>;
  return nesterov ? update<Momentum::later, true> : update<Momentum::later, false>;
}

}  // namespace

// All tensors laid end to end are one range, split among threads wherever it falls: many small ones cost as little as
// one large one.
void sgd(List<InOut<float>> parameters, List<In<float>> grads, List<InOut<float>> buffers, InOut<float> hyper) {
  constexpr int64_t grain = int64_t{1} << 14;
  const float* h = hyper.data;
  const Hyper rates = {splat(h[5] != 0 ? -1.0f : 1.0f), splat(h[3]), splat(h[1]), splat(1.0f - h[2]), splat(h[0])};
  const bool buffered = buffers.count > 0;
  Update* const run = update_for(buffered, h[6] == 0, h[4] != 0);
  int64_t total = 0;
  for (const InOut<float>& parameter : parameters) total += parameter.size();
  parallel_for(total, grain, [&](int64_t begin, int64_t end) {
    int64_t start = 0;  // of tensor t in the range
    for (int t = 0; t < parameters.count && start < end; ++t) {
      const int64_t size = parameters[t].size();
      const int64_t low = begin > start ? begin - start : 0, high = end - start < size ? end - start : size;
      if (low < high) {
        run(rates, parameters[t].data + low, grads[t].data + low, buffered ? buffers[t].data + low : nullptr,
            high - low);
      }
      start += size;
    }
  });
  hyper.data[6] += 1;
}

}  // namespace hebb::cpu::HEBB_ISA
