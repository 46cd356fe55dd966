#include "core/transfer.h"

#include <cstring>

#include "core/kept_copies.h"

namespace hebb {
namespace {

char* at(void* memory, int64_t offset) { return static_cast<char*>(memory) + offset; }

class Copy final : public Command {
 public:
  Copy(Accelerator* accelerator, void* target, int64_t offset, const void* source, size_t bytes)
      : accelerator_(accelerator),
        target_(target),
        source_(const_cast<void*>(source)),
        offset_(offset),
        bytes_(bytes) {}
  void run() override {
    if (accelerator_) {
      accelerator_->copy(at(target_, offset_), source_, bytes_);
    } else {
      copy_to_tensor(at(target_, offset_), source_, bytes_);
    }
  }
  void visit_pointers(PointerVisitor& visitor) override {
    visitor.visit(&source_, Access::read);
    visitor.visit(&target_, Access::write);
  }

 private:
  Accelerator* accelerator_;
  void *target_, *source_;
  int64_t offset_;
  size_t bytes_;
};

// It may be replayed by a program in the host's memory. An accelerator's runs once.
class Upload final : public Command {
 public:
  Upload(Accelerator* accelerator, void* target, int64_t offset, const void* values, size_t bytes)
      : staging_(accelerator, bytes), target_(target), offset_(offset), bytes_(bytes) {
    std::memcpy(staging_.data(), values, bytes);
  }
  void run() override {
    if (Accelerator* accelerator = staging_.accelerator()) {
      accelerator->upload(at(target_, offset_), staging_.release(), bytes_);
    } else {
      copy_to_tensor(at(target_, offset_), staging_.data(), bytes_);
    }
  }
  void visit_pointers(PointerVisitor& visitor) override { visitor.visit(&target_, Access::write); }

 private:
  Staging staging_;
  void* target_;
  int64_t offset_;
  size_t bytes_;
};

class Deliver final : public Command {
 public:
  Deliver(Accelerator* accelerator, const void* source, std::shared_ptr<Delivery> delivery, bool reports)
      : accelerator_(accelerator), source_(source), delivery_(std::move(delivery)), reports_(reports) {}
  ~Deliver() override { delivery_->arrived.open("the device was stopped before it sent the values"); }
  void run() override {
    try {
      delivery_->staging = Staging(delivery_->accelerator, delivery_->bytes);
    } catch (const OutOfMemory& error) {
      delivery_->arrived.open(error.what());
      return;
    }
    if (accelerator_) {
      accelerator_->download(delivery_->staging.data(), source_, delivery_->bytes);
    } else {
      std::memcpy(delivery_->staging.data(), source_, delivery_->bytes);
    }
  }
  bool settles() const override { return true; }
  void settle() override {
    delivery_->arrived.open(reports_ && errors ? errors->take().value_or(std::string{}) : std::string{});
  }

 private:
  Accelerator* accelerator_;
  const void* source_;
  std::shared_ptr<Delivery> delivery_;
  const bool reports_;
};

class Receive final : public Command {
 public:
  Receive(Accelerator* accelerator, void* target, std::shared_ptr<Delivery> delivery)
      : accelerator_(accelerator), target_(target), delivery_(std::move(delivery)) {}
  bool ready() override { return delivery_->arrived.is_open(); }
  void run() override {
    if (!delivery_->arrived.error().empty()) throw Error("transfer: " + delivery_->arrived.error());
    Staging& source = delivery_->staging;
    if (!accelerator_) {
      copy_to_tensor(target_, source.data(), delivery_->bytes);
    } else if (source.accelerator() == accelerator_) {
      accelerator_->upload(target_, source.release(), delivery_->bytes);
    } else {
      Staging own(accelerator_, delivery_->bytes);
      std::memcpy(own.data(), source.data(), delivery_->bytes);
      accelerator_->upload(target_, own.release(), delivery_->bytes);
    }
  }

 private:
  Accelerator* accelerator_;
  void* target_;
  std::shared_ptr<Delivery> delivery_;
};

}  // namespace

std::unique_ptr<Command> make_copy(Accelerator* accelerator, void* target, int64_t offset, const void* source,
                                   size_t bytes) {
  return std::make_unique<Copy>(accelerator, target, offset, source, bytes);
}

std::unique_ptr<Command> make_upload(Accelerator* accelerator, void* target, int64_t offset, const void* values,
                                     size_t bytes) {
  return std::make_unique<Upload>(accelerator, target, offset, values, bytes);
}

std::unique_ptr<Command> make_deliver(Accelerator* accelerator, const void* source, std::shared_ptr<Delivery> delivery,
                                      bool reports) {
  return std::make_unique<Deliver>(accelerator, source, std::move(delivery), reports);
}

std::unique_ptr<Command> make_receive(Accelerator* accelerator, void* target, std::shared_ptr<Delivery> delivery) {
  return std::make_unique<Receive>(accelerator, target, std::move(delivery));
}

}  // namespace hebb
