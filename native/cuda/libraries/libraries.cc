#include "cuda/libraries/libraries.h"

#include "cuda/libraries/cublas.h"
#include "cuda/libraries/cublas_lt.h"
#include "cuda/libraries/cudnn.h"

namespace hebb::cuda {

void describe_libraries(void* context, void (*tell)(void* context, const PluginFact& fact)) {
  for (const Library* library : {&cublas_lt().library, &cublas().library, &cudnn().library}) {
    if (*library) {
      const std::string found = library->version + ", " + library->path;
      tell(context, {library->name.c_str(), found.c_str(), "", ""});
    } else {
      tell(context, {library->name.c_str(), "", library->reason.c_str(), library->remedy.c_str()});
    }
  }
}

}  // namespace hebb::cuda
