#include "core/scratch.h"
#include "cpu/conv/winograd/pass.h"
#include "cpu/conv/winograd/transforming_product.h"
#include "cpu/gemm/plan.h"
#include "cpu/gemm/slots.h"

namespace hebb::cpu::HEBB_ISA::winograd {
namespace {

constexpr int taps = 3, width = Vec::width;
constexpr int64_t square_floats = sizeof(Square<taps>) / sizeof(float), squares_of_chunk = row_stride / width,
                  most_tiles = 2 * tiles_on_the_way;

// Filters by the vector, depths by what the sums are made of.
struct Plan {
  Cut filters, depths;
  int64_t input_chunk, input_frequency, sum_frequency;
  explicit Plan(const Pass& pass)
      : filters(cut_by(pass.filter_count, width)),
        depths(cut_by(pass.depth, row_stride)),
        input_chunk(pass.tile_count * row_stride),
        input_frequency(depths.count * input_chunk + skew),
        sum_frequency(pass.tile_count * width) {}
};

}  // namespace

void run_on_the_way(const Pass& pass) {
  const Plan plan(pass);
  const int threads = static_cast<int>(at_most(thread_count(), plan.filters.count));
  const int64_t input_floats = frequencies * plan.input_frequency, sum_floats = frequencies * plan.sum_frequency;
  const int64_t private_floats = input_floats + sum_floats + squares_of_chunk * square_floats;
  float* const memory = scratch(ScratchSlot::pack_a, threads * private_floats);
  for_slots(threads, plan.filters.count, [&](int slot, int64_t begin, int64_t end) {
    float* const inputs = memory + slot * private_floats;
    float* const sums = inputs + input_floats;
    auto* const gathered = reinterpret_cast<Square<taps>*>(sums + sum_floats);
    // Meanwhile the first weights come from memory.
    for (int64_t depth = 0; depth < plan.depths.count; ++depth) {
      fetch_filters<taps>(pass.filters, plan.filters.begin(begin), plan.filters.size(begin), 0, plan.depths.size(0),
                          depth, plan.depths.count);
      transform_inputs<Unit<taps>>(pass.tiles, 0, pass.tile_count, plan.depths.begin(depth), plan.depths.size(depth),
                                   {inputs + depth * plan.input_chunk, plan.input_frequency});
    }
    TransformingProduct product;
    product.input_frequency = plan.input_frequency;
    product.sum_frequency = plan.sum_frequency;
    for (int64_t filters = begin; filters < end; ++filters) {
      for (int64_t depth = 0; depth < plan.depths.count; ++depth) {
        product.depth = plan.depths.size(depth);
        product.accumulate = depth > 0;
        for (int64_t k = 0; k < product.depth; k += width) {
          const auto& square =
              square_of(pass.filters, plan.filters.begin(filters), plan.filters.size(filters),
                        plan.depths.begin(depth) + k, at_most(product.depth - k, width), gathered[k / width]);
          if (k == 0) product.filters = &square;
        }
        product.next = (product.filters + (pass.filters.squares ? squares_of_chunk : 0))->values[0];
        for (int64_t tile = 0; tile < pass.tile_count; tile += product.tiles) {
          const int64_t left = pass.tile_count - tile;
          product.tiles = static_cast<int>(left < most_tiles ? at_most(left, tiles_on_the_way) : most_tiles);
          product.inputs = inputs + depth * plan.input_chunk + tile * row_stride;
          product.sums = sums + tile * width;
          multiply(product);
        }
      }
      write_results<Unit<taps>>({sums, plan.sum_frequency, width}, 0, pass.tile_count, plan.filters.begin(filters),
                                plan.filters.size(filters), pass.results);
    }
  });
}

}  // namespace hebb::cpu::HEBB_ISA::winograd
