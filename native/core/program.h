// A recorded sequence of commands that is replayed as one. While it is recorded nothing runs and its tensors have no
// addresses; finish() plans their memory from first to last use, in one slab, and fills the addresses in.
// In the host's memory, inputs and outputs are used where they are. On an accelerator they have places in the slab and
// are copied in and out, so that no address changes: the first replay runs command by command, the second is captured,
// and from then on one launch does it all.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "core/allocator.h"
#include "core/command.h"
#include "core/storage.h"

namespace hebb {

class Accelerator;
class Stream;

class Program : public std::enable_shared_from_this<Program> {
 public:
  explicit Program(Stream& stream, bool may_capture = true);
  ~Program();

  uint64_t number() const { return number_; }  // unique in this process, from 1

  // Recording, on one thread.
  std::shared_ptr<Storage> allocate(int64_t bytes);
  std::shared_ptr<Storage> input(int64_t bytes);  // bound to a caller's storage at each replay
  // `storages` are those behind the command's pointers, in visit_pointers' order.
  void append(std::unique_ptr<Command> command, std::vector<std::shared_ptr<Storage>> storages);

  // `outputs` are given fresh storages at each replay. `kept` stay readable between replays (gradients). Everything
  // else the recording made is gone.
  void finish(Allocator& allocator, const std::vector<std::shared_ptr<Storage>>& outputs,
              const std::vector<std::shared_ptr<Storage>>& kept);

  // A command that runs the program once. Storages are in the order of the input() calls and of finish()'s outputs.
  std::unique_ptr<Command> replay(const std::vector<std::shared_ptr<Storage>>& inputs,
                                  const std::vector<std::shared_ptr<Storage>>& outputs);

  const std::vector<int64_t>& output_bytes() const { return output_bytes_; }
  size_t input_count() const { return inputs_.size(); }
  size_t command_count() const { return steps_.size(); }
  int64_t slab_bytes() const { return slab_ ? slab_->bytes() : 0; }

 private:
  class Temporary;
  class Replay;
  class Patcher;
  class Watcher;
  class Drop;
  struct Step {
    std::unique_ptr<Command> command;
    std::vector<std::shared_ptr<Storage>> storages;
  };
  // A tensor whose address changes from replay to replay: the places that hold it.
  struct Port {
    std::vector<void**> pointers;
  };
  // An output that cannot be written in place (an input, a parameter, a kept or a repeated tensor; on an accelerator
  // all of them) is copied.
  struct Copy {
    std::shared_ptr<Storage> source;  // null: from a port
    int input = -1, output = -1;      // the port it is copied from
    size_t target;
    int64_t bytes;
  };
  // How far an accelerator's replays have come.
  enum class Stage { fresh, warm, captured, eager };

  Temporary* own(const std::shared_ptr<Storage>& storage) const;  // null: not made by this recording
  void bind_outputs(const std::vector<std::shared_ptr<Storage>>& outputs);
  void watch_inputs();
  void plan(Allocator& allocator);
  void run(const std::vector<void*>& inputs, const std::vector<void*>& outputs);
  void run_between_copies(const std::vector<void*>& inputs, const std::vector<void*>& outputs);
  bool run_steps();  // false: the stream is stopping
  void run_or_launch();
  void capture();

  Stream& stream_;
  Accelerator* const accelerator_;
  const bool may_capture_;
  const uint64_t number_;
  std::vector<Step> steps_;
  std::vector<std::shared_ptr<Temporary>> temporaries_;
  std::vector<std::shared_ptr<Temporary>> inputs_;
  std::vector<Port> input_ports_, output_ports_;
  std::vector<Copy> copies_;
  std::vector<int64_t> output_bytes_;
  std::shared_ptr<Storage> slab_;
  Stage stage_ = Stage::fresh;  // the executor's
  uint64_t capture_ = 0;
};

}  // namespace hebb
