// A run of calls of one length that take each value by itself: what a thread does with value i.
//
// A thread takes value i through all steps of the run. So a step may read what an earlier one has written at the
// same place, and of what the run writes nothing else. A run is a launch of its own (elementwise.cu), or comes after
// what another kernel has written at place i (product.cu, reduce.cu).
#pragma once

// In the order of `Function` in elementwise.rs.
enum Function {
    FILL, SCALE, SHIFT, EXP, LN, SQRT, SQUARE, RELU, TANH, SIGMOID, ADD, SUB, MUL, DIV, RELU_GRAD, TANH_GRAD,
    SIGMOID_GRAD, ERROR_TANH_GRAD, ADD_ROW, SPREAD_ALL, SPREAD_ROWS, SPREAD_COLUMNS
};

struct Step {
    const float* x;
    const float* y;
    float* out;
    unsigned long long columns;  // length of a row, for the ops that know rows
    unsigned function;
    float k;
};

// In step with `MOST_STEPS` in elementwise.rs.
const int MOST_STEPS = 16;

struct Run {
    Step steps[MOST_STEPS];
    unsigned long long len;
    unsigned long long count;
};

__device__ __forceinline__ float value(const Step& step, unsigned long long i) {
    const float* x = step.x;
    const float* y = step.y;
    switch (step.function) {
        case FILL: return step.k;
        case SCALE: return step.k * x[i];
        case SHIFT: return x[i] + step.k;
        case EXP: return expf(x[i]);
        case LN: return logf(x[i]);
        case SQRT: return sqrtf(x[i]);
        case SQUARE: return x[i] * x[i];
        case RELU: return x[i] < 0.f ? 0.f : x[i];  // not-a-number passes: a fault must show
        case TANH: return tanhf(x[i]);
        case SIGMOID: return 1.f / (1.f + expf(-x[i]));
        case ADD: return x[i] + y[i];
        case SUB: return x[i] - y[i];
        case MUL: return x[i] * y[i];
        case DIV: return x[i] / y[i];
        case RELU_GRAD: return y[i] > 0.f ? x[i] : 0.f;
        case TANH_GRAD: return x[i] * (1.f - y[i] * y[i]);
        case SIGMOID_GRAD: return x[i] * y[i] * (1.f - y[i]);
        case ERROR_TANH_GRAD: return step.k * (x[i] - y[i]) * (1.f - x[i] * x[i]);
        case ADD_ROW: return x[i] + y[i % step.columns];
        case SPREAD_ALL: return x[0];
        case SPREAD_ROWS: return x[i % step.columns];
        default: return x[i / step.columns];
    }
}

// Value i through all steps.
__device__ __forceinline__ void take(const Run& run, unsigned long long i) {
#pragma unroll 1
    for (unsigned long long s = 0; s < run.count; s++) run.steps[s].out[i] = value(run.steps[s], i);
}
