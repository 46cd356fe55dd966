#include "cpu/conv/bundles/bundle.h"
#include "cpu/conv/bundles/bundles.h"

namespace hebb::cpu::HEBB_ISA::bundles {
namespace {

// `results` of each position side by side would leave lanes empty, as do images that do not fill a bundle.
bool fills_lanes(int64_t images, int64_t results) {
  const int64_t lanes = round_up(images, width);
  if (results > most_results) return false;
  return 2 * results <= width ? 4 * images >= 3 * lanes : 10 * images >= 9 * lanes;
}

// Of which `line` and `out_line` values a row are kept while a band of rows is worked on.
bool fits(const Convolution& c, int64_t results, int64_t taps, int64_t line, int64_t out_line) {
  const Conv2dGeometry& g = c.geometry;
  return width > 1 && g.groups == 1 && g.stride_height == 1 && g.stride_width == 1 && g.dilation_height == 1 &&
         g.dilation_width == 1 && c.positions() > 0 && results > 0 && fills_lanes(c.images, results) &&
         taps >= (results == width ? least_taps_of_full_lanes : least_taps) &&
         fitting_rows(line, out_line, c.window_height) >= c.window_height;
}

}  // namespace

bool pays(const Convolution& c) { return fits(c, c.filters, c.window(), c.width * c.channels, 0); }

bool input_gradient_pays(const Convolution& c) {
  return fits(c, c.channels, c.window_height * c.window_width * c.filters, c.out_width * c.filters, 0);
}

bool weight_gradient_pays(const Convolution& c) {
  return fits(c, c.filters, c.window(), (c.out_width + c.window_width - 1) * c.channels, c.out_width * c.filters);
}

}  // namespace hebb::cpu::HEBB_ISA::bundles
