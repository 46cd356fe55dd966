#include "cpu/conv/windows.h"

#include "cpu/gemm/plan.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

constexpr double most_pixels = 1 << 20;

// Line h of an image from pixel `left` on, `pixels` of them, the wanted channels alone, zeros outside.
void copy_line(const Patches& p, const float* image, int64_t h, int64_t left, int64_t pixels, float* to) {
  if (h < 0 || h >= p.height) return zero_floats(to, pixels * p.depth);
  const int64_t before = at_most(left < 0 ? -left : 0, pixels);
  int64_t inside = at_most(p.width - (left + before), pixels - before);
  if (inside < 0) inside = 0;
  zero_floats(to, before * p.depth);
  const float* from = image + (h * p.width + left + before) * p.channels;
  to += before * p.depth;
  if (p.depth == p.channels) {
    copy_floats(from, to, inside * p.depth);
  } else {
    for (int64_t pixel = 0; pixel < inside; ++pixel)
      copy_floats(from + pixel * p.channels, to + pixel * p.depth, p.depth);
  }
  zero_floats(to + inside * p.depth, (pixels - before - inside) * p.depth);
}

}  // namespace

Windows::Windows(const Patches& patches) : p_(patches) {
  // Strides, dilations and padding may be so large that integers would overflow.
  const auto reach = [](int64_t positions, int64_t stride, int64_t window, int64_t dilation) {
    return static_cast<double>(positions - 1) * static_cast<double>(stride) +
           static_cast<double>(window - 1) * static_cast<double>(dilation) + 1;
  };
  if (reach(p_.out_height, p_.stride_height, p_.window_height, p_.dilation_height) > most_pixels ||
      reach(p_.out_width, p_.stride_width, p_.window_width, p_.dilation_width) > most_pixels) {
    fit_ = false;
    return;
  }
  span_ = (p_.window_height - 1) * p_.dilation_height + 1;
  const int64_t span_width = (p_.window_width - 1) * p_.dilation_width + 1;
  const int64_t lines = (p_.out_height - 1) * p_.stride_height + span_;
  const int64_t pixels = (p_.out_width - 1) * p_.stride_width + span_width;
  copied_ = p_.top < 0 || p_.left < 0 || p_.top + lines > p_.height || p_.left + pixels > p_.width;
  pixel_ = copied_ ? p_.depth : p_.channels;
  line_ = (copied_ ? pixels : p_.width) * pixel_;
  const bool whole_rows = pixel_ == p_.depth && p_.dilation_width == 1;
  run_length_ = whole_rows ? p_.window_width * p_.depth : p_.depth;
  runs_per_row_ = whole_rows ? 1 : p_.window_width;
  if (!copied_) return;
  while (row_block_ > row_tile_rows && floats_for(row_block_) > line_floats) row_block_ -= row_tile_rows;
  line_memory_ = floats_for(row_block_) + Vec::width;
  fit_ = line_memory_ <= in_place_floats;
}

// Wherever in an image, and in a line, the positions begin.
int64_t Windows::floats_for(int64_t positions) const {
  const int64_t out_lines = ceil_divide(positions - 1, p_.out_width) + 1,
                images = ceil_divide(out_lines - 1, p_.out_height) + 1;
  return ((out_lines - images) * p_.stride_height + images * span_) * line_;
}

RestingRows Windows::rows() const { return {this, locate, ahead, runs, row_block_, line_memory_}; }

void Windows::locate(const void* source, int64_t first, int64_t count, float* lines, const float** rows) {
  const Windows& w = *static_cast<const Windows*>(source);
  const Patches& p = w.p_;
  const int64_t image_floats = p.height * p.width * p.channels;
  for (int64_t row = first, end = first + count; row < end;) {
    // The positions that are left of one image.
    const int64_t image = row / (p.out_height * p.out_width);
    const int64_t stop = at_most((image + 1) * p.out_height * p.out_width, end);
    const int64_t begin_line = row / p.out_width - image * p.out_height;
    const int64_t end_line = (stop - 1) / p.out_width - image * p.out_height;
    const int64_t top = begin_line * p.stride_height + p.top;
    const float* corner;  // of the window at the first position of begin_line
    if (w.copied_) {
      const int64_t copies = (end_line - begin_line) * p.stride_height + w.span_;
      for (int64_t line = 0; line < copies; ++line) {
        copy_line(p, p.data + image * image_floats, top + line, p.left, w.line_ / p.depth, lines + line * w.line_);
      }
      corner = lines;
      lines += copies * w.line_;
    } else {
      corner = p.data + image * image_floats + top * w.line_ + p.left * w.pixel_;
    }
    for (int64_t line = begin_line; line <= end_line; ++line, corner += p.stride_height * w.line_) {
      const int64_t line_begin = (image * p.out_height + line) * p.out_width;
      for (const int64_t line_end = at_most(line_begin + p.out_width, stop); row < line_end; ++row) {
        rows[row - first] = corner + (row - line_begin) * p.stride_width * w.pixel_;
      }
    }
  }
}

// From the line behind the last one that the position before needs.
Region Windows::ahead(const void* source, int64_t first, int64_t count) {
  const Windows& w = *static_cast<const Windows*>(source);
  const Patches& p = w.p_;
  const int64_t line = first / p.out_width, image = line / p.out_height;
  const int64_t h = (line - image * p.out_height) * p.stride_height + p.top + w.span_ - p.stride_height;
  const int64_t line_floats = p.width * p.channels;
  return {p.data + (image * p.height + h) * line_floats,
          ceil_divide(count, p.out_width) * p.stride_height * line_floats};
}

int Windows::runs(const void* source, int64_t depth, int64_t length, Run* runs) {
  const Windows& w = *static_cast<const Windows*>(source);
  const Patches& p = w.p_;
  int64_t run = depth / w.run_length_, within = depth - run * w.run_length_;
  int count = 0;
  for (; length > 0; ++run, within = 0) {
    const int64_t kh = run / w.runs_per_row_, kw = run - kh * w.runs_per_row_;
    const int64_t piece = at_most(w.run_length_ - within, length);
    runs[count++] = {kh * p.dilation_height * w.line_ + kw * p.dilation_width * w.pixel_ + within, piece};
    length -= piece;
  }
  return count;
}

}  // namespace hebb::cpu::HEBB_ISA
