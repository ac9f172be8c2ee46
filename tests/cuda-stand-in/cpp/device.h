// What CUDA C has and C++ has not, so that a kernel's source compiles as it is: included before each.
#pragma once

#include <cmath>
#include <cstddef>

#include "machine.h"

#define STAND_IN 1
#define __global__
#define __device__
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
// All shared memory lies in one section, so that the machine can spoil it before each block.
#define __shared__ static __attribute__((section("shared_memory")))

#define threadIdx (stand_in::machine.thread->index)
#define blockIdx (stand_in::machine.block_index)
#define blockDim (stand_in::machine.block)
#define gridDim (stand_in::machine.grid)

#define __syncthreads() stand_in::machine.wait_for_block(__FILE__, __LINE__)
#define __syncwarp() stand_in::machine.wait_for_warp(__FILE__, __LINE__)
#define __threadfence() ((void)0)

struct alignas(16) float4 {
    float x, y, z, w;
};

// One thread runs at a time, so plain arithmetic is atomic.
inline unsigned atomicAdd(unsigned* place, unsigned by) {
    unsigned old = *place;
    *place = old + by;
    return old;
}
inline unsigned atomicMax(unsigned* place, unsigned other) {
    unsigned old = *place;
    *place = old > other ? old : other;
    return old;
}

inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned long long)a * b >> 32; }
inline void sincospif(float x, float* sine, float* cosine) {
    *sine = (float)std::sin(M_PI * x);
    *cosine = (float)std::cos(M_PI * x);
}

namespace stand_in {
// Round to nearest, ties away from zero: 10 bits behind the point, as cvt.rna.tf32.f32.
inline float to_tf32(float x) {
    unsigned bits;
    __builtin_memcpy(&bits, &x, 4);
    bits = (bits + 0x1000u) & 0xffffe000u;
    __builtin_memcpy(&x, &bits, 4);
    return x;
}

// mma.sync.m16n8k8: each thread of a warp lays down what it has of a and b, and adds up what it has of d.
inline void multiply_add(float (&d)[4], const float (&a)[4], const float (&b)[2]) {
    Thread& self = *machine.thread;
    Fragments& warp = machine.fragments(self.turn ^= 1);
    unsigned lane = self.number % 32;
    for (int i = 0; i < 4; i++) warp.a[lane][i] = a[i];
    for (int i = 0; i < 2; i++) warp.b[lane][i] = b[i];
    __syncwarp();
    for (int i = 0; i < 4; i++) {
        unsigned row = lane / 4, below = i / 2, column = lane % 4 * 2 + i % 2;
        for (unsigned k = 0; k < 8; k++)
            d[i] += warp.a[row * 4 + k % 4][below + k / 4 * 2] * warp.b[column * 4 + k % 4][k / 4];
    }
}
}  // namespace stand_in
