// One unit of work on a stream: a kernel with its arguments, a copy, or a whole program.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/view.h"

namespace hebb {

// Where failures of asynchronous work go: the first is kept until somebody reads.
class ErrorSink {
 public:
  void put(const std::string& message) {
    std::lock_guard lock(mutex_);
    if (!message_) message_ = message;
  }
  std::optional<std::string> take() {
    std::lock_guard lock(mutex_);
    std::optional<std::string> message;
    message.swap(message_);
    return message;
  }

 private:
  std::mutex mutex_;
  std::optional<std::string> message_;
};

class PointerVisitor {
 public:
  virtual ~PointerVisitor() = default;
  virtual void visit(void** pointer, Access access) = 0;
};

// ready, run and settle are called on the executor's thread and may throw.
class Command {
 public:
  virtual ~Command() = default;
  // Whether it may run now. Until then nothing behind it runs, but what has run goes on settling.
  virtual bool ready() { return true; }
  virtual void run() = 0;
  // A second half, called once the work that run() enqueued is really done: at once where the executor itself computes,
  // on an accelerator when it gets there. Also after a run() that threw.
  virtual bool settles() const { return false; }
  virtual void settle() {}
  // Every pointer to tensor memory, in the order in which its storages were named when it was appended to a program.
  virtual void visit_pointers(PointerVisitor&) {}

  std::shared_ptr<ErrorSink> errors;  // told of what is thrown and of the device's failures; may be null
};

}  // namespace hebb
