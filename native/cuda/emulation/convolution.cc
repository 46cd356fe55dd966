// There is no cuDNN for the host: it takes no convolution.
#include "cuda/conv/cudnn.h"

namespace hebb::cuda::dnn {

bool convolve(const Convolution&, const float*, const float*, const Epilogue&, float*) { return false; }
bool gradient_of_input(const Convolution&, const float*, const float*, float*) { return false; }
bool gradient_of_weight(const Convolution&, const float*, const float*, float*) { return false; }

}  // namespace hebb::cuda::dnn
