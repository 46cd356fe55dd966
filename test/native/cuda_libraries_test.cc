// Where NVIDIA's libraries are looked for, and what is said of those that are missing.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "cuda/libraries/libraries.h"
#include "cuda/libraries/library.h"
#include "harness.h"

namespace hebb::test {
namespace {

using cuda::Library;
using cuda::open_library;

struct Variable {
  Variable(const char* name, const std::string& value) : name(name) { setenv(name, value.c_str(), 1); }
  ~Variable() { unsetenv(name); }
  const char* name;
};

// A new folder with one file in it, both gone in the end.
struct Folder {
  explicit Folder(const char* file) {
    CHECK(mkdtemp(path) != nullptr);
    this->file = std::string(path) + "/" + file;
  }
  ~Folder() {
    unlink(file.c_str());
    rmdir(path);
  }
  char path[32] = "/tmp/hebb-libraries-XXXXXX";
  std::string file;
};

const char* const off = "HEBB_TEST_LIBRARY";

}  // namespace

TEST(library_that_is_loaded_already) {
  const Library library = open_library({"the C library", "libc.so", {9, 6}, {}, off, "nothing"});
  CHECK(library);
  CHECK(library.path.find("libc.so.6") != std::string::npos);
  CHECK_EQ(library.reason, "");
}

TEST(library_that_is_nowhere) {
  const Library library = open_library({"Nothing", "libhebb_nothing.so", {3, 2}, {}, off, "do without"});
  CHECK(!library);
  CHECK_EQ(library.name, "Nothing");
  CHECK_EQ(library.reason,
           "libhebb_nothing.so.3 or libhebb_nothing.so.2 was found neither in HEBB_CUDA_LIBRARIES nor by the system's "
           "loader nor in CUDA_PATH or CUDA_HOME");
  CHECK_EQ(library.remedy, "do without");
}

TEST(library_that_is_turned_off) {
  const Variable switched(off, "0");
  const Library library = open_library({"the C library", "libc.so", {6}, {}, off, "nothing"});
  CHECK(!library);
  CHECK_EQ(library.reason, std::string(off) + " is 0");
  CHECK_EQ(library.remedy, std::string("unset ") + off);
}

TEST(library_of_a_folder) {
  const Folder folder("libhebb_other.so.2");
  const Library mathematics = open_library({"Mathematics", "libm.so", {6}, {}, off, ""});
  // A copy, not a link: an emulated processor finds its libraries in a folder that the kernel knows nothing of.
  std::filesystem::copy_file(mathematics.path, folder.file);
  const Variable folders("HEBB_CUDA_LIBRARIES", std::string(":/nowhere::") + folder.path);
  Library library = open_library({"Other", "libhebb_other.so", {3, 2}, {"libhebb_companion.so"}, off, ""});
  CHECK(library);
  double (*cosine)(double) = nullptr;
  library.find(cosine, "cos");
  CHECK(library && cosine(0) == 1);
  library.find(cosine, "no_such_function");
  CHECK(!library && !cosine);
  CHECK(library.reason.find("has no function no_such_function") != std::string::npos);
}

TEST(library_that_does_not_open) {
  const Folder folder("libhebb_broken.so.2");
  std::FILE* const file = std::fopen(folder.file.c_str(), "w");
  std::fputs("no library", file);
  std::fclose(file);
  const Variable folders("HEBB_CUDA_LIBRARIES", folder.path);
  const Library library = open_library({"Broken", "libhebb_broken.so", {2}, {}, off, "repair it"});
  CHECK(!library);
  CHECK(library.reason.find(folder.file) == 0);
  CHECK_EQ(library.remedy, "repair it");
}

TEST(versions_as_text) {
  CHECK_EQ(cuda::version_text(130101), "13.1.1");
  CHECK_EQ(cuda::version_text(92400), "9.24.0");
}

TEST(libraries_described) {
  std::string items;
  cuda::describe_libraries(&items, [](void* context, const PluginFact& fact) {
    *static_cast<std::string*>(context) += std::string(fact.item) + " ";
    const bool found = *fact.found != '\0';
    CHECK_EQ(*fact.reason == '\0', found);
    CHECK_EQ(*fact.remedy == '\0', found);
  });
  CHECK_EQ(items, "cuBLASLt cuBLAS cuDNN ");
}

}  // namespace hebb::test
