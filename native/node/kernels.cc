#include "node/kernels.h"

#include <cstring>
#include <tuple>
#include <utility>

#include "node/arguments.h"
#include "node/guard.h"
#include "ops/kernel_table.h"

namespace hebb::node {
namespace {

template <class... Arguments>
class KernelCommand final : public Command {
 public:
  using Kernel = void(Arguments...);
  using Stored = std::tuple<typename Argument<Arguments>::Stored...>;

  KernelCommand(const char* name, Kernel* kernel, Stored arguments)
      : name_(name), kernel_(kernel), arguments_(std::move(arguments)) {}

  void run() override {
    std::apply([](const auto&... stored) { (Argument<Arguments>::tell_written(stored), ...); }, arguments_);
    try {
      apply(kernel_);
    } catch (const std::exception& error) {
      throw Error(std::string(name_) + ": " + error.what());
    }
  }

  void apply(Kernel* function) {
    std::apply([&](auto&... stored) { function(Argument<Arguments>::pass(stored)...); }, arguments_);
  }

  void visit_pointers(PointerVisitor& visitor) override {
    std::apply([&](auto&... stored) { (Argument<Arguments>::visit(stored, visitor), ...); }, arguments_);
  }

 private:
  const char* name_;
  Kernel* kernel_;
  Stored arguments_;
};

template <class Op, class... Arguments, size_t... indices>
void bind_and_submit(napi_env env, const napi_value* values, const char* name,
                     void (*KernelTable::*member)(Arguments...), std::index_sequence<indices...>) {
  static_assert(std::size(decltype(Op::names){}.items) == sizeof...(Arguments), "names and check disagree");
  Environment& environment = Environment::of(env);
  Call call(environment, env);
  // Braces: arguments are read in order, which is also the order of visit_pointers.
  typename KernelCommand<Arguments...>::Stored stored{
      Argument<Arguments>::read(call, values[indices], Op::names.items[indices])...};
  auto command =
      std::make_unique<KernelCommand<Arguments...>>(name, call.device()->kernels->*member, std::move(stored));
  command->apply(&Op::check);
  environment.submit(*call.device(), std::move(command), call.take_storages());
}

template <class Op, class... Arguments>
napi_value call_kernel(napi_env env, napi_callback_info info, const char* name,
                       void (*KernelTable::*member)(Arguments...)) {
  return guarded(env, name, [&]() -> napi_value {
    constexpr size_t expected = sizeof...(Arguments);
    napi_value values[expected];
    size_t given = expected;
    if (napi_get_cb_info(env, info, &given, values, nullptr, nullptr) != napi_ok || given != expected) {
      throw Error("expected " + std::to_string(expected) + " arguments, got " + std::to_string(given));
    }
    bind_and_submit<Op>(env, values, name, member, std::make_index_sequence<expected>());
    return nullptr;
  });
}

}  // namespace

Napi::Object make_kernels(Napi::Env env) {
  Napi::Object kernels = Napi::Object::New(env);
  auto add = [&](const char* name, napi_callback callback) {
    napi_value function;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) != napi_ok) {
      throw Napi::Error::New(env);
    }
    kernels.Set(name, Napi::Value(env, function));
  };
#define HEBB_OP(name)                                                    \
  add(#name, [](napi_env env, napi_callback_info info) {                 \
    return call_kernel<ops::name>(env, info, #name, &KernelTable::name); \
  });
#include "ops/ops.def"
#undef HEBB_OP
  return kernels;
}

}  // namespace hebb::node
