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
  int64_t input_chunk, input_frequency, product_frequency;
  int64_t filter_block_floats, private_floats;
};

Plan plan_of(const Pass& pass) {
  Plan plan{};
  plan.stored_filters = !pass.has_few_tiles();
  // As many blocks for each thread: what a tile's results are does not depend on its block.
  const int64_t blocks = round_up(ceil_divide(pass.tile_count, tile_block), thread_count());
  plan.tiles = cut_evenly(pass.tile_count, plan.stored_filters ? ceil_divide(pass.tile_count, blocks) : few_tiles, 1);
  plan.filters =
      cut_evenly(pass.filter_count, plan.stored_filters ? filter_block : few_tiles_filter_block, column_tile);
  plan.depths = cut_by(pass.depth, row_stride);
  const int64_t filter_depth = plan.stored_filters ? pass.depth : row_stride;
  plan.filter_panel = filter_depth * column_tile;
  plan.filter_frequency = filter_depth * plan.filters.piece + skew;
  plan.input_chunk = plan.tiles.piece * row_stride;
  plan.input_frequency = plan.depths.count * plan.input_chunk + skew;
  plan.product_frequency = plan.tiles.piece * plan.filters.piece + skew;
  plan.filter_block_floats = frequencies * plan.filter_frequency;
  plan.private_floats = frequencies * (plan.input_frequency + plan.product_frequency) +
                        (plan.stored_filters ? 0 : plan.filter_block_floats);
  return plan;
}

template <int taps>
void transform_filter_block(const Pass& pass, const Plan& plan, int64_t filters, int64_t depths, float* to) {
  transform_filters<taps>(pass.filters, plan.filters.begin(filters), plan.filters.size(filters),
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
      : inputs(memory),
        products(inputs + frequencies * plan.input_frequency),
        filters(products + frequencies * plan.product_frequency),
        tiles(-1) {}
};

// One block of tiles with one block of filters.
template <int taps>
void compute_block(const Pass& pass, const Plan& plan, int64_t tiles, int64_t filters, const float* stored_filters,
                   Worker& worker) {
  const int64_t first = plan.tiles.begin(tiles), count = plan.tiles.size(tiles);
  if (worker.tiles != tiles) {
    for (int64_t depth = 0; depth < plan.depths.count; ++depth) {
      if (!plan.stored_filters) fetch_depths<taps>(pass, plan, filters, 0, depth, plan.depths.count);
      transform_inputs<taps>(pass.tiles, first, count, plan.depths.begin(depth), plan.depths.size(depth),
                             {worker.inputs + depth * plan.input_chunk, plan.input_frequency});
    }
    worker.tiles = tiles;
  }
  Product product;
  product.rows = count;
  product.columns = round_up(plan.filters.size(filters), Vec::width);
  product.chunk_step = plan.input_chunk;
  product.b_step = column_tile;
  product.panel_step = plan.filter_panel;
  product.c_stride = plan.filters.piece;
  const auto multiply_depths = [&](int64_t first_chunk, int64_t depth, const float* transformed,
                                   const auto& meanwhile) {
    product.depth = depth;
    product.accumulate = first_chunk > 0;
    for (int64_t frequency = 0; frequency < frequencies; ++frequency) {
      product.a = worker.inputs + first_chunk * plan.input_chunk + frequency * plan.input_frequency;
      product.b = transformed + frequency * plan.filter_frequency;
      product.c = worker.products + frequency * plan.product_frequency;
      meanwhile(frequency);
      multiply(product);
    }
  };
  if (plan.stored_filters) {
    multiply_depths(0, pass.depth, stored_filters + filters * plan.filter_block_floats, [](int64_t) {});
  } else {
    for (int64_t depth = 0; depth < plan.depths.count; ++depth) {
      transform_filter_block<taps>(pass, plan, filters, depth, worker.filters);
      // The next weights come from memory while these are multiplied.
      const bool last = depth + 1 == plan.depths.count;
      multiply_depths(depth, plan.depths.size(depth), worker.filters, [&](int64_t frequency) {
        fetch_depths<taps>(pass, plan, last ? filters + 1 : filters, last ? 0 : depth + 1, frequency, frequencies);
      });
    }
  }
  write_results<taps>({worker.products, plan.product_frequency, plan.filters.piece}, first, count,
                      plan.filters.begin(filters), plan.filters.size(filters), pass.results);
}

template <int taps>
void run(const Pass& pass) {
  if (transforms_on_the_way(taps, pass.tile_count)) return run_on_the_way(pass);
  const Plan plan = plan_of(pass);
  const int64_t blocks = plan.tiles.count * plan.filters.count;
  const int threads = static_cast<int>(at_most(thread_count(), blocks));
  const int64_t stored_floats = plan.stored_filters ? plan.filters.count * plan.filter_block_floats : 0;
  float* const memory = scratch(ScratchSlot::pack_a, stored_floats + threads * plan.private_floats);
  if (plan.stored_filters) {
    for_slots(threads, plan.filters.count * plan.depths.count, [&](int, int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block) {
        const int64_t filters = block / plan.depths.count, depth = block % plan.depths.count;
        transform_filter_block<taps>(
            pass, plan, filters, depth,
            memory + filters * plan.filter_block_floats + plan.depths.begin(depth) * column_tile);
      }
    });
  }
  for_slots(threads, blocks, [&](int slot, int64_t begin, int64_t end) {
    Worker worker(plan, memory + stored_floats + slot * plan.private_floats);
    for (int64_t block = begin; block < end; ++block)
      compute_block<taps>(pass, plan, block / plan.filters.count, block % plan.filters.count, memory, worker);
  });
}

template <int taps>
void convolve_by(const Convolution& c, const float* x, const float* weight, bool weight_is_tensor,
                 const Epilogue& epilogue, float* y) {
  constexpr int outputs = outputs_of<taps>;
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
    if (weight_is_tensor && pass.has_few_tiles()) keep_squares<taps>(pass.filters, filters, c.depth);
    run<taps>(pass);
  }
}

// The convolution of the gradient with the filters turned by half a circle, channels and filters exchanged.
template <int taps>
void gradient_of_input_by(const Convolution& c, const float* grad, const float* weight, float* dx) {
  constexpr int outputs = outputs_of<taps>;
  const Conv2dGeometry& g = c.geometry;
  const int64_t filters = c.group_filters();
  const int64_t rows = ceil_divide(c.height, outputs), columns = ceil_divide(c.width, outputs);
  for (int64_t group = 0; group < g.groups; ++group) {
    Pass pass;
    pass.tiles = {grad + group * filters,  c.out_height, c.out_width, c.filters, g.pad_top - (taps - 1),
                  g.pad_left - (taps - 1), rows,         columns};
    pass.filters = {weight + group * filters * c.window(), 1, c.window(), c.depth, true};
    pass.results = {dx + group * c.depth, c.height, c.width, c.channels, rows, columns, Epilogue{}};
    pass.tile_count = c.images * rows * columns, pass.filter_count = c.depth, pass.depth = filters;
    run<taps>(pass);
  }
}

}  // namespace

void convolve(const Convolution& c, const float* x, const float* weight, bool weight_is_tensor,
              const Epilogue& epilogue, float* y) {
  (c.window_height == 3 ? convolve_by<3> : convolve_by<5>)(c, x, weight, weight_is_tensor, epilogue, y);
}

void gradient_of_input(const Convolution& c, const float* grad, const float* weight, float* dx) {
  (c.window_height == 3 ? gradient_of_input_by<3> : gradient_of_input_by<5>)(c, grad, weight, dx);
}

}  // namespace hebb::cpu::HEBB_ISA::winograd
