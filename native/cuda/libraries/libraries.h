// What `hebb doctor` says of NVIDIA's libraries. Needs neither a GPU nor any of them.
#pragma once
#include "ops/plugin.h"

namespace hebb::cuda {

void describe_libraries(void* context, void (*tell)(void* context, const PluginFact& fact));

}  // namespace hebb::cuda
