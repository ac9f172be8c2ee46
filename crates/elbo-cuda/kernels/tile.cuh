// One tile of a matrix product, each of its sums in an order that the shape alone decides.
//
// A block of 256 threads computes TILE × TILE sums over k, a slab of SLAB values of k at a time. A slab of
// both factors lies in shared memory, k outermost; the next one is on its way in registers meanwhile.
#pragma once

const int THREADS = 256;
// Values of each factor that a thread fetches of a slab.
const int HELD = 4;

// A factor of a product: outer is its row, or of the right factor its column.
struct Factor {
    const float* values;
    unsigned outer;    // how many
    unsigned k;        // how many
    unsigned along_k;  // whether neighbours in memory differ in k
};

template <int TILE>
struct Slab {
    static const int DEPTH = THREADS * HELD / TILE;
    // Eight more: rows stay aligned for float4, and four of them begin at four banks.
    float a[DEPTH][TILE + 8];
    float b[DEPTH][TILE + 8];
};

// A block's shared memory: slabs while the sums run, then the sums, added up over GROUPS of threads.
template <int TILE>
union alignas(16) Shared {  // a float4 at a time
    static const int GROUPS = THREADS * 16 / (TILE * TILE);
    Slab<TILE> slab;
    float sums[GROUPS][TILE][TILE];
};

// A thread's share of the slab that begins at k: neighbouring threads take neighbours in memory.
template <int TILE>
__device__ __forceinline__ void fetch(float (&held)[HELD], const Factor& factor, unsigned outer0, unsigned k0) {
    const int DEPTH = Slab<TILE>::DEPTH;
#pragma unroll
    for (int j = 0; j < HELD; j++) {
        unsigned place = j * THREADS + threadIdx.x;
        unsigned outer = outer0 + (factor.along_k ? place / DEPTH : place % TILE);
        unsigned k = k0 + (factor.along_k ? place % DEPTH : place / TILE);
        bool inside = outer < factor.outer && k < factor.k;
        unsigned long long index = factor.along_k ? (unsigned long long)outer * factor.k + k
                                                  : (unsigned long long)k * factor.outer + outer;
        held[j] = inside ? factor.values[index] : 0.f;
    }
}

// Puts a thread's share of a slab into its places.
template <int TILE>
__device__ __forceinline__ void keep(float (*slab)[TILE + 8], const float (&held)[HELD], unsigned along_k) {
    const int DEPTH = Slab<TILE>::DEPTH;
#pragma unroll
    for (int j = 0; j < HELD; j++) {
        unsigned place = j * THREADS + threadIdx.x;
        unsigned outer = along_k ? place / DEPTH : place % TILE, k = along_k ? place % DEPTH : place / TILE;
        slab[k][outer] = held[j];
    }
}

// One rounding instead of two. On the CPU that would be a call, so there it is two.
__device__ __forceinline__ float multiply_add(float a, float b, float sum) {
#ifdef STAND_IN
    return a * b + sum;
#else
    return fmaf(a, b, sum);
#endif
}

// Sums in single precision: a thread has 4 × 4 of the tile, and a group of threads the tile. The groups share
// a slab's depth.
template <int TILE>
struct Scalar {
    static const int SIDE = TILE / 4, GROUP = SIDE * SIDE;
    static const int GROUPS = Shared<TILE>::GROUPS;
    float sums[4][4];

    __device__ __forceinline__ void clear() {
#pragma unroll
        for (int i = 0; i < 16; i++) sums[i / 4][i % 4] = 0.f;
    }

    __device__ __forceinline__ void add(const Slab<TILE>& slab) {
        const int SHARE = Slab<TILE>::DEPTH / GROUPS;
        int group = threadIdx.x / GROUP, row = threadIdx.x % GROUP / SIDE * 4, column = threadIdx.x % SIDE * 4;
#pragma unroll
        for (int step = 0; step < SHARE; step++) {
            float4 a = *(const float4*)&slab.a[group * SHARE + step][row];
            float4 b = *(const float4*)&slab.b[group * SHARE + step][column];
            float as[4] = {a.x, a.y, a.z, a.w}, bs[4] = {b.x, b.y, b.z, b.w};
#pragma unroll
            for (int i = 0; i < 16; i++) sums[i / 4][i % 4] = multiply_add(as[i / 4], bs[i % 4], sums[i / 4][i % 4]);
        }
    }

    __device__ __forceinline__ void lay_down(Shared<TILE>& shared) const {
        int group = threadIdx.x / GROUP, row = threadIdx.x % GROUP / SIDE * 4, column = threadIdx.x % SIDE * 4;
#pragma unroll
        for (int i = 0; i < 16; i++) shared.sums[group][row + i / 4][column + i % 4] = sums[i / 4][i % 4];
    }
};

// Calls each(number, row, column) for every place of a tile that is inside the result and this thread's, numbered in
// order. Which thread's a place is depends on the tile's size alone.
template <int TILE, int AT_ONCE, class Each>
__device__ __forceinline__ void places(const Factor& a, const Factor& b, unsigned row0, unsigned column0, Each each) {
#pragma unroll AT_ONCE
    for (int number = 0; number < TILE * TILE / THREADS; number++) {
        unsigned place = number * THREADS + threadIdx.x, row = row0 + place / TILE, column = column0 + place % TILE;
        if (row < a.outer && column < b.outer) each(number, row, column);
    }
}

// The tile at (row0, column0) of a · b. Calls each(number, row, column, sum) as `places` does, and before() once when the
// slabs are through: what it fetches is on its way while the sums are put together.
template <int TILE, class Sums, class Before, class Each>
__device__ __forceinline__ void tile(
    Shared<TILE>& shared, const Factor& a, const Factor& b, unsigned row0, unsigned column0, Before before, Each each) {
    Sums sums;
    sums.clear();
    float next_a[HELD], next_b[HELD];
    fetch<TILE>(next_a, a, row0, 0);
    fetch<TILE>(next_b, b, column0, 0);
    for (unsigned k = 0; k < a.k; k += Slab<TILE>::DEPTH) {
        __syncthreads();
        keep<TILE>(shared.slab.a, next_a, a.along_k);
        keep<TILE>(shared.slab.b, next_b, b.along_k);
        __syncthreads();
        fetch<TILE>(next_a, a, row0, k + Slab<TILE>::DEPTH);
        fetch<TILE>(next_b, b, column0, k + Slab<TILE>::DEPTH);
        sums.add(shared.slab);
    }
    before();
    __syncthreads();
    sums.lay_down(shared);
    __syncthreads();
    places<TILE, TILE * TILE / THREADS>(a, b, row0, column0, [&](int number, unsigned row, unsigned column) {
        float sum = 0.f;
#pragma unroll
        for (int group = 0; group < Sums::GROUPS; group++) sum += shared.sums[group][row - row0][column - column0];
        each(number, row, column, sum);
    });
}
