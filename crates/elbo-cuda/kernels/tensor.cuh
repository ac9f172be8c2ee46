// Sums on tensor cores, which multiply numbers of 11 bits (TF32) and add in single precision.
#pragma once
#include "tile.cuh"

// The nearest number that a tensor core takes.
__device__ __forceinline__ float to_tf32(float x) {
#ifdef STAND_IN
    return stand_in::to_tf32(x);
#else
    unsigned bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
    return __uint_as_float(bits);
#endif
}

// d += a · b of 16 × 8 and 8 × 8 numbers that a warp holds together: thread t has of a rows t / 4 and 8 more,
// k t % 4 and 4 more; of b those k, column t / 4; of d those rows, columns 2 (t % 4) and 1 more.
__device__ __forceinline__ void multiply_add(float (&d)[4], const float (&a)[4], const float (&b)[2]) {
#ifdef STAND_IN
    stand_in::multiply_add(d, a, b);
#else
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])),
          "r"(__float_as_uint(a[3])), "r"(__float_as_uint(b[0])), "r"(__float_as_uint(b[1])));
#endif
}

// Each of the eight warps has 16 × 8 of a 32 × 32 tile. SPLIT: each number as two of 11 bits, three products,
// so that nothing of single precision is lost but the product of the two small parts.
template <bool SPLIT>
struct TensorCore {
    static const int GROUPS = 1;
    float sums[4];

    __device__ __forceinline__ void clear() {
#pragma unroll
        for (int i = 0; i < 4; i++) sums[i] = 0.f;
    }

    __device__ __forceinline__ void add(const Slab<32>& slab) {
        int row = place_row(), column = threadIdx.x / 32 % 4 * 8 + threadIdx.x % 32 / 4;
#pragma unroll
        for (int k0 = 0; k0 < Slab<32>::DEPTH; k0 += 8) {
            int k = k0 + threadIdx.x % 4;
            float a[4] = {slab.a[k][row], slab.a[k][row + 8], slab.a[k + 4][row], slab.a[k + 4][row + 8]};
            float b[2] = {slab.b[k][column], slab.b[k + 4][column]};
            float a_rest[4], b_rest[2];
#pragma unroll
            for (int i = 0; i < 4; i++) part(a[i], a_rest[i]);
#pragma unroll
            for (int i = 0; i < 2; i++) part(b[i], b_rest[i]);
            if (SPLIT) {
                multiply_add(sums, a_rest, b);
                multiply_add(sums, a, b_rest);
            }
            multiply_add(sums, a, b);
        }
    }

    __device__ __forceinline__ void lay_down(Shared<32>& shared) const {
        int row = place_row(), column = threadIdx.x / 32 % 4 * 8 + threadIdx.x % 4 * 2;
#pragma unroll
        for (int i = 0; i < 4; i++) shared.sums[0][row + i / 2 * 8][column + i % 2] = sums[i];
    }

    static __device__ __forceinline__ int place_row() { return threadIdx.x / 128 * 16 + threadIdx.x % 32 / 4; }

    // A number as the nearest of 11 bits and what is left of it.
    static __device__ __forceinline__ void part(float& x, float& rest) {
        float nearest = to_tf32(x);
        rest = to_tf32(x - nearest);
        x = nearest;
    }
};
