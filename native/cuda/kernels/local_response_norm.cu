// Local response normalisation: the usual windows of 5 channels in registers, others as plain loops, with the terms
// that windows share in shared memory.
#include "cuda/kernels/pack.h"
#include "ops/normalization.h"

namespace hebb::cuda {

decltype(ops::local_response_norm::check) local_response_norm;
decltype(ops::local_response_norm_backward::check) local_response_norm_backward;

namespace {

constexpr int threads = 256;

struct Response {
  int channels, before, after;  // of the window, besides its own channel
  float scale, k, beta;
  bool three_quarters;

  Response(const Shape& shape, int64_t size, double alpha, double beta, double k)
      : channels(static_cast<int>(shape[-1])),
        before(static_cast<int>(size / 2)),
        after(static_cast<int>((size - 1) / 2)),
        scale(static_cast<float>(alpha / static_cast<double>(size))),
        k(static_cast<float>(k)),
        beta(static_cast<float>(beta)),
        three_quarters(beta == 0.75) {}

  __device__ float base(float squares) const { return fmaf(scale, squares, k); }
  struct Powers {
    float minus_beta, minus_one;
  };
  __device__ Powers powers(float base) const {
    if (!three_quarters) return {powf(base, -beta), 1 / base};
    const float root = rsqrtf(base), one = root * root;
    return {root == 0 ? 0 : one * rsqrtf(root), one};
  }
  // Of a pixel's window around channel c.
  __device__ float base_at(const float* pixel, int c) const {
    float squares = 0;
    for (int j = max(c - before, 0); j <= min(c + after, channels - 1); ++j)
      squares = fmaf(pixel[j], pixel[j], squares);
    return base(squares);
  }
};

// A block takes as many whole pixels as it has threads for, a pack of channels a thread.
constexpr int usual_size = 5, usual_reach = 2, usual_width = 4, most_usual_channels = threads * usual_width;

bool is_usual(const Response& response, int64_t size, const float* a, const float* b, const float* c) {
  return size == usual_size && response.channels <= most_usual_channels && packs_of_four(response.channels, a, b, c);
}

struct UsualPlace {
  int packs, pixels, pack, pixel;  // of a pixel; of a block; this thread's
  __device__ explicit UsualPlace(int channels) : packs(channels / usual_width), pixels(threads / packs) {
    pixel = static_cast<int>(threadIdx.x) / packs;
    pack = static_cast<int>(threadIdx.x) % packs;
  }
};

// The thread's channels of p with those beside them that its windows reach, 0 past the ends.
struct Reach {
  float values[usual_width + 2 * usual_reach];
  __device__ Reach(const float* p, const UsualPlace& place) {
    Pack<usual_width> below{}, above{};
    const Pack<usual_width> own = load<usual_width>(p);
    if (place.pack > 0) below = load<usual_width>(p - usual_width);
    if (place.pack + 1 < place.packs) above = load<usual_width>(p + usual_width);
    for (int i = 0; i < usual_reach; ++i) {
      values[i] = below[usual_width - usual_reach + i];
      values[usual_reach + usual_width + i] = above[i];
    }
    for (int i = 0; i < usual_width; ++i) values[usual_reach + i] = own[i];
  }
  __device__ float own(int i) const { return values[usual_reach + i]; }
  __device__ float window_of_squares(int i) const {
    float sum = 0;
    for (int j = 0; j < usual_size; ++j) sum = fmaf(values[i + j], values[i + j], sum);
    return sum;
  }
  __device__ float window(int i) const {
    return values[i] + values[i + 1] + values[i + 2] + (values[i + 3] + values[i + 4]);
  }
};

__global__ void usual_forward(const float* x, float* y, int64_t pixels, Response response) {
  const UsualPlace place(response.channels);
  if (place.pixel >= place.pixels) return;
  const int64_t step = static_cast<int64_t>(gridDim.x) * place.pixels;
  for (int64_t pixel = static_cast<int64_t>(blockIdx.x) * place.pixels + place.pixel; pixel < pixels; pixel += step) {
    const int64_t at = pixel * response.channels + place.pack * usual_width;
    const Reach reach(x + at, place);
    Pack<usual_width> result;
    for (int i = 0; i < usual_width; ++i)
      result[i] = reach.own(i) * response.powers(response.base(reach.window_of_squares(i))).minus_beta;
    store(y + at, result);
  }
}

// dx[c] = grad[c] base[c]^-beta - 2 scale beta x[c] (the sum of grad x base^(-beta - 1) over the windows with c): the
// neighbours' terms of the sum come through shared memory.
__global__ void usual_backward(const float* grad, const float* x, float* dx, int64_t pixels, Response response) {
  __shared__ __align__(16) float terms[threads * usual_width];
  const UsualPlace place(response.channels);
  const float factor = 2 * response.scale * response.beta;
  const int64_t step = static_cast<int64_t>(gridDim.x) * place.pixels;
  for (int64_t first = static_cast<int64_t>(blockIdx.x) * place.pixels; first < pixels; first += step) {
    const bool present = place.pixel < place.pixels && first + place.pixel < pixels;
    const int64_t at = (first + place.pixel) * response.channels + place.pack * usual_width;
    float* const own_terms = terms + threadIdx.x * usual_width;
    Pack<usual_width> values{}, direct{};
    if (present) {
      const Reach reach(x + at, place);
      const Pack<usual_width> grads = load<usual_width>(grad + at);
      Pack<usual_width> term;
      for (int i = 0; i < usual_width; ++i) {
        const Response::Powers powers = response.powers(response.base(reach.window_of_squares(i)));
        values[i] = reach.own(i);
        direct[i] = grads[i] * powers.minus_beta;
        term[i] = direct[i] * values[i] * powers.minus_one;
      }
      store(own_terms, term);
    }
    __syncthreads();
    if (present) {
      const Reach reach(own_terms, place);
      for (int i = 0; i < usual_width; ++i) direct[i] = fmaf(-factor * values[i], reach.window(i), direct[i]);
      store(dx + at, direct);
    }
    __syncthreads();
  }
}

__global__ void any_forward(const float* x, float* y, int64_t count, Response response) {
  for (int64_t i = first_index(); i < count; i += index_step()) {
    const int64_t c = i % response.channels;
    y[i] = x[i] * response.powers(response.base_at(x + i - c, static_cast<int>(c))).minus_beta;
  }
}

// A block takes up to `most_tile` channels of one pixel, or several small pixels whole.
struct Tiles {
  static constexpr int most_tile = 2048;
  int channels, pixels, span;  // of a tile; of a block; terms that a tile's windows reach
  int64_t tiles;               // of a pixel
  explicit Tiles(const Response& response)
      : channels(std::min(response.channels, most_tile)),
        pixels(std::max(threads / channels, 1)),
        span(std::min(channels + response.before + response.after, response.channels)),
        tiles(blocks_for(response.channels, channels)) {}
};

__global__ void any_backward(const float* grad, const float* x, float* dx, int64_t pixels, Response response,
                             Tiles tiles) {
  float* const terms = shared_memory<float>();  // [pixels, span]
  const int64_t first_pixel = blockIdx.x / tiles.tiles * tiles.pixels;
  const int present = static_cast<int>(min(int64_t{tiles.pixels}, pixels - first_pixel));
  const int begin = static_cast<int>(blockIdx.x % tiles.tiles) * tiles.channels;
  const int end = min(begin + tiles.channels, response.channels);
  // The windows that hold c are those of c - after ... c + before.
  const int low = max(begin - response.after, 0), high = min(end + response.before, response.channels);
  const int reached = high - low, own = end - begin;
  for (int i = static_cast<int>(threadIdx.x); i < present * reached; i += threads) {
    const int pixel = i / reached, c = low + i % reached;
    const int64_t at = (first_pixel + pixel) * response.channels;
    const Response::Powers powers = response.powers(response.base_at(x + at, c));
    terms[pixel * tiles.span + c - low] = grad[at + c] * powers.minus_beta * x[at + c] * powers.minus_one;
  }
  __syncthreads();
  const float factor = 2 * response.scale * response.beta;
  for (int i = static_cast<int>(threadIdx.x); i < present * own; i += threads) {
    const int pixel = i / own, c = begin + i % own;
    const int64_t at = (first_pixel + pixel) * response.channels;
    float sum = 0;
    for (int j = max(c - response.after, 0); j <= min(c + response.before, response.channels - 1); ++j)
      sum += terms[pixel * tiles.span + j - low];
    const float direct = grad[at + c] * response.powers(response.base_at(x + at, c)).minus_beta;
    dx[at + c] = fmaf(-factor * x[at + c], sum, direct);
  }
}

// Blocks for the pixels, enough to fill the device a few times over.
Grid usual_grid(int64_t pixels, const Response& response) {
  const int64_t most = static_cast<int64_t>(Context::current().multiprocessors()) * 32;
  return {std::min(blocks_for(pixels, threads / (response.channels / usual_width)), most)};
}

}  // namespace

void local_response_norm(In<float> x, Out<float> y, int64_t size, double alpha, double beta, double k) {
  const Response response(x.shape, size, alpha, beta, k);
  const int64_t pixels = x.size() / response.channels;
  if (is_usual(response, size, x.data, y.data, nullptr)) {
    launch(usual_grid(pixels, response), {threads}, usual_forward, x.data, y.data, pixels, response);
  } else {
    launch(grid_for(x.size(), threads), {threads}, any_forward, x.data, y.data, x.size(), response);
  }
}

void local_response_norm_backward(In<float> grad, In<float> x, Out<float> dx, int64_t size, double alpha, double beta,
                                  double k) {
  const Response response(x.shape, size, alpha, beta, k);
  const int64_t pixels = x.size() / response.channels;
  if (is_usual(response, size, grad.data, x.data, dx.data)) {
    launch(usual_grid(pixels, response), {threads}, usual_backward, grad.data, x.data, dx.data, pixels, response);
    return;
  }
  const Tiles tiles(response);
  launch({blocks_for(pixels, tiles.pixels) * tiles.tiles},
         {threads, 1, static_cast<size_t>(tiles.pixels) * tiles.span * sizeof(float)}, any_backward, grad.data, x.data,
         dx.data, pixels, response, tiles);
}

}  // namespace hebb::cuda
