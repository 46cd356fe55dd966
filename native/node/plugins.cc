#include "node/plugins.h"

#include <dlfcn.h>

#include "core/error.h"

namespace hebb::node {
Plugin& load_plugin(const std::string& path) {
  if (path.empty() || path.front() != '/') throw ArgumentError("path", "an absolute path", "'" + path + "'");
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw Error(std::string("could not load the plugin: ") + dlerror());
  auto* open = reinterpret_cast<OpenPlugin*>(dlsym(library, "hebb_plugin"));
  if (!open) throw Error("'" + path + "' is no plugin of hebb: it has no function hebb_plugin");
  Plugin* plugin = open(plugin_version, kernels_hash());
  if (!plugin) {
    throw Error("'" + path + "' is a plugin for another version of hebb; this one wants plugins of version " +
                std::to_string(plugin_version) + " with kernels " + std::to_string(kernels_hash()));
  }
  return *plugin;
}

}  // namespace hebb::node
