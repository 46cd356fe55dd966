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
  virtual void visit(void** pointer) = 0;
};

class Command {
 public:
  virtual ~Command() = default;
  virtual void run() = 0;  // may throw
  // Every pointer to tensor memory, in the order in which its storages were named when it was appended to a program.
  virtual void visit_pointers(PointerVisitor&) {}

  std::shared_ptr<ErrorSink> errors;  // told when run throws; may be null
};

}  // namespace hebb
