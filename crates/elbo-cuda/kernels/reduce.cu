// Sums, in double precision and in an order that the shape alone decides.
#include "adam.cuh"
#include "run.cuh"

const int THREADS = 256;

// The sum over a block's threads, for thread 0: neighbours first, then neighbours of neighbours.
__device__ __forceinline__ double over_block(double* sums, double sum) {
    sums[threadIdx.x] = sum;
    for (unsigned apart = THREADS / 2; apart > 0; apart /= 2) {
        __syncthreads();
        if (threadIdx.x < apart) sums[threadIdx.x] += sums[threadIdx.x + apart];
    }
    return sums[threadIdx.x];
}

struct Sum {
    const float* x;
    const float* y;  // or none
    float* out;
    volatile double* parts;  // a block's each
    unsigned* ticket;        // 0 before and after
    unsigned long long len;
    Run run;  // over the one value
};

// out[0] = sum of x, or of (x - y)² where there is a y.
//
// Each block, of at most THREADS, leaves its part; the one that is last to do so adds up all parts, in their order.
extern "C" __global__ void __launch_bounds__(THREADS) sum(const __grid_constant__ Sum s) {
    __shared__ double sums[THREADS];
    __shared__ unsigned last;
    double part = 0;
    unsigned long long stride = (unsigned long long)THREADS * gridDim.x;
    for (unsigned long long i = (unsigned long long)THREADS * blockIdx.x + threadIdx.x; i < s.len; i += stride) {
        float x = s.y ? s.x[i] - s.y[i] : s.x[i];
        part += s.y ? (double)x * x : x;
    }
    part = over_block(sums, part);
    if (threadIdx.x == 0) {
        s.parts[blockIdx.x] = part;
        __threadfence();
        last = atomicAdd(s.ticket, 1u) == gridDim.x - 1;
    }
    __syncthreads();
    if (!last) return;
    __threadfence();
    double total = over_block(sums, threadIdx.x < gridDim.x ? s.parts[threadIdx.x] : 0.0);
    if (threadIdx.x == 0) {
        s.out[0] = (float)total;
        take(s.run, 0);
        *s.ticket = 0;
    }
}

// As `ColumnSum` in reduce.rs: the sums of a matrix's columns, and what they are the gradient of, if that is known.
struct ColumnSum {
    const float* x;  // [rows, columns]
    float* out;      // [columns]
    unsigned long long rows, columns;
    Adam adam;  // without a parameter: of nothing
};

// In step with `MOST_SUMS` in reduce.rs.
const int MOST_SUMS = 8;

struct ColumnSums {
    ColumnSum sums[MOST_SUMS];
};

// out[c] = sum over r of x[r, c], one matrix each y of the grid: 32 columns a block, their rows dealt out to 8 threads
// each. Whoever has the sum takes the step of Adam that it is for.
extern "C" __global__ void __launch_bounds__(THREADS) sum_rows(const __grid_constant__ ColumnSums all) {
    __shared__ double sums[8][32];
    const ColumnSum& m = all.sums[blockIdx.y];
    unsigned lane = threadIdx.x % 32, group = threadIdx.x / 32;
    unsigned long long column = 32ull * blockIdx.x + lane;
    if (32ull * blockIdx.x >= m.columns) return;
    bool descends = m.adam.parameter && group == 0 && column < m.columns;
    State from = descends ? state(m.adam, column) : State{};
    double sum = 0;
    if (column < m.columns)
        for (unsigned long long row = group; row < m.rows; row += 8) sum += m.x[row * m.columns + column];
    sums[group][lane] = sum;
    __syncthreads();
    if (group == 0 && column < m.columns) {
        for (int other = 1; other < 8; other++) sum += sums[other][lane];
        m.out[column] = (float)sum;
        if (descends) descend(m.adam, corrections(m.adam), from, column, (float)sum);
    }
}

struct Matrix {
    const float* x;  // [rows, columns]
    float* out;
    unsigned long long rows, columns;
};

// out[r] = sum over c of x[r, c], a block a row.
extern "C" __global__ void __launch_bounds__(THREADS) sum_columns(const __grid_constant__ Matrix m) {
    __shared__ double sums[THREADS];
    const float* row = m.x + blockIdx.x * m.columns;
    double sum = 0;
    for (unsigned long long c = threadIdx.x; c < m.columns; c += THREADS) sum += row[c];
    sum = over_block(sums, sum);
    if (threadIdx.x == 0) m.out[blockIdx.x] = (float)sum;
}
