// Finding NVIDIA's libraries when they are first asked for: the plugin loads without any of them.
#pragma once
#include <dlfcn.h>

#include <string>
#include <vector>

namespace hebb::cuda {

struct LibraryNames {
  const char* name;                     // as people call it: "cuBLAS"
  const char* file;                     // up to the number: "libcublas.so"
  std::vector<int> majors;              // the numbers to look for, newest first
  std::vector<const char*> companions;  // what it opens by itself and must come from the same folder, in order of need
  const char* off_switch;               // an environment variable: 0 turns it off
  const char* remedy;                   // what to do when it is missing
};

struct Library {
  std::string name, path, version, reason, remedy;  // reason and remedy: why it is not used, and what to do
  void* handle = nullptr;                           // never closed

  explicit operator bool() const { return handle != nullptr; }
  void reject(const std::string& why);

  // The function of this name. A library that lacks one is of no use.
  template <class Function>
  void find(Function*& function, const char* symbol) {
    function = handle ? reinterpret_cast<Function*>(dlsym(handle, symbol)) : nullptr;
    if (handle && !function) reject(path + " has no function " + symbol);
  }
};

// Looks among what is loaded already, in the folders of HEBB_CUDA_LIBRARIES, where the system's loader looks, and in
// lib64 of CUDA_PATH and CUDA_HOME.
Library open_library(const LibraryNames& names);

// Numbers as NVIDIA writes them, 130101 for 13.1.1.
std::string version_text(size_t version);

}  // namespace hebb::cuda
