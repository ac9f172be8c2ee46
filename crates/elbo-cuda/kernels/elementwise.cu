// Ops that take each value by itself: a run of calls of one length is one launch.
#include "run.cuh"

extern "C" __global__ void __launch_bounds__(256) elementwise(const __grid_constant__ Run run) {
    unsigned long long stride = 256ull * gridDim.x;
    for (unsigned long long i = 256ull * blockIdx.x + threadIdx.x; i < run.len; i += stride) take(run, i);
}
