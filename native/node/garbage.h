// Forgotten tensors on accelerators.
#pragma once
#include <napi.h>

#include "node/runtime.h"

namespace hebb::node {

// To be called after each allocation on an accelerator: has V8 collect garbage where the device fills up.
//
// V8 is not told of device memory, as it is of the host's. It is not the process's, and V8 would be busy with it:
// beyond each 64 MiB it marks for milliseconds, while a GPU takes gigabytes a step. So tensors are left to it until
// more than half of the device's limit is in use, and an eighth more than there was since it last looked.
void collect_if_filling(napi_env env, const Device& device);

}  // namespace hebb::node
