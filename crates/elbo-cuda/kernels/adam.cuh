// One step of Adam (Kingma & Ba 2015) as PyTorch takes it, eps outside the root.
#pragma once

// As `Adam` in optimizer.rs.
struct Adam {
    float* parameter;
    float* first;
    float* second;
    const unsigned* steps;  // taken before this one; read here, so that a replay moves on
    const float* rate;
    float decay1, decay2;  // beta
    float share1, share2;  // 1 - beta, rounded once
    float ln1, ln2;        // ln beta
    float eps;
    float unused;  // to a whole number of words
};

// The learning rate over the first moment's bias correction, and one over the root of the second's.
struct Corrections {
    float rate, root;
};

// 1 - beta^t as -expm1(t ln beta): 1 - 0.999 in single precision would be off by 3e-5.
__device__ __forceinline__ Corrections corrections(const Adam& adam) {
    float t = (float)*adam.steps + 1.f;
    return {*adam.rate / -expm1f(t * adam.ln1), 1.f / sqrtf(-expm1f(t * adam.ln2))};
}

// A parameter and its moments.
struct State {
    float parameter, first, second;
};

__device__ __forceinline__ State state(const Adam& adam, unsigned long long i) {
    return {adam.parameter[i], adam.first[i], adam.second[i]};
}

// The step of parameter i from where it is.
__device__ __forceinline__ void descend(
    const Adam& adam, const Corrections& correct, const State& from, unsigned long long i, float gradient) {
    float first = adam.decay1 * from.first + adam.share1 * gradient;
    float second = adam.decay2 * from.second + adam.share2 * gradient * gradient;
    adam.first[i] = first;
    adam.second[i] = second;
    adam.parameter[i] = from.parameter - correct.rate * first / (sqrtf(second) * correct.root + adam.eps);
}
