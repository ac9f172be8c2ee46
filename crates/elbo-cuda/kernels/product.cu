// Matrix products and what is done to each sum while it is at hand: bias, activation, a mask, Adam.
#include "adam.cuh"
#include "run.cuh"
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
enum Activation { IDENTITY_LAYER, RELU_LAYER, TANH_LAYER };

// In step with `MOST_PRODUCTS` in product.rs.
const int MOST_PRODUCTS = 2;

// Products of one shape, and a run that goes over their values: one launch. A block has the same tile of each.
struct Products {
    Product products[MOST_PRODUCTS];
    Run run;
    unsigned long long count;
};

// Where a block's tile begins, of a result with so many columns.
template <int TILE>
__device__ __forceinline__ void corner(unsigned columns, unsigned& row0, unsigned& column0) {
    unsigned across = (columns + TILE - 1) / TILE;
    row0 = blockIdx.x / across * TILE;
    column0 = blockIdx.x % across * TILE;
}

template <int TILE, class Sums>
__device__ __forceinline__ void product(Shared<TILE>& shared, const Products& all) {
    unsigned row0, column0;
    corner<TILE>(all.products[0].b.outer, row0, column0);
#pragma unroll 1
    for (unsigned long long number = 0; number < all.count; number++) {
        const Product& p = all.products[number];
        tile<TILE, Sums>(shared, p.a, p.b, row0, column0, [] {}, [&](int, unsigned row, unsigned column, float sum) {
            unsigned long long i = (unsigned long long)row * p.b.outer + column;
            if (p.bias) sum += p.bias[column];
            if (p.activation == RELU_LAYER) sum = sum < 0.f ? 0.f : sum;
            if (p.activation == TANH_LAYER) sum = tanhf(sum);
            if (p.mask) sum = p.mask[i] > 0.f ? sum : 0.f;
            p.out[i] = sum;
        });
    }
    if (all.run.count == 0) return;
    // A place is the same thread's as in the products, so what it reads there it has written itself.
    const Product& p = all.products[0];
    places<TILE, 1>(p.a, p.b, row0, column0, [&](int, unsigned row, unsigned column) {
        take(all.run, (unsigned long long)row * p.b.outer + column);
    });
}

// As `AdamProduct` in product.rs: the gradient is a · b, and nowhere kept.
struct AdamProduct {
    Factor a, b;
    Adam adam;
};

// In step with `MOST_ADAM_PRODUCTS` in product.rs.
const int MOST_ADAM_PRODUCTS = 4;

// One each y of the grid, which is as wide as the one with the most tiles needs.
struct AdamProducts {
    AdamProduct products[MOST_ADAM_PRODUCTS];
};

template <int TILE, class Sums>
__device__ __forceinline__ void adam_product(Shared<TILE>& shared, const AdamProducts& all) {
    const AdamProduct& p = all.products[blockIdx.y];
    unsigned row0, column0;
    corner<TILE>(p.b.outer, row0, column0);
    if (row0 >= p.a.outer) return;
    State states[TILE * TILE / THREADS];
    auto index = [&](unsigned row, unsigned column) { return (unsigned long long)row * p.b.outer + column; };
    auto fetch_states = [&] {
        places<TILE, TILE * TILE / THREADS>(p.a, p.b, row0, column0, [&](int number, unsigned row, unsigned column) {
            states[number] = state(p.adam, index(row, column));
        });
    };
    Corrections correct = corrections(p.adam);
    auto each = [&](int number, unsigned row, unsigned column, float sum) {
        descend(p.adam, correct, states[number], index(row, column), sum);
    };
    tile<TILE, Sums>(shared, p.a, p.b, row0, column0, fetch_states, each);
}

// Each kernel for one tile and one kind of sum. Shared memory belongs to a kernel, not to a template: so
// there is one of it.
#define KERNELS(suffix, TILE, ...)                                                                             \
    extern "C" __global__ void __launch_bounds__(THREADS, 3) product_##suffix(const __grid_constant__ Products p) { \
        __shared__ Shared<TILE> shared;                                                                         \
        product<TILE, __VA_ARGS__>(shared, p);                                                                  \
    }                                                                                                           \
    extern "C" __global__ void __launch_bounds__(THREADS, 3)                                                    \
        adam_product_##suffix(const __grid_constant__ AdamProducts p) {                                         \
        __shared__ Shared<TILE> shared;                                                                         \
        adam_product<TILE, __VA_ARGS__>(shared, p);                                                             \
    }

KERNELS(16, 16, Scalar<16>)
KERNELS(32, 32, Scalar<32>)
KERNELS(tf32x3, 32, TensorCore<true>)
KERNELS(tf32, 32, TensorCore<false>)
