// Opening plugins: shared objects that bring devices (ops/plugin.h).
#pragma once
#include <string>

#include "ops/plugin.h"

namespace hebb::node {

// By absolute path; it is never closed. Throws Error where there is none, or one of another version.
Plugin& load_plugin(const std::string& path);

}  // namespace hebb::node
