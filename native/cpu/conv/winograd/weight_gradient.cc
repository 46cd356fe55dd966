#include "core/scratch.h"
#include "cpu/conv/winograd/product.h"
#include "cpu/conv/winograd/tiles.h"
#include "cpu/conv/winograd/winograd.h"
#include "cpu/gemm/plan.h"
#include "cpu/gemm/slots.h"

namespace hebb::cpu::HEBB_ISA::winograd {
namespace {

constexpr int width = Vec::width;
static_assert(gradient_filters <= row_stride && gradient_channels <= row_stride);

// dweight = G^T [sum over tiles of (A dy A^T) (B^T d B)] G, the product in brackets being one of vectors, filters by
// channels, for each frequency.
struct Pass {
  Tiles gradients, inputs;
  float* dweight;
  int64_t tile_count, filter_count, channel_count;
};

struct Plan {
  Cut filters, channels, tiles;
  int64_t chunks;                           // of blocks of tiles; their sums are added at the end
  int64_t slots_floats, product_frequency;  // all slots; floats from a frequency to the next
  int64_t private_floats, weight_floats;
};

// Slots that share a frequency are one matrix, as in forward.cc.
template <class Form>
constexpr int64_t slot_stride(int64_t tiles) {
  return tiles * row_stride + (Form::shares_filters ? 0 : skew);
}

template <class Form>
Plan plan_of(const Pass& pass) {
  constexpr int taps = Form::taps;
  Plan plan{cut_evenly(pass.filter_count, gradient_filters, 1),
            cut_evenly(pass.channel_count, gradient_channels, width),
            Form::shares_filters ? cut_by(pass.tile_count, Form::gradient_block)
                                 : cut_evenly(pass.tile_count, Form::gradient_block, 1),
            1,
            0,
            0,
            0,
            0};
  const int64_t blocks = plan.filters.count * plan.channels.count;
  plan.chunks = at_most(ceil_divide(gradient_items, blocks), plan.tiles.count);
  plan.slots_floats = Form::slots * slot_stride<Form>(plan.tiles.piece);
  plan.product_frequency = plan.filters.piece * plan.channels.piece + skew;
  plan.private_floats = 2 * plan.slots_floats + frequencies * plan.product_frequency;
  plan.weight_floats = pass.filter_count * taps * taps * pass.channel_count;
  return plan;
}

// Products to the gradients of filters x channels of a block.
template <class Form>
void write_weights(const Pass& pass, const Plan& plan, int64_t filters, int64_t channels, const float* products,
                   float* dweight) {
  constexpr int taps = Form::taps;
  const int64_t count = plan.channels.size(channels);
  for (int64_t filter = 0; filter < plan.filters.size(filters); ++filter) {
    float* const to = dweight + (plan.filters.begin(filters) + filter) * taps * taps * pass.channel_count +
                      plan.channels.begin(channels);
    for (int64_t channel = 0; channel < count; channel += width) {
      const float* const from = products + filter * plan.channels.piece + channel;
      const int lanes = static_cast<int>(at_most(count - channel, width));
      Vec half[taps][points];
#pragma GCC unroll 6
      for (int column = 0; column < points; ++column) {
        Vec values[points], result[taps];
#pragma GCC unroll 6
        for (int row = 0; row < points; ++row)
          values[row] = load(from + (row * points + column) * plan.product_frequency);
        Form::transform_filter_gradient(values, result);
#pragma GCC unroll 5
        for (int row = 0; row < taps; ++row) half[row][column] = result[row];
      }
#pragma GCC unroll 5
      for (int row = 0; row < taps; ++row) {
        Vec result[taps];
        Form::transform_filter_gradient(half[row], result);
#pragma GCC unroll 5
        for (int column = 0; column < taps; ++column)
          store_partial(to + (row * taps + column) * pass.channel_count + channel, result[column], lanes);
      }
    }
  }
}

// The sums of one chunk of tiles for one block of filters and channels.
template <class Form>
void compute_block(const Pass& pass, const Plan& plan, int64_t filters, int64_t channels, int64_t chunk, float* memory,
                   float* dweight) {
  float* const gradients = memory;
  float* const inputs = gradients + plan.slots_floats;
  float* const products = inputs + plan.slots_floats;
  const int64_t first = plan.tiles.count * chunk / plan.chunks, last = plan.tiles.count * (chunk + 1) / plan.chunks;
  for (int64_t tiles = first; tiles < last; ++tiles) {
    const int64_t tile = plan.tiles.begin(tiles), count = plan.tiles.size(tiles);
    const int64_t stride = slot_stride<Form>(count);
    transform_gradients<Form>(pass.gradients, tile, count, plan.filters.begin(filters), plan.filters.size(filters),
                              {gradients, stride});
    transform_inputs<Form>(pass.inputs, tile, count, plan.channels.begin(channels), plan.channels.size(channels),
                           {inputs, stride});
    Product product;
    product.rows = plan.filters.size(filters);
    product.columns = round_up(plan.channels.size(channels), width);
    product.chunk_step = row_stride * row_stride;
    product.b_step = row_stride;
    product.panel_step = column_tile;
    product.c_stride = plan.channels.piece;
    product.accumulate = tiles > first;
    for (int64_t frequency = 0; frequency < frequencies; ++frequency) {
      const Slots slots = Form::slots_of(static_cast<int>(frequency));
      product.depth = slots.count * count;
      product.a = gradients + slots.first * stride;
      product.b = inputs + slots.first * stride;
      product.c = products + frequency * plan.product_frequency;
      multiply_transposed(product);
    }
  }
  write_weights<Form>(pass, plan, filters, channels, products, dweight);
}

void add_chunks(const float* partial, int64_t chunks, int64_t stride, int64_t begin, int64_t end, float* sums) {
  for (int64_t index = begin; index < end; index += width) {
    const int lanes = static_cast<int>(at_most(end - index, width));
    Vec sum = load_partial(partial + index, lanes);
    for (int64_t chunk = 1; chunk < chunks; ++chunk) sum = sum + load_partial(partial + chunk * stride + index, lanes);
    store_partial(sums + index, sum, lanes);
  }
}

template <class Form>
void run(const Pass& pass) {
  const Plan plan = plan_of<Form>(pass);
  const int64_t blocks = plan.filters.count * plan.channels.count;
  const int threads = static_cast<int>(at_most(thread_count(), blocks * plan.chunks));
  const int64_t partial_floats = plan.chunks > 1 ? plan.chunks * plan.weight_floats : 0;
  float* const memory = scratch(ScratchSlot::pack_a, threads * plan.private_floats + partial_floats);
  float* const partial = memory + threads * plan.private_floats;
  for_slots(threads, blocks * plan.chunks, [&](int slot, int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      const int64_t chunk = item / blocks, block = item % blocks;
      compute_block<Form>(pass, plan, block / plan.channels.count, block % plan.channels.count, chunk,
                          memory + slot * plan.private_floats,
                          plan.chunks > 1 ? partial + chunk * plan.weight_floats : pass.dweight);
    }
  });
  if (plan.chunks == 1) return;
  for_slots(threads, ceil_divide(plan.weight_floats, width), [&](int, int64_t begin, int64_t end) {
    add_chunks(partial, plan.chunks, plan.weight_floats, begin * width, at_most(end * width, plan.weight_floats),
               pass.dweight);
  });
}

template <class Form>
void gradient_of_weight_by(const Convolution& c, const float* grad, const float* x, float* dweight) {
  constexpr int outputs = Form::result_extent;
  const Conv2dGeometry& g = c.geometry;
  const int64_t filters = c.group_filters();
  const int64_t rows = ceil_divide(c.out_height, outputs), columns = ceil_divide(c.out_width, outputs);
  for (int64_t group = 0; group < g.groups; ++group) {
    Pass pass;
    pass.gradients = {grad + group * filters, c.out_height, c.out_width, c.filters, 0, 0, rows, columns};
    pass.inputs = {x + group * c.depth, c.height, c.width, c.channels, -g.pad_top, -g.pad_left, rows, columns};
    pass.dweight = dweight + group * filters * c.window();
    pass.tile_count = c.images * rows * columns, pass.filter_count = filters, pass.channel_count = c.depth;
    run<Form>(pass);
  }
}

}  // namespace

void gradient_of_weight(const Convolution& c, const float* grad, const float* x, float* dweight) {
  const auto by = is_strided(c)          ? gradient_of_weight_by<Strided>
                  : c.window_height == 3 ? gradient_of_weight_by<Unit<3>>
                                         : gradient_of_weight_by<Unit<5>>;
  by(c, grad, x, dweight);
}

}  // namespace hebb::cpu::HEBB_ISA::winograd
