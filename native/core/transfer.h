// Commands that move values: within a device, and between a device and the host's memory. An accelerator may be null:
// then the memory is the host's own.
#pragma once
#include <memory>

#include "core/command.h"
#include "core/latch.h"
#include "core/staging.h"

namespace hebb {

// `offset` is in bytes; bytes > 0 everywhere.
std::unique_ptr<Command> make_copy(Accelerator* accelerator, void* target, int64_t offset, const void* source,
                                   size_t bytes);
// Of values that are copied now.
std::unique_ptr<Command> make_upload(Accelerator* accelerator, void* target, int64_t offset, const void* values,
                                     size_t bytes);

// Values on their way out of a device, there when `arrived` is open without an error. Their staging memory is the
// accelerator's, and taken when they are sent, since page-locking takes long.
struct Delivery {
  Delivery(Accelerator* accelerator, size_t bytes) : accelerator(accelerator), bytes(bytes) {}
  Accelerator* const accelerator;
  const size_t bytes;
  Staging staging;
  Latch arrived;
};
// The two ends of a delivery. One that is dropped before it has run opens the latch with an error; one that receives is
// not ready before the latch is open. It always waits for a command that was pushed before it, on whichever stream, and
// never keeps its own stream from settling: so streams cannot wait for each other in a circle.
// `reports`: it takes the failure of earlier work, and opens the latch with that.
std::unique_ptr<Command> make_deliver(Accelerator* accelerator, const void* source, std::shared_ptr<Delivery> delivery,
                                      bool reports = false);
std::unique_ptr<Command> make_receive(Accelerator* accelerator, void* target, std::shared_ptr<Delivery> delivery);

}  // namespace hebb
