// Kernels with one fault each, that the stand-in must find, and one without.

// What all of them take.
struct Values {
    float* values;
    unsigned long long len;
};

extern "C" __global__ void sound(const __grid_constant__ Values v) {
    __shared__ float turned[64];
    turned[63 - threadIdx.x] = v.values[threadIdx.x];
    __syncthreads();
    v.values[threadIdx.x] = turned[threadIdx.x];
}

// One value too many.
extern "C" __global__ void past_the_end(const __grid_constant__ Values v) {
    for (unsigned long long i = threadIdx.x; i <= v.len; i += 64) v.values[i] += blockIdx.x;
}

extern "C" __global__ void before_the_start(const __grid_constant__ Values v) {
    v.values[(long long)threadIdx.x - 1] = 1.f;
}

// Half of the shared memory is never written.
extern "C" __global__ void unwritten(const __grid_constant__ Values v) {
    __shared__ float half[64];
    if (threadIdx.x < 32) half[threadIdx.x] = 1.f;
    __syncthreads();
    v.values[threadIdx.x] = half[threadIdx.x];
}

// No barrier between writing and reading.
extern "C" __global__ void race(const __grid_constant__ Values v) {
    __shared__ float turned[64];
    turned[63 - threadIdx.x] = v.values[threadIdx.x];
    v.values[threadIdx.x] = turned[threadIdx.x];
}

// Two blocks write one value.
extern "C" __global__ void race_of_blocks(const __grid_constant__ Values v) {
    if (threadIdx.x == 0) v.values[0] = (float)blockIdx.x;
}

extern "C" __global__ void left_early(const __grid_constant__ Values v) {
    if (threadIdx.x == 5) return;
    __syncthreads();
    v.values[threadIdx.x] = 1.f;
}

extern "C" __global__ void two_barriers(const __grid_constant__ Values v) {
    if (threadIdx.x < 32) {
        v.values[threadIdx.x] = 1.f;
        __syncthreads();
    } else {
        v.values[threadIdx.x] = 2.f;
        __syncthreads();
    }
}
