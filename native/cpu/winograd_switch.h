// Whether convolutions may be computed by Winograd's algorithm.
#pragma once

namespace hebb::cpu {

// On, unless HEBB_WINOGRAD is 0. Kernels ask on the executor thread; set it there too (by a command), so that work
// enqueued before is not affected.
bool winograd_is_on();
void switch_winograd(bool on);

}  // namespace hebb::cpu
