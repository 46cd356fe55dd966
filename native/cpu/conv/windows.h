// The patches of patches.h read where they lie. Where the window reaches past the image, what it covers is copied with
// zeros around, for a block of positions at a time: lines of the image, or where few positions are at the border, the
// windows of those alone.
#pragma once
#include "cpu/conv/patches.h"
#include "cpu/gemm/in_place.h"
#include "cpu/gemm/plan.h"

namespace hebb::cpu::HEBB_ISA {

class Windows {
 public:
  explicit Windows(const Patches& patches);  // of one position at least
  bool fit() const { return fit_; }          // whether there are cells, and copies of what covers them are small enough
  RestingRows rows() const;                  // they refer to this object

 private:
  static void locate(const void* source, int64_t first, int64_t count, float* lines, const float** rows);
  static Region ahead(const void* source, int64_t first, int64_t count);
  static int runs(const void* source, int64_t depth, int64_t length, Run* runs);
  int64_t floats_for(int64_t positions) const;  // of copies
  bool few_at_border(int64_t lines, int64_t pixels) const;
  void copy_window(const float* image, int64_t h, int64_t w, float* to) const;

  Patches p_;
  bool fit_ = true;
  bool copied_ = false;             // the lines are copies
  int64_t line_ = 0, pixel_ = 0;    // floats from line to line and from pixel to pixel, of the copies or of the image
  int64_t span_ = 0, breadth_ = 0;  // lines and pixels that a window covers
  Range inner_lines_{}, inner_columns_{};  // positions whose window stays inside
  int64_t border_ = 0;                     // positions of an image whose windows are copied
  int64_t abreast_ = 0;                    // copies of windows in so many floats as there are from line to line
  int64_t run_length_ = 0, runs_per_row_ = 0;
  int64_t row_block_ = rows_of_block, line_memory_ = 0;
};

}  // namespace hebb::cpu::HEBB_ISA
