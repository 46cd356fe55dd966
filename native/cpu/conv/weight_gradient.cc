#include "core/scratch.h"
#include "cpu/conv/image_rows.h"
#include "cpu/conv/windows.h"
#include "cpu/gemm/outer_tile.h"
#include "cpu/gemm/plan.h"
#include "cpu/gemm/slots.h"

// dweight[o, w] = sum over positions p of grad[p, o] * patch[p, w], w being (kh, kw, i).
namespace hebb::cpu::HEBB_ISA {
namespace {

// One group, by outer products: patches are read where they lie, and the gradient is packed, which has far fewer floats
// than the patches. The product comes out with the filters side by side, so it is turned over in the end.
struct Pass {
  int64_t positions, filters, window;
  const float* grad;  // [positions, grad_stride], of the group's first filter
  int64_t grad_stride;
  RestingRows patches;
  int64_t image_floats;  // of all images
  float* dweight;        // [filters, window]
};

// Work is cut in items of some panels of filters and some blocks of positions, by the shape alone: every number of
// threads adds up the same parts.
struct Plan {
  Cut panels, blocks, groups;  // of filters; of positions; of panels
  int64_t chunks;              // of blocks
  int64_t panel_floats;        // of an item's sums: [window, tile_columns]
  int64_t item_floats() const { return groups.piece * panel_floats; }
};

// With fewer positions, sums take longer on their way to memory than patches to be packed.
constexpr int64_t least_positions = 32, positions_per_filter = 16;

constexpr int64_t wanted_items = 32, item_floats = int64_t{1} << 16, most_panels = 4;

Plan plan_of(const Pass& pass) {
  Plan plan;
  plan.panels = column_panels_of(pass.filters);
  plan.panel_floats = pass.window * tile_columns;
  const int64_t fit = item_floats / plan.panel_floats;
  plan.groups = cut_evenly(plan.panels.count, at_most(fit > 1 ? fit : 1, most_panels), 1);
  plan.blocks = cut_by(pass.positions, pass.patches.row_block);
  const int64_t sums = plan.panels.count * plan.panel_floats;
  const int64_t chunks =
      at_most(at_most(wanted_items / plan.groups.count, pass.positions / split_depth), partial_floats / sums);
  plan.chunks = at_most(chunks > 1 ? chunks : 1, plan.blocks.count);
  return plan;
}

// The gradients of positions [first, first + count) by some panels of filters, read in the order of their addresses.
void pack_gradient(const Pass& pass, int64_t first, int64_t count, int64_t filter, int64_t filters, float* to) {
  const Matrix gradients{pass.grad + first * pass.grad_stride, 1, pass.grad_stride};
  Block block{};
  block.first = filter, block.count = filters, block.panels = to;
  pack_rows_of_b(gradients, block, 0, count);
}

static_assert(rows_of_block <= depth_block);  // a panel holds the gradients of a block

struct Item {
  const Pass& pass;
  const Plan& plan;
  Range panels, blocks;
  float* sums;
  float* gradients;  // memory for its packed panels of a block
  float* lines;      // and for lines of the image

  void add_block(int64_t index) const {
    const int64_t first = plan.blocks.begin(index), count = plan.blocks.size(index);
    const float* patches[rows_of_block];
    pass.patches.locate(pass.patches.source, first, count, lines, patches);
    // Tiles read a few floats of each patch, so no processor foresees where they go on: where the images do not stay in
    // the cache, the next block's patches are fetched meanwhile, a share with each depth.
    Region ahead{gradients, 0};
    if (pass.image_floats > 4 * resident_floats && index + 1 < blocks.end)
      ahead = pass.patches.ahead(pass.patches.source, first + count, plan.blocks.size(index + 1));
    const int64_t step =
        ceil_divide(ahead.count, (panels.end - panels.begin) * ceil_divide(pass.window, tile_rows) * count);
    const int64_t filter = plan.panels.begin(panels.begin), end = plan.panels.begin(panels.end);
    pack_gradient(pass, first, count, filter, at_most(end, pass.filters) - filter, gradients);
    for (int64_t panel = panels.begin; panel < panels.end; ++panel) {
      ahead.data = multiply(patches, count, panel, index > blocks.begin, ahead.data, step);
    }
  }

  // Gives what is to be fetched next.
  const float* multiply(const float* const* patches, int64_t count, int64_t panel, bool accumulate, const float* next,
                        int64_t next_step) const {
    const int columns = static_cast<int>(plan.panels.size(panel));
    const int vectors = static_cast<int>(ceil_divide(columns, Vec::width));
    Run runs[depth_block];
    float* rows[tile_rows];
    OuterTile tile{};
    tile.rows = rows;
    tile.last_lanes = Vec::width;
    tile.accumulate = accumulate;
    tile.depth = count;
    tile.a = patches;
    tile.b = gradients + (panel - panels.begin) * b_panel_floats;
    tile.next = next;
    tile.next_step = next_step;
    float* to = sums + (panel - panels.begin) * plan.panel_floats;
    for (int64_t w = 0; w < pass.window;) {
      const int64_t length = at_most(pass.window - w, depth_block);
      const int run_count = pass.patches.runs(pass.patches.source, w, length, runs);
      for (int run = 0; run < run_count; ++run) {
        const Cut tiles = cut_evenly(runs[run].length, tile_rows, 1);
        for (int64_t index = 0; index < tiles.count; ++index) {
          const int size = static_cast<int>(tiles.size(index));
          tile.first = runs[run].offset + tiles.begin(index);
          for (int row = 0; row < size; ++row, to += tile_columns) rows[row] = to;
          outer_tile_function(size, vectors)(tile);
          tile.next += next_step * count;
        }
      }
      w += length;
    }
    return tile.next;
  }
};

// The items' sums of Vec::width weights at most, turned over, to the filters of a panel.
void finish_strip(const Pass& pass, const Plan& plan, const float* sums, int64_t panel, int64_t first, int64_t count) {
  constexpr int width = Vec::width;
  float strip[width * tile_columns], turned[tile_columns * width];
  const int64_t group = panel / plan.groups.piece;
  const float* from =
      sums + group * plan.item_floats() + (panel - plan.groups.begin(group)) * plan.panel_floats + first * tile_columns;
  const int64_t filters = plan.panels.size(panel), columns = round_up(filters, width);
  for (int64_t row = 0; row < count; ++row)
    for (int64_t column = 0; column < columns; column += width) {
      const float* const at = from + row * tile_columns + column;
      Vec sum = load(at);
      for (int64_t chunk = 1; chunk < plan.chunks; ++chunk)
        sum = sum + load(at + chunk * plan.groups.count * plan.item_floats());
      store(strip + row * tile_columns + column, sum);
    }
  transpose_strip(strip, tile_columns, static_cast<int>(count), filters, turned, width);
  float* to = pass.dweight + plan.panels.begin(panel) * pass.window + first;
  for (int64_t filter = 0; filter < filters; ++filter, to += pass.window)
    store_partial(to, load(turned + filter * width), static_cast<int>(count));
}

void run(const Pass& pass) {
  const Plan plan = plan_of(pass);
  const int64_t items = plan.groups.count * plan.chunks;
  const int threads = threads_worth(pass.positions * pass.filters * pass.window, items);
  float* const sums = scratch(ScratchSlot::pack_a, items * plan.item_floats());
  const int64_t gradient_floats = plan.groups.piece * b_panel_floats + Vec::width;
  const int64_t step = round_up(gradient_floats + pass.patches.lines, Vec::width);
  float* const memory = scratch(ScratchSlot::pack_b, threads * step);
  for_slots(threads, items, [&](int slot, int64_t begin, int64_t end) {
    float* const own = memory + slot * step;
    for (int64_t index = begin; index < end; ++index) {
      const int64_t chunk = index / plan.groups.count, group = index - chunk * plan.groups.count;
      const Item item{pass,
                      plan,
                      plan.groups.range(group),
                      piece(plan.blocks.count, static_cast<int>(chunk), static_cast<int>(plan.chunks)),
                      sums + index * plan.item_floats(),
                      own,
                      own + gradient_floats};
      for (int64_t block = item.blocks.begin; block < item.blocks.end; ++block) item.add_block(block);
    }
  });
  const Cut strips = cut_by(pass.window, Vec::width);
  for_slots(threads, plan.panels.count * strips.count, [&](int, int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) {
      const int64_t panel = index / strips.count, strip = index - panel * strips.count;
      finish_strip(pass, plan, sums, panel, strips.begin(strip), strips.size(strip));
    }
  });
}

// With im2col packed into panels, and no more memory than they need.
void run_packed(const Pass& pass, const Convolution& c, const float* pixels, const Patches& patches) {
  const Matrix gradients{pass.grad, 1, pass.grad_stride};
  const Matrix rows{pixels, 1, c.channels};
  Gemm gemm;
  gemm.rows = pass.filters, gemm.columns = pass.window, gemm.depth = pass.positions;
  gemm.a = as_a(&gradients);
  gemm.b = c.is_pointwise() ? as_b(&rows) : patches_as_b(&patches);
  gemm.c.data = pass.dweight;
  gemm.c.stride = pass.window;
  run(gemm);
}

}  // namespace

void gradient_of_weight(const Convolution& c, const float* grad, const float* x, float* dweight) {
  const int64_t filters = c.group_filters();
  if (filters == 0 || c.window() == 0) return;
  for (int64_t group = 0; group < c.geometry.groups; ++group) {
    const Patches patches = patches_of(c, x, group);
    Pass pass{c.positions(),
              filters,
              c.window(),
              grad + group * filters,
              c.filters,
              RestingRows{},
              c.images * c.height * c.width * c.channels,
              dweight + group * filters * c.window()};
    if (pass.positions < least_positions || pass.positions < positions_per_filter * filters ||
        filters * pass.window > in_place_floats) {
      run_packed(pass, c, x + group * c.depth, patches);
      continue;
    }
    const Windows windows(patches);
    if (windows.fit()) {
      pass.patches = windows.rows();
      run(pass);
    } else {
      run_packed(pass, c, x + group * c.depth, patches);
    }
  }
}

}  // namespace hebb::cpu::HEBB_ISA
