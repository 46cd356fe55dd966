#include "cuda/libraries/library.h"

#include <link.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace hebb::cuda {
namespace {

constexpr int lazily = RTLD_LAZY | RTLD_LOCAL;

std::string variable(const char* name) {
  const char* text = std::getenv(name);
  return text ? text : "";
}

std::vector<std::string> folders_of(const std::string& list) {
  std::vector<std::string> folders;
  for (size_t begin = 0; begin < list.size();) {
    const size_t end = std::min(list.find(':', begin), list.size());
    if (end > begin) folders.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return folders;
}

std::string path_of(void* handle) {
  const link_map* map = nullptr;
  return dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map ? map->l_name : "";
}

class Search {
 public:
  explicit Search(const LibraryNames& names) : names_(names) {}

  void* run() {
    if (void* found = by_name(lazily | RTLD_NOLOAD)) return found;
    for (const std::string& folder : folders_of(variable("HEBB_CUDA_LIBRARIES"))) {
      if (void* found = in(folder)) return found;
    }
    if (void* found = by_name(lazily)) return found;
    for (const char* root : {"CUDA_PATH", "CUDA_HOME"}) {
      const std::string folder = variable(root);
      if (folder.empty()) continue;
      if (void* found = in(folder + "/lib64")) return found;
    }
    return nullptr;
  }

  std::string reason() const {
    if (!failure_.empty()) return failure_;
    std::string files;
    for (const int major : names_.majors) files += (files.empty() ? "" : " or ") + numbered(names_.file, major);
    return files + " was found neither in HEBB_CUDA_LIBRARIES nor by the system's loader nor in CUDA_PATH or CUDA_HOME";
  }

 private:
  static std::string numbered(const char* file, int major) { return std::string(file) + "." + std::to_string(major); }

  void* by_name(int flags) {
    for (const int major : names_.majors) {
      const std::string file = numbered(names_.file, major);
      if (void* handle = dlopen(file.c_str(), flags)) return handle;
      if (!(flags & RTLD_NOLOAD)) keep_failure(file);
    }
    return nullptr;
  }

  // By its whole path, its companions first: else the loader might take those from elsewhere.
  void* in(const std::string& folder) {
    for (const int major : names_.majors) {
      const std::string file = folder + "/" + numbered(names_.file, major);
      if (access(file.c_str(), F_OK) != 0) continue;
      for (const char* companion : names_.companions) {
        const std::string path = folder + "/" + numbered(companion, major);
        if (access(path.c_str(), F_OK) == 0 && !dlopen(path.c_str(), lazily)) keep_failure(path);
      }
      if (void* handle = dlopen(file.c_str(), lazily)) return handle;
      keep_failure(file);
    }
    return nullptr;
  }

  // The first file that is there and does not open. Where it is not there, the loader says so of itself.
  void keep_failure(const std::string& file) {
    const char* text = dlerror();
    const std::string absent = file + ": cannot open shared object file";
    if (text && failure_.empty() && std::strncmp(text, absent.c_str(), absent.size()) != 0) failure_ = text;
  }

  const LibraryNames& names_;
  std::string failure_;
};

}  // namespace

void Library::reject(const std::string& why) {
  reason = why;
  handle = nullptr;
}

Library open_library(const LibraryNames& names) {
  Library library;
  library.name = names.name;
  if (variable(names.off_switch) == "0") {
    library.reason = std::string(names.off_switch) + " is 0";
    library.remedy = std::string("unset ") + names.off_switch;
    return library;
  }
  Search search(names);
  library.remedy = names.remedy;
  library.handle = search.run();
  if (library.handle) {
    library.path = path_of(library.handle);
  } else {
    library.reason = search.reason();
  }
  return library;
}

std::string version_text(size_t version) {
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

}  // namespace hebb::cuda
