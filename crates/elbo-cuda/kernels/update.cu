// What changes in place at the end of a step: parameters, logs, counters.
#include "adam.cuh"

// In step with `MOST_TENSORS` in optimizer.rs.
const int MOST_TENSORS = 8;

struct Tensor {
    Adam adam;
    const float* gradient;
    unsigned long long len;
};

struct Tensors {
    Tensor tensors[MOST_TENSORS];
};

// A step of Adam on several tensors, one each y of the grid.
extern "C" __global__ void __launch_bounds__(256) adam(const __grid_constant__ Tensors all) {
    const Tensor& tensor = all.tensors[blockIdx.y];
    unsigned long long i = 256ull * blockIdx.x + threadIdx.x;
    if (i >= tensor.len) return;
    Corrections correct = corrections(tensor.adam);
    for (; i < tensor.len; i += 256ull * gridDim.x)
        descend(tensor.adam, correct, state(tensor.adam, i), i, tensor.gradient[i]);
}

// In step with `MOST_NOTES` in notes.rs.
const int MOST_NOTES = 16;

// log[*counter] = *value where there is a log, else *counter += by.
struct Note {
    float* log;
    const float* value;
    unsigned* counter;
    unsigned long long len;
    unsigned long long by;
};

struct Notes {
    Note notes[MOST_NOTES];
    unsigned* fault;
    unsigned long long count;
};

// As in source.cu.
enum Fault { NONE, ROW, CURSOR, PLACE };

// A thread a note. All read before one writes, so a place is noted before its counter moves on.
extern "C" __global__ void __launch_bounds__(32) note(const __grid_constant__ Notes all) {
    bool mine = threadIdx.x < all.count;
    const Note& note = all.notes[mine ? threadIdx.x : 0];
    unsigned counter = mine ? *note.counter : 0u;
    float value = mine && note.log ? *note.value : 0.f;
    __syncthreads();
    if (!mine) return;
    if (!note.log) {
        *note.counter = counter + (unsigned)note.by;
    } else if (counter < note.len) {
        note.log[counter] = value;
    } else {
        atomicMax(all.fault, (unsigned)PLACE);
    }
}
