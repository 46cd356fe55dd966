// Files compiled once per instruction set must not emit shared out-of-line copies of header code: the linker keeps
// one copy for everyone, and it may be the AVX-512 one. What such files call from headers is therefore always inlined.
#pragma once
#ifdef __CUDACC__
#define HEBB_INLINE __host__ __device__ inline __attribute__((always_inline))  // device code calls the same functions
#else
#define HEBB_INLINE inline __attribute__((always_inline))
#endif

// In front of a loop of few rounds, whose count the compiler knows.
#ifdef __CUDA_ARCH__
#define HEBB_UNROLL _Pragma("unroll")
#elif defined __CUDACC__
#define HEBB_UNROLL
#else
#define HEBB_UNROLL _Pragma("GCC unroll 16")
#endif
