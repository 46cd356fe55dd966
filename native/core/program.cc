#include "core/program.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>

#include "core/accelerator.h"
#include "core/error.h"
#include "core/kept_copies.h"
#include "core/stream.h"

namespace hebb {
namespace {

constexpr int64_t alignment = 64;
std::atomic<uint64_t> programs{0};
constexpr size_t never = std::numeric_limits<size_t>::max();

}  // namespace

// A tensor made while recording: an interval of commands, and in the end a place in the slab or a port.
class Program::Temporary final : public Storage {
 public:
  Temporary(const Program& owner, int64_t bytes) : Storage(nullptr, bytes, false, 0), program(owner.number()) {}
  uint64_t recording() const override { return program; }
  void place(std::shared_ptr<Storage> slab, int64_t offset) {
    slab_ = std::move(slab);
    data_ = static_cast<char*>(slab_->data()) + offset;
  }
  void keep() {
    kept = true;
    placed_ = true;
    free_after_ = std::numeric_limits<uint64_t>::max();
  }

  // Used by a command, from the first to the last of which it needs its place.
  void use(size_t step) {
    first = std::min(first, step);
    last = std::max(last, step);
  }

  const uint64_t program;
  size_t first = never, last = 0;
  bool kept = false;
  bool written = false;  // by a command; known of an accelerator's inputs
  int input = -1, output = -1;
  int64_t offset = 0;

 private:
  std::shared_ptr<Storage> slab_;
};

class Program::Patcher final : public PointerVisitor {
 public:
  Patcher(Program& program, const Step& step) : program_(program), step_(step) {}
  void visit(void** pointer, Access) override {
    const Temporary* temporary = program_.own(step_.storages.at(next_++));
    if (!temporary) return;
    if (program_.accelerator_) {
      *pointer = temporary->data();
    } else if (temporary->input >= 0) {
      program_.input_ports_[static_cast<size_t>(temporary->input)].pointers.push_back(pointer);
    } else if (temporary->output >= 0) {
      program_.output_ports_[static_cast<size_t>(temporary->output)].pointers.push_back(pointer);
    } else {
      *pointer = temporary->data();
    }
  }

 private:
  Program& program_;
  const Step& step_;
  size_t next_ = 0;
};

class Program::Replay final : public Command {
 public:
  Replay(std::shared_ptr<Program> program, std::vector<void*> inputs, std::vector<void*> outputs)
      : program_(std::move(program)), inputs_(std::move(inputs)), outputs_(std::move(outputs)) {}
  void run() override { program_->run(inputs_, outputs_); }

 private:
  std::shared_ptr<Program> program_;
  std::vector<void*> inputs_, outputs_;
};

// Notes which inputs a command writes to.
class Program::Watcher final : public PointerVisitor {
 public:
  Watcher(const Program& program, const Step& step) : program_(program), step_(step) {}
  void visit(void**, Access access) override {
    Temporary* temporary = program_.own(step_.storages.at(next_++));
    if (temporary && access != Access::read) temporary->written = true;
  }

 private:
  const Program& program_;
  const Step& step_;
  size_t next_ = 0;
};

// Gives a capture back once the accelerator is done with it.
class Program::Drop final : public Command {
 public:
  Drop(Accelerator& accelerator, uint64_t capture) : accelerator_(accelerator), capture_(capture) {}
  void run() override {}
  bool settles() const override { return true; }
  void settle() override { accelerator_.drop_capture(capture_); }

 private:
  Accelerator& accelerator_;
  uint64_t capture_;
};

Program::Program(Stream& stream, bool may_capture)
    : stream_(stream), accelerator_(stream.accelerator()), may_capture_(may_capture), number_(++programs) {}

Program::~Program() {
  if (capture_) stream_.settle_later(std::make_unique<Drop>(*accelerator_, capture_));
}

Program::Temporary* Program::own(const std::shared_ptr<Storage>& storage) const {
  auto* temporary = dynamic_cast<Temporary*>(storage.get());
  return temporary && temporary->program == number_ ? temporary : nullptr;
}

std::shared_ptr<Storage> Program::allocate(int64_t bytes) {
  temporaries_.push_back(std::make_shared<Temporary>(*this, bytes));
  return temporaries_.back();
}

std::shared_ptr<Storage> Program::input(int64_t bytes) {
  auto storage = std::make_shared<Temporary>(*this, bytes);
  storage->input = static_cast<int>(inputs_.size());
  inputs_.push_back(storage);
  return storage;
}

void Program::append(std::unique_ptr<Command> command, std::vector<std::shared_ptr<Storage>> storages) {
  for (const auto& storage : storages) {
    if (Temporary* temporary = own(storage)) temporary->use(steps_.size());
  }
  steps_.push_back({std::move(command), std::move(storages)});
}

void Program::finish(Allocator& allocator, const std::vector<std::shared_ptr<Storage>>& outputs,
                     const std::vector<std::shared_ptr<Storage>>& kept) {
  for (const auto& storage : kept) {
    Temporary* temporary = own(storage);
    if (temporary && temporary->input < 0) temporary->keep();
  }
  bind_outputs(outputs);
  if (accelerator_) watch_inputs();
  plan(allocator);
  for (Step& step : steps_) {
    Patcher patcher(*this, step);
    step.command->visit_pointers(patcher);
    // What lives in the slab is kept by it; what lives outside must stay where the commands found it.
    std::erase_if(step.storages, [&](const auto& storage) { return own(storage) != nullptr; });
  }
  temporaries_.clear();
}

void Program::bind_outputs(const std::vector<std::shared_ptr<Storage>>& outputs) {
  output_ports_.resize(outputs.size());
  input_ports_.resize(inputs_.size());
  for (size_t index = 0; index < outputs.size(); ++index) {
    output_bytes_.push_back(outputs[index]->bytes());
    Temporary* temporary = own(outputs[index]);
    Copy copy{.source = nullptr, .target = index, .bytes = outputs[index]->bytes()};
    if (accelerator_ || !temporary || temporary->kept) {
      copy.source = outputs[index];
      if (accelerator_ && temporary) temporary->use(steps_.size());
    } else if (temporary->input >= 0) {
      copy.input = temporary->input;
    } else if (temporary->output >= 0) {
      copy.output = temporary->output;
    } else {
      temporary->output = static_cast<int>(index);
      continue;
    }
    copies_.push_back(std::move(copy));
  }
}

// An accelerator's inputs are copied in before the first command and, where one writes to them, back after the last.
void Program::watch_inputs() {
  for (const Step& step : steps_) {
    Watcher watcher(*this, step);
    step.command->visit_pointers(watcher);
  }
  for (const auto& input : inputs_) {
    if (input->first != never) input->first = 0;
    if (input->written) input->last = steps_.size();
  }
}

// Largest first, each at the lowest offset that is free during its whole life (greedy by size; Pisarchyk and Lee,
// "Efficient memory management for deep neural net inference", 2020).
void Program::plan(Allocator& allocator) {
  std::vector<Temporary*> waiting, placed;
  for (const auto& temporary : temporaries_) {
    if (temporary->kept) {
      if (temporary->first == never) temporary->first = 0;
      temporary->last = steps_.size();
    }
    if (temporary->first != never && temporary->output < 0) waiting.push_back(temporary.get());
  }
  for (const auto& input : inputs_) {
    if (accelerator_ && input->first != never) waiting.push_back(input.get());
  }
  std::stable_sort(waiting.begin(), waiting.end(),
                   [](const Temporary* a, const Temporary* b) { return a->bytes() > b->bytes(); });
  auto rounded = [](int64_t bytes) { return (std::max<int64_t>(bytes, 1) + alignment - 1) / alignment * alignment; };
  int64_t total = 0;
  for (Temporary* temporary : waiting) {
    int64_t offset = 0;
    for (const Temporary* other : placed) {  // by ascending offset
      if (other->last < temporary->first || other->first > temporary->last) continue;
      if (other->offset >= offset + rounded(temporary->bytes())) break;
      offset = std::max(offset, other->offset + rounded(other->bytes()));
    }
    temporary->offset = offset;
    total = std::max(total, offset + rounded(temporary->bytes()));
    placed.insert(std::upper_bound(placed.begin(), placed.end(), temporary,
                                   [](const Temporary* a, const Temporary* b) { return a->offset < b->offset; }),
                  temporary);
  }
  if (total == 0) return;
  slab_ = allocator.allocate(total);
  for (Temporary* temporary : placed) temporary->place(slab_, temporary->offset);
}

std::unique_ptr<Command> Program::replay(const std::vector<std::shared_ptr<Storage>>& inputs,
                                         const std::vector<std::shared_ptr<Storage>>& outputs) {
  std::vector<void*> in, out;
  for (const auto& storage : inputs) in.push_back(storage->data());
  for (const auto& storage : outputs) out.push_back(storage->data());
  return std::make_unique<Replay>(shared_from_this(), std::move(in), std::move(out));
}

void Program::run(const std::vector<void*>& inputs, const std::vector<void*>& outputs) {
  if (accelerator_) return run_between_copies(inputs, outputs);
  auto bind = [](const std::vector<Port>& ports, const std::vector<void*>& addresses) {
    for (size_t index = 0; index < ports.size(); ++index)
      for (void** pointer : ports[index].pointers) *pointer = addresses[index];
  };
  bind(input_ports_, inputs);
  bind(output_ports_, outputs);
  if (!run_steps()) return;
  for (const Copy& copy : copies_) {
    const void* source = copy.input >= 0    ? inputs[static_cast<size_t>(copy.input)]
                         : copy.output >= 0 ? outputs[static_cast<size_t>(copy.output)]
                                            : copy.source->data();
    copy_to_tensor(outputs[copy.target], source, static_cast<size_t>(copy.bytes));
  }
}

bool Program::run_steps() {
  for (Step& step : steps_) {
    if (stream_.stopping()) return false;
    step.command->run();
    if (!accelerator_) continue;
    if (const char* text = accelerator_->failure()) throw Error(text);
  }
  return true;
}

void Program::run_between_copies(const std::vector<void*>& inputs, const std::vector<void*>& outputs) {
  auto copy_over = [&](void* target, const void* source, int64_t bytes) {
    if (bytes > 0) accelerator_->copy(target, source, static_cast<size_t>(bytes));
  };
  for (size_t index = 0; index < inputs.size(); ++index) {
    const Temporary& place = *inputs_[index];
    if (place.first != never) copy_over(place.data(), inputs[index], place.bytes());
  }
  run_or_launch();
  for (const Copy& copy : copies_) copy_over(outputs[copy.target], copy.source->data(), copy.bytes);
  for (size_t index = 0; index < inputs.size(); ++index) {
    const Temporary& place = *inputs_[index];
    if (place.written) copy_over(inputs[index], place.data(), place.bytes());
  }
}

void Program::run_or_launch() {
  if (stage_ == Stage::warm) capture();
  if (stage_ == Stage::captured) {
    accelerator_->launch(capture_);
  } else if (run_steps() && stage_ == Stage::fresh) {
    // The first replay has made what the commands need: memory, plans.
    stage_ = may_capture_ ? Stage::warm : Stage::eager;
  }
}

void Program::capture() {
  stage_ = Stage::eager;
  accelerator_->begin_capture();
  bool whole = true;
  try {
    for (Step& step : steps_) step.command->run();
  } catch (const std::exception&) {
    whole = false;  // it fails again, and is heard of, when it runs
  }
  const uint64_t captured = accelerator_->end_capture();
  if (captured && whole) {
    capture_ = captured;
    stage_ = Stage::captured;
  } else if (captured) {
    accelerator_->drop_capture(captured);
  }
}

}  // namespace hebb
