// What is one per Node environment (the main thread or one worker): its errors, its recording, and the mailbox through
// which executors settle its promises.
#pragma once
#include <napi.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "core/program.h"
#include "node/runtime.h"

namespace hebb::node {

// Something an executor finished that a JavaScript promise waits for.
class Completion {
 public:
  explicit Completion(Napi::Env env)
      : deferred_(Napi::Promise::Deferred::New(env)), asked_(std::chrono::steady_clock::now()) {}
  virtual ~Completion() = default;
  Napi::Promise promise() const { return deferred_.Promise(); }
  void settle(Napi::Env env);  // on the JavaScript thread
  void finish() { took_ = std::chrono::steady_clock::now() - asked_; }
  std::chrono::steady_clock::duration took() const { return took_; }  // from its making to finish()

  std::optional<std::string> error;

 protected:
  virtual Napi::Value value(Napi::Env env) { return env.Undefined(); }

 private:
  Napi::Promise::Deferred deferred_;
  const std::chrono::steady_clock::time_point asked_;
  std::chrono::steady_clock::duration took_{};
};

// Outlives the environment when an executor still holds it; posts after close() are dropped.
class Mailbox {
 public:
  void post(std::unique_ptr<Completion> completion);
  std::vector<std::unique_ptr<Completion>> take();
  // Meanwhile posts wake nobody: the JavaScript thread waits for them. leave() wakes the event loop for what is left.
  void attend();
  void leave();
  void open(napi_threadsafe_function wake) { wake_ = wake; }
  void close();

 private:
  std::mutex mutex_;
  bool attended_ = false;
  napi_threadsafe_function wake_ = nullptr;
  std::vector<std::unique_ptr<Completion>> completions_;
};

// What a tensor looks like, without its memory.
struct Form {
  DType dtype;
  Shape shape;
};

class Environment {
 public:
  static void attach(Napi::Env env);
  static Environment& of(napi_env env);
  ~Environment();

  // The recording in progress, or null.
  std::shared_ptr<Program> program;
  const Device* recording_device = nullptr;
  std::vector<Form> recorded_inputs;
  std::shared_ptr<Program> paused_program;  // the recording while something is done outside it

  const std::shared_ptr<ErrorSink> errors = std::make_shared<ErrorSink>();

  // Memory for a new tensor: from the recording where there is one, else from the device.
  std::shared_ptr<Storage> allocate(const Device& device, int64_t bytes);
  // Sends a command on its way: into the recording (with the storages behind its pointers) or onto the stream.
  void submit(const Device& device, std::unique_ptr<Command> command, std::vector<std::shared_ptr<Storage>> storages);
  // Keeps the event loop alive until one more completion is settled, which the mailbox is there to take.
  std::shared_ptr<Mailbox> expect_completion();
  // Pushes a command that posts a completion when it settles. Where the last one came within microseconds, so may this
  // one: then it waits for it that long, since a thread that sleeps takes longer to wake, and settles the promise
  // itself. The event loop has its turn every millisecond all the same: a program that awaits one short result after
  // the other starves nothing.
  void push_awaited(const Device& device, std::unique_ptr<Command> command);

 private:
  explicit Environment(Napi::Env env);
  static void on_wake(napi_env env, napi_value, void*, void*);
  void settle_posted();
  static void on_cleanup(void* environment);

  napi_env env_;
  napi_threadsafe_function wake_ = nullptr;
  std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  int64_t pending_ = 0;
  std::chrono::steady_clock::duration last_took_{};
  std::chrono::steady_clock::time_point last_turn_{};  // of the event loop
};

}  // namespace hebb::node
