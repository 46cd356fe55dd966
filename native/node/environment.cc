#include "node/environment.h"

#include "core/error.h"

namespace hebb::node {
namespace {

// Not felt by an event loop, whose timers count in milliseconds.
constexpr std::chrono::microseconds short_wait{40};
constexpr std::chrono::milliseconds turn_every{1};

}  // namespace

void Completion::settle(Napi::Env env) {
  if (error) {
    deferred_.Reject(Napi::Error::New(env, *error).Value());
  } else {
    deferred_.Resolve(value(env));
  }
}

void Mailbox::post(std::unique_ptr<Completion> completion) {
  std::lock_guard lock(mutex_);
  if (!wake_) return;
  completion->finish();
  completions_.push_back(std::move(completion));
  if (completions_.size() == 1 && !attended_) napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
}

std::vector<std::unique_ptr<Completion>> Mailbox::take() {
  std::lock_guard lock(mutex_);
  return std::move(completions_);
}

void Mailbox::attend() {
  std::lock_guard lock(mutex_);
  attended_ = true;
}

void Mailbox::leave() {
  std::lock_guard lock(mutex_);
  attended_ = false;
  if (wake_ && !completions_.empty()) napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
}

void Mailbox::close() {
  std::lock_guard lock(mutex_);
  wake_ = nullptr;
}

Environment::Environment(Napi::Env env) : env_(env) {
  const napi_value name = Napi::String::New(env, "hebb");
  const napi_status status = napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr,
                                                             nullptr, &Environment::on_wake, &wake_);
  if (status != napi_ok) throw Napi::Error::New(env, "hebb: could not create its thread-safe function");
  napi_unref_threadsafe_function(env, wake_);
  mailbox_->open(wake_);
  Runtime::get().enter();
  // Registered after the thread-safe function's own hook, so it runs before it: no post can meet a dead function.
  napi_add_env_cleanup_hook(env, &Environment::on_cleanup, this);
}

Environment::~Environment() = default;

void Environment::attach(Napi::Env env) { env.SetInstanceData(new Environment(env)); }

Environment& Environment::of(napi_env env) { return *Napi::Env(env).GetInstanceData<Environment>(); }

void Environment::on_cleanup(void* data) {
  auto* environment = static_cast<Environment*>(data);
  environment->mailbox_->close();
  environment->program.reset();
  environment->paused_program.reset();
  Runtime::get().leave();
}

void Environment::on_wake(napi_env env, napi_value, void*, void*) {
  if (!env) return;  // the environment is being torn down
  Environment& environment = of(env);
  environment.last_turn_ = std::chrono::steady_clock::now();
  environment.settle_posted();
}

void Environment::settle_posted() {
  for (const auto& completion : mailbox_->take()) {
    Napi::HandleScope scope(env_);
    last_took_ = completion->took();
    try {
      completion->settle(env_);
    } catch (const Napi::Error&) {
      // A worker that is being terminated runs no JavaScript any more: nobody is left to tell.
    }
    if (--pending_ == 0) napi_unref_threadsafe_function(env_, wake_);
  }
}

std::shared_ptr<Mailbox> Environment::expect_completion() {
  if (pending_++ == 0) napi_ref_threadsafe_function(env_, wake_);
  return mailbox_;
}

void Environment::push_awaited(const Device& device, std::unique_ptr<Command> command) {
  command->errors = errors;
  const uint64_t ticket = device.stream->push(std::move(command));
  if (last_took_ >= short_wait) return;
  if (std::chrono::steady_clock::now() - last_turn_ < turn_every) {
    mailbox_->attend();
    device.stream->linger(ticket, short_wait);
    settle_posted();
    mailbox_->leave();
  } else {
    device.stream->linger(ticket, short_wait);
  }
}

std::shared_ptr<Storage> Environment::allocate(const Device& device, int64_t bytes) {
  if (!program) return device.allocator->allocate(bytes);
  if (&device != recording_device) {
    throw Error("compile: expected every tensor on " + recording_device->name + ", got one on " + device.name);
  }
  return program->allocate(bytes);
}

void Environment::submit(const Device& device, std::unique_ptr<Command> command,
                         std::vector<std::shared_ptr<Storage>> storages) {
  if (program) {
    if (&device != recording_device) {
      throw Error("compile: expected every tensor on " + recording_device->name + ", got one on " + device.name);
    }
    program->append(std::move(command), std::move(storages));
    return;
  }
  command->errors = errors;
  device.stream->push(std::move(command));
}

}  // namespace hebb::node
