// The patches of patches.h read where they lie. Where the window reaches past the image, lines of it are copied with
// zeros around, the lines of a block of positions at a time.
#pragma once
#include "cpu/conv/patches.h"
#include "cpu/gemm/in_place.h"

namespace hebb::cpu::HEBB_ISA {

class Windows {
 public:
  explicit Windows(const Patches& patches);  // of one position and one window cell at least
  bool fit() const { return fit_; }          // whether copies of lines are small enough to be made
  RestingRows rows() const;                  // they refer to this object

 private:
  static void locate(const void* source, int64_t first, int64_t count, float* lines, const float** rows);
  static Region ahead(const void* source, int64_t first, int64_t count);
  static int runs(const void* source, int64_t depth, int64_t length, Run* runs);
  int64_t floats_for(int64_t positions) const;  // of lines

  Patches p_;
  bool fit_ = true;
  bool copied_ = false;           // the lines are copies
  int64_t line_ = 0, pixel_ = 0;  // floats from line to line and from pixel to pixel, of the copies or of the image
  int64_t span_ = 0;              // lines that a window covers
  int64_t run_length_ = 0, runs_per_row_ = 0;
  int64_t row_block_ = rows_of_block, line_memory_ = 0;
};

}  // namespace hebb::cpu::HEBB_ISA
