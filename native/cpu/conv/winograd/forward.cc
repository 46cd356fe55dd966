#include "core/scratch.h"
#include "cpu/conv/winograd/pass.h"
#include "cpu/conv/winograd/product.h"
#include "cpu/conv/winograd/winograd.h"
#include "cpu/gemm/plan.h"
#include "cpu/gemm/slots.h"

namespace hebb::cpu::HEBB_ISA::winograd {
namespace {

struct Plan {
  Cut tiles, filters, depths;
  // Filters are transformed once for all, or where all tiles are one block, by who multiplies by them, depth by depth.
  bool stored_filters;
  int64_t filter_panel, filter_frequency;  // floats from a panel and from a frequency to the next
  int64_t input_chunk, input_slot, product_slot, product_tile;
  int64_t input_floats, product_floats, filter_block_floats, private_floats;
};

template <class Form>
bool has_few_tiles(const Pass& pass) {
  return pass.tile_count <= Form::few;
}

// Where a frequency has one slot, chunks of depths lie in slots, and a cache line between slots. Slots that share a
// frequency are one matrix of that many rows, so they lie in chunks, as close as the tiles of a block let them: an odd
// number of tiles puts them in different sets of the cache.
template <class Form>
void lay_out(Plan& plan, int64_t tiles) {
  if constexpr (!Form::shares_filters) {
    plan.input_chunk = tiles * row_stride;
    plan.input_slot = plan.depths.count * plan.input_chunk + skew;
    plan.product_tile = plan.filters.piece;
    plan.product_slot = tiles * plan.product_tile + skew;
    plan.input_floats = Form::slots * plan.input_slot;
  } else {
    plan.input_slot = tiles * row_stride;
    plan.input_chunk = Form::slots * plan.input_slot + skew;
    plan.product_tile = plan.filters.piece + skew;
    plan.product_slot = tiles * plan.product_tile;
    plan.input_floats = plan.depths.count * plan.input_chunk;
  }
  plan.product_floats = Form::slots * plan.product_slot;
}

template <class Form>
Plan plan_of(const Pass& pass) {
  Plan plan{};
  plan.stored_filters = !has_few_tiles<Form>(pass);
  // As many blocks for each thread: what a tile's results are does not depend on its block.
  const int64_t blocks = round_up(ceil_divide(pass.tile_count, Form::block), thread_count());
  const int64_t block = plan.stored_filters ? ceil_divide(pass.tile_count, blocks) : Form::few;
  plan.tiles = Form::shares_filters ? cut_by(pass.tile_count, block | 1) : cut_evenly(pass.tile_count, block, 1);
  plan.filters =
      cut_evenly(pass.filter_count, plan.stored_filters ? Form::filters : few_tiles_filter_block, column_tile);
  plan.depths = cut_by(pass.depth, row_stride);
  const int64_t filter_depth = plan.stored_filters ? pass.depth : row_stride;
  plan.filter_panel = filter_depth * column_tile;
  plan.filter_frequency = filter_depth * plan.filters.piece + skew;
  lay_out<Form>(plan, plan.tiles.piece);
  plan.filter_block_floats = frequencies * plan.filter_frequency;
  plan.private_floats = plan.input_floats + plan.product_floats + (plan.stored_filters ? 0 : plan.filter_block_floats);
  return plan;
}

template <class Form>
void transform_filter_block(const Pass& pass, const Plan& plan, int64_t filters, int64_t depths, float* to) {
  transform_filters<typename Form::Filter>(pass.filters, plan.filters.begin(filters), plan.filters.size(filters),
                                           plan.depths.begin(depths), plan.depths.size(depths),
                                           {to, plan.filter_frequency, plan.filter_panel});
}

// Fetches one of `parts` parts of the weights of a depth block, where there are more filters.
template <int taps>
void fetch_depths(const Pass& pass, const Plan& plan, int64_t filters, int64_t depths, int64_t part, int64_t parts) {
  if (filters == plan.filters.count) return;
  fetch_filters<taps>(pass.filters, plan.filters.begin(filters), plan.filters.size(filters), plan.depths.begin(depths),
                      plan.depths.size(depths), part, parts);
}

// A thread's memory, and the tiles whose inputs it holds.
struct Worker {
  float* inputs;
  float* products;
  float* filters;
  int64_t tiles;
  Worker(const Plan& plan, float* memory)
      : inputs(memory), products(inputs + plan.input_floats), filters(products + plan.product_floats), tiles(-1) {}
};

// One block of tiles with one block of filters.
template <class Form>
void compute_block(const Pass& pass, const Plan& whole, int64_t tiles, int64_t filters, const float* stored_filters,
                   Worker& worker) {
  const int64_t first = whole.tiles.begin(tiles), count = whole.tiles.size(tiles);
  Plan plan = whole;
  if (Form::shares_filters) lay_out<Form>(plan, count);
  if (worker.tiles != tiles) {
    for (int64_t depth = 0; depth < plan.depths.count; ++depth) {
      if (!plan.stored_filters) fetch_depths<Form::taps>(pass, plan, filters, 0, depth, plan.depths.count);
      transform_inputs<Form>(pass.tiles, first, count, plan.depths.begin(depth), plan.depths.size(depth),
                             {worker.inputs + depth * plan.input_chunk, plan.input_slot});
    }
    worker.tiles = tiles;
  }
  Product product;
  product.columns = round_up(plan.filters.size(filters), Vec::width);
  product.chunk_step = plan.input_chunk;
  product.b_step = column_tile;
  product.panel_step = plan.filter_panel;
  product.c_stride = plan.product_tile;
  const auto multiply_depths = [&](int64_t first_chunk, int64_t depth, const float* transformed,
                                   const auto& meanwhile) {
    product.depth = depth;
    product.accumulate = first_chunk > 0;
    for (int64_t frequency = 0; frequency < frequencies; ++frequency) {
      const Slots slots = Form::slots_of(static_cast<int>(frequency));
      product.rows = slots.count * count;
      product.a = worker.inputs + first_chunk * plan.input_chunk + slots.first * plan.input_slot;
      product.b = transformed + frequency * plan.filter_frequency;
      product.c = worker.products + slots.first * plan.product_slot;
      meanwhile(frequency);
      multiply(product);
    }
  };
  if (plan.stored_filters) {
    multiply_depths(0, pass.depth, stored_filters + filters * plan.filter_block_floats, [](int64_t) {});
  } else {
    for (int64_t depth = 0; depth < plan.depths.count; ++depth) {
      transform_filter_block<Form>(pass, plan, filters, depth, worker.filters);
      // The next weights come from memory while these are multiplied.
      const bool last = depth + 1 == plan.depths.count;
      multiply_depths(depth, plan.depths.size(depth), worker.filters, [&](int64_t frequency) {
        fetch_depths<Form::taps>(pass, plan, last ? filters + 1 : filters, last ? 0 : depth + 1, frequency,
                                 frequencies);
      });
    }
  }
  write_results<Form>({worker.products, plan.product_slot, plan.product_tile}, first, count,
                      plan.filters.begin(filters), plan.filters.size(filters), pass.results);
}

template <class Form>
void run(const Pass& pass) {
  if constexpr (!Form::shares_filters && Form::taps == 3) {
    if (transforms_on_the_way(pass.tile_count)) return run_on_the_way(pass);
  }
  const Plan plan = plan_of<Form>(pass);
  const int64_t blocks = plan.tiles.count * plan.filters.count;
  const int threads = static_cast<int>(at_most(thread_count(), blocks));
  const int64_t stored_floats = plan.stored_filters ? plan.filters.count * plan.filter_block_floats : 0;
  float* const memory = scratch(ScratchSlot::pack_a, stored_floats + threads * plan.private_floats);
  if (plan.stored_filters) {
    for_slots(threads, plan.filters.count * plan.depths.count, [&](int, int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block) {
        const int64_t filters = block / plan.depths.count, depth = block % plan.depths.count;
        transform_filter_block<Form>(
            pass, plan, filters, depth,
            memory + filters * plan.filter_block_floats + plan.depths.begin(depth) * column_tile);
      }
    });
  }
  for_slots(threads, blocks, [&](int slot, int64_t begin, int64_t end) {
    Worker worker(plan, memory + stored_floats + slot * plan.private_floats);
    for (int64_t block = begin; block < end; ++block)
      compute_block<Form>(pass, plan, block / plan.filters.count, block % plan.filters.count, memory, worker);
  });
}

template <class Form>
void convolve_by(const Convolution& c, const float* x, const float* weight, bool weight_is_tensor,
                 const Epilogue& epilogue, float* y) {
  constexpr int outputs = Form::result_extent;
  const Conv2dGeometry& g = c.geometry;
  const int64_t filters = c.group_filters();
  const int64_t rows = ceil_divide(c.out_height, outputs), columns = ceil_divide(c.out_width, outputs);
  for (int64_t group = 0; group < g.groups; ++group) {
    Pass pass;
    pass.tiles = {x + group * c.depth, c.height, c.width, c.channels, -g.pad_top, -g.pad_left, rows, columns};
    pass.filters = {weight + group * filters * c.window(), c.window(), 1, c.depth, false};
    pass.results = {
        y + group * filters, c.out_height, c.out_width, c.filters, rows, columns, epilogue.from(0, group * filters)};
    pass.tile_count = c.images * rows * columns, pass.filter_count = filters, pass.depth = c.depth;
    if (weight_is_tensor && has_few_tiles<Form>(pass)) keep_squares<Form::taps>(pass.filters, filters, c.depth);
    run<Form>(pass);
  }
}

// The gradient's first pixel that the first tile of the input's gradient needs, along one axis. Strided, the tile
// begins with a pixel of the middle tap, as paddings are odd.
template <class Form>
int64_t first_gradient(int64_t padding) {
  return Form::shares_filters ? (padding - 1) / 2 : padding - (Form::taps - 1);
}

// The convolution of the gradient with the filters turned by half a circle, channels and filters exchanged.
template <class Form>
void gradient_of_input_by(const Convolution& c, const float* grad, const float* weight, float* dx) {
  constexpr int outputs = Form::result_extent;
  const Conv2dGeometry& g = c.geometry;
  const int64_t filters = c.group_filters();
  const int64_t rows = ceil_divide(c.height, outputs), columns = ceil_divide(c.width, outputs);
  for (int64_t group = 0; group < g.groups; ++group) {
    Pass pass;
    pass.tiles = {
        grad + group * filters,           c.out_height, c.out_width, c.filters, first_gradient<Form>(g.pad_top),
        first_gradient<Form>(g.pad_left), rows,         columns};
    pass.filters = {weight + group * filters * c.window(), 1, c.window(), c.depth, true};
    pass.results = {dx + group * c.depth, c.height, c.width, c.channels, rows, columns, Epilogue{}};
    pass.tile_count = c.images * rows * columns, pass.filter_count = c.depth, pass.depth = filters;
    run<Form>(pass);
  }
}

}  // namespace

void convolve(const Convolution& c, const float* x, const float* weight, bool weight_is_tensor,
              const Epilogue& epilogue, float* y) {
  const auto by = is_strided(c)          ? convolve_by<Strided>
                  : c.window_height == 3 ? convolve_by<Unit<3>>
                                         : convolve_by<Unit<5>>;
  by(c, x, weight, weight_is_tensor, epilogue, y);
}

void gradient_of_input(const Convolution& c, const float* grad, const float* weight, float* dx) {
  const auto by = is_strided(c)          ? gradient_of_input_by<StridedBack>
                  : c.window_height == 3 ? gradient_of_input_by<Unit<3>>
                                         : gradient_of_input_by<Unit<5>>;
  by(c, grad, weight, dx);
}

}  // namespace hebb::cpu::HEBB_ISA::winograd
