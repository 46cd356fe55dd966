// With few filters and few input channels, products have mostly empty vectors and patches of short runs. Then positions
// side by side are taken as one: a convolution of a wider window and a longer stride, whose filters are the given ones
// shifted by each position, zeros around them. Its result lies in memory as the given convolution's does.
#pragma once
#include "cpu/conv/conv2d.h"

namespace hebb::cpu::HEBB_ISA {

// How many positions to merge; 1 where it does not pay.
int64_t positions_to_merge(const Convolution& c);
Convolution merge_positions(const Convolution& c, int64_t positions);

// Filters of the merged convolution from those of the given one, and the gradient back.
void merge_filters(const Convolution& c, int64_t positions, const float* weight, float* merged);
void split_filter_gradients(const Convolution& c, int64_t positions, const float* merged, float* dweight);

}  // namespace hebb::cpu::HEBB_ISA
