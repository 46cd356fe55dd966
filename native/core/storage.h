// The memory behind one or more tensors (reshape shares it). Reference counted; whoever drops the last reference
// gives the memory back, and because streams are in order it may be handed to the very next command.
#pragma once
#include <cstdint>
#include <memory>

namespace hebb {

class Storage : public std::enable_shared_from_this<Storage> {
 public:
  virtual ~Storage() = default;
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* data() const { return data_; }
  int64_t bytes() const { return bytes_; }
  // False while a program is being recorded, and for what it made and did not keep. Until then it can be used only in
  // the recording of that number.
  bool placed() const { return placed_; }
  virtual uint64_t recording() const { return 0; }
  // The ticket of the stream after which nothing enqueued before this storage was allocated can touch its memory.
  uint64_t free_after() const { return free_after_; }

 protected:
  Storage(void* data, int64_t bytes, bool placed, uint64_t free_after)
      : data_(data), bytes_(bytes), placed_(placed), free_after_(free_after) {}
  void* data_;
  int64_t bytes_;
  bool placed_;
  uint64_t free_after_;
};

}  // namespace hebb
