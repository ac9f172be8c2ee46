// Matrix products and what is done to each sum while it is at hand: bias, activation, a mask, Adam.
#include "adam.cuh"
#include "tensor.cuh"
#include "tile.cuh"

// As `Product` in product.rs.
struct Product {
    Factor a, b;
    float* out;         // [m, n]
    const float* bias;  // [n], or none
    const float* mask;  // [m, n], or none: a sum counts where it is above 0
    unsigned long long activation;
};

// In the order of `Activation`.
enum Activation { IDENTITY, RELU, TANH };

template <int TILE, class Sums>
__device__ __forceinline__ void product(Shared<TILE>& shared, const Product& p) {
    unsigned across = (p.b.outer + TILE - 1) / TILE;
    unsigned row0 = blockIdx.x / across * TILE, column0 = blockIdx.x % across * TILE;
    tile<TILE, Sums>(shared, p.a, p.b, row0, column0, [&](unsigned row, unsigned column, float sum) {
        unsigned long long i = (unsigned long long)row * p.b.outer + column;
        if (p.bias) sum += p.bias[column];
        if (p.activation == RELU) sum = sum < 0.f ? 0.f : sum;
        if (p.activation == TANH) sum = tanhf(sum);
        if (p.mask) sum = p.mask[i] > 0.f ? sum : 0.f;
        p.out[i] = sum;
    });
}

// As `AdamProduct` in product.rs: the gradient is a · b, and nowhere kept.
struct AdamProduct {
    Factor a, b;
    Adam adam;
};

template <int TILE, class Sums>
__device__ __forceinline__ void adam_product(Shared<TILE>& shared, const AdamProduct& p) {
    unsigned across = (p.b.outer + TILE - 1) / TILE;
    unsigned row0 = blockIdx.x / across * TILE, column0 = blockIdx.x % across * TILE;
    Corrections correct = corrections(p.adam);
    tile<TILE, Sums>(shared, p.a, p.b, row0, column0, [&](unsigned row, unsigned column, float sum) {
        descend(p.adam, correct, (unsigned long long)row * p.b.outer + column, sum);
    });
}

// Each kernel for one tile and one kind of sum. Shared memory belongs to a kernel, not to a template: so
// there is one of it.
#define KERNELS(suffix, TILE, ...)                                                                             \
    extern "C" __global__ void __launch_bounds__(THREADS) product_##suffix(const __grid_constant__ Product p) { \
        __shared__ Shared<TILE> shared;                                                                         \
        product<TILE, __VA_ARGS__>(shared, p);                                                                  \
    }                                                                                                           \
    extern "C" __global__ void __launch_bounds__(THREADS)                                                       \
        adam_product_##suffix(const __grid_constant__ AdamProduct p) {                                          \
        __shared__ Shared<TILE> shared;                                                                         \
        adam_product<TILE, __VA_ARGS__>(shared, p);                                                             \
    }

KERNELS(16, 16, Scalar<16>)
KERNELS(32, 32, Scalar<32>)
KERNELS(tf32x3, 32, TensorCore<true>)
KERNELS(tf32, 32, TensorCore<false>)
