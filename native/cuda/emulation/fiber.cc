#include "cuda/emulation/fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

// Puts the registers that a call preserves on the stack, keeps the stack pointer, and takes those of another stack.
extern "C" __attribute__((visibility("hidden"))) void hebb_switch_stacks(void** keep, void* take);

#ifdef HEBB_X86
asm(R"(
.pushsection .text
.hidden hebb_switch_stacks
.globl hebb_switch_stacks
.type hebb_switch_stacks, @function
hebb_switch_stacks:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size hebb_switch_stacks, . - hebb_switch_stacks
.popsection
)");
#else
asm(R"(
.pushsection .text
.hidden hebb_switch_stacks
.globl hebb_switch_stacks
.type hebb_switch_stacks, %function
hebb_switch_stacks:
  sub sp, sp, #160
  stp x19, x20, [sp]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size hebb_switch_stacks, . - hebb_switch_stacks
.popsection
)");
#endif

namespace hebb::cuda::emulation {
namespace {

// Sanitized code takes several times the stack. The pages at both ends may not be touched.
constexpr size_t page = size_t{64} << 10, usable = size_t{256} << 10, mapped = usable + 2 * page;

// Where resume was called.
struct Host {
  void* stack_pointer;
  void* fake_stack;
  const void* bottom;
  size_t size;
};
thread_local Host host;
thread_local Fiber* running = nullptr;

void leave_for([[maybe_unused]] void** fake_stack, [[maybe_unused]] const void* bottom, [[maybe_unused]] size_t size) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(fake_stack, bottom, size);
#endif
}
void arrived([[maybe_unused]] void* fake_stack, [[maybe_unused]] const void** bottom, [[maybe_unused]] size_t* size) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(fake_stack, bottom, size);
#endif
}

}  // namespace

Fiber::Fiber(void (*body)()) : body_(body) {
  void* const memory = mmap(nullptr, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = static_cast<char*>(memory);
  if (mprotect(memory_ + page, usable, PROT_READ | PROT_WRITE) != 0) {
    munmap(memory_, mapped);
    throw std::bad_alloc();
  }
  restart();
}

Fiber::~Fiber() {
  restart();  // no redzones of abandoned frames may remain for whoever maps this memory next
  munmap(memory_, mapped);
}

void Fiber::restart() {
#ifdef __SANITIZE_ADDRESS__
  __asan_unpoison_memory_region(memory_ + page, usable);
#endif
  auto** top = reinterpret_cast<void**>(memory_ + page + usable);
#ifdef HEBB_X86
  *--top = nullptr;                              // where the body would return to
  *--top = reinterpret_cast<void*>(&enter);      // popped by the switch's `ret`
  for (int i = 0; i < 6; ++i) *--top = nullptr;  // the registers that it pops
#else
  for (int i = 0; i < 20; ++i) *--top = nullptr;
  top[11] = reinterpret_cast<void*>(&enter);  // x30
#endif
  stack_pointer_ = top;
  fake_stack_ = nullptr;
}

void Fiber::enter() {
  arrived(nullptr, &host.bottom, &host.size);
  running->body_();
}

void Fiber::resume() {
  running = this;
  leave_for(&host.fake_stack, memory_ + page, usable);
  hebb_switch_stacks(&host.stack_pointer, stack_pointer_);
  arrived(host.fake_stack, nullptr, nullptr);
  running = nullptr;
}

void Fiber::suspend() {
  Fiber* const self = running;
  leave_for(&self->fake_stack_, host.bottom, host.size);
  hebb_switch_stacks(&self->stack_pointer_, host.stack_pointer);
  arrived(self->fake_stack_, &host.bottom, &host.size);
}

}  // namespace hebb::cuda::emulation
