#include "ops/kernel_table.h"

namespace hebb::ref {
#include "ops/backend.inc"
}
