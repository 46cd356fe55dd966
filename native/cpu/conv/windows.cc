#include "cpu/conv/windows.h"

namespace hebb::cpu::HEBB_ISA {
namespace {

constexpr double most_pixels = 1 << 20;

// What a copied line costs beside its floats, in the time of one.
constexpr int64_t line_cost = 32;

// Line h of an image from pixel `left` on, `pixels` of them, the wanted channels alone, zeros outside; `pixel` floats
// from one to the next.
void copy_line(const Patches& p, const float* image, int64_t h, int64_t left, int64_t pixels, int64_t pixel,
               float* to) {
  if (h < 0 || h >= p.height) return zero_floats(to, pixels * pixel);
  const int64_t before = at_most(left < 0 ? -left : 0, pixels);
  int64_t inside = at_most(p.width - (left + before), pixels - before);
  if (inside < 0) inside = 0;
  zero_floats(to, before * pixel);
  const float* from = image + (h * p.width + left + before) * p.channels;
  to += before * pixel;
  if (p.depth == p.channels) {
    copy_floats(from, to, inside * pixel);
  } else {
    for (int64_t index = 0; index < inside; ++index)
      copy_floats(from + index * p.channels, to + index * pixel, p.depth);
  }
  zero_floats(to + inside * pixel, (pixels - before - inside) * pixel);
}

// The positions whose window begins at `first` or later and ends before `extent`.
Range inner_positions(int64_t positions, int64_t stride, int64_t first, int64_t span, int64_t extent) {
  const int64_t begin = first < 0 ? ceil_divide(-first, stride) : 0;
  const int64_t last = extent - span - first;  // the greatest distance from the first window
  const int64_t end = last < 0 ? 0 : at_most(last / stride + 1, positions);
  return {at_most(begin, positions), end < begin ? at_most(begin, positions) : end};
}

}  // namespace

Windows::Windows(const Patches& patches) : p_(patches) {
  // Strides, dilations and padding may be so large that integers would overflow.
  const auto reach = [](int64_t positions, int64_t stride, int64_t window, int64_t dilation) {
    return static_cast<double>(positions - 1) * static_cast<double>(stride) +
           static_cast<double>(window - 1) * static_cast<double>(dilation) + 1;
  };
  if (p_.window_height == 0 || p_.window_width == 0 ||
      reach(p_.out_height, p_.stride_height, p_.window_height, p_.dilation_height) > most_pixels ||
      reach(p_.out_width, p_.stride_width, p_.window_width, p_.dilation_width) > most_pixels) {
    fit_ = false;
    return;
  }
  span_ = (p_.window_height - 1) * p_.dilation_height + 1;
  breadth_ = (p_.window_width - 1) * p_.dilation_width + 1;
  const int64_t lines = (p_.out_height - 1) * p_.stride_height + span_;
  const int64_t pixels = (p_.out_width - 1) * p_.stride_width + breadth_;
  inner_lines_ = inner_positions(p_.out_height, p_.stride_height, p_.top, span_, p_.height);
  inner_columns_ = inner_positions(p_.out_width, p_.stride_width, p_.left, breadth_, p_.width);
  border_ = p_.out_height * p_.out_width -
            (inner_lines_.end - inner_lines_.begin) * (inner_columns_.end - inner_columns_.begin);
  abreast_ = p_.width / breadth_;
  copied_ = border_ > 0 && !few_at_border(lines, pixels);
  pixel_ = copied_ ? p_.depth : p_.channels;
  line_ = (copied_ ? pixels : p_.width) * pixel_;
  const bool whole_rows = pixel_ == p_.depth && p_.dilation_width == 1;
  run_length_ = whole_rows ? p_.window_width * p_.depth : p_.depth;
  runs_per_row_ = whole_rows ? 1 : p_.window_width;
  if (border_ == 0) return;
  const int64_t most = copied_ ? line_floats : window_floats;
  while (row_block_ > row_tile_rows && floats_for(row_block_) > most) row_block_ -= row_tile_rows;
  line_memory_ = floats_for(row_block_) + Vec::width;
  fit_ = line_memory_ <= in_place_floats;
}

// Whether it is less work to copy the windows at the border than all lines of an image.
bool Windows::few_at_border(int64_t lines, int64_t pixels) const {
  return abreast_ > 0 && p_.depth == p_.channels &&
         border_ * p_.window_height * (breadth_ * p_.depth + line_cost) < lines * (pixels * p_.depth + line_cost);
}

// Wherever in an image, and in a line, the positions begin.
int64_t Windows::floats_for(int64_t positions) const {
  if (!copied_) {
    const int64_t images = positions / (p_.out_height * p_.out_width) + 2;
    return ceil_divide(at_most(positions, images * border_), abreast_) * span_ * line_;
  }
  const int64_t out_lines = ceil_divide(positions - 1, p_.out_width) + 1;
  // The first line of an image takes a window's lines, the others a stride's: whichever is more, as often as can be.
  const int64_t images =
      span_ > p_.stride_height ? ceil_divide(out_lines - 1, p_.out_height) + 1 : ceil_divide(out_lines, p_.out_height);
  return ((out_lines - images) * p_.stride_height + images * span_) * line_;
}

void Windows::copy_window(const float* image, int64_t h, int64_t w, float* to) const {
  for (int64_t line = 0; line < span_; line += p_.dilation_height)
    copy_line(p_, image, h + line, w, breadth_, pixel_, to + line * line_);
}

RestingRows Windows::rows() const { return {this, locate, ahead, runs, row_block_, line_memory_}; }

void Windows::locate(const void* source, int64_t first, int64_t count, float* lines, const float** rows) {
  const Windows& w = *static_cast<const Windows*>(source);
  const Patches& p = w.p_;
  const int64_t image_floats = p.height * p.width * p.channels;
  int64_t copies = 0;  // of windows
  for (int64_t row = first, end = first + count; row < end;) {
    // The positions that are left of one image.
    const int64_t index = row / (p.out_height * p.out_width);
    const int64_t stop = at_most((index + 1) * p.out_height * p.out_width, end);
    const int64_t begin_line = row / p.out_width - index * p.out_height;
    const int64_t end_line = (stop - 1) / p.out_width - index * p.out_height;
    const int64_t top = begin_line * p.stride_height + p.top;
    const float* const image = p.data + index * image_floats;
    const float* corner;  // of the window at the first position of begin_line
    if (w.copied_) {
      const int64_t count_of_lines = (end_line - begin_line) * p.stride_height + w.span_;
      for (int64_t line = 0; line < count_of_lines; ++line) {
        copy_line(p, image, top + line, p.left, w.line_ / p.depth, p.depth, lines + line * w.line_);
      }
      corner = lines;
      lines += count_of_lines * w.line_;
    } else {
      corner = image + top * w.line_ + p.left * w.pixel_;
    }
    for (int64_t line = begin_line; line <= end_line; ++line, corner += p.stride_height * w.line_) {
      const int64_t line_begin = (index * p.out_height + line) * p.out_width;
      const int64_t line_end = at_most(line_begin + p.out_width, stop);
      const bool inner = line >= w.inner_lines_.begin && line < w.inner_lines_.end;
      for (; row < line_end; ++row) {
        const int64_t column = row - line_begin;
        if (w.copied_ || (inner && column >= w.inner_columns_.begin && column < w.inner_columns_.end)) {
          rows[row - first] = corner + column * p.stride_width * w.pixel_;
          continue;
        }
        const int64_t region = copies / w.abreast_;
        float* const copy = lines + region * w.span_ * w.line_ + (copies - region * w.abreast_) * w.breadth_ * w.pixel_;
        w.copy_window(image, line * p.stride_height + p.top, column * p.stride_width + p.left, copy);
        rows[row - first] = copy;
        ++copies;
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
