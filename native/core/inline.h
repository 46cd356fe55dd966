// Files compiled once per instruction set must not emit shared out-of-line copies of header code: the linker keeps
// one copy for everyone, and it may be the AVX-512 one. What such files call from headers is therefore always inlined.
#pragma once
#define HEBB_INLINE inline __attribute__((always_inline))
