// Where values come from: batches of images, and noise.

// What a thread does that meets an index out of range: it says so, and the host refuses to read on.
// In the order of `Fault` in workspace.rs.
enum Fault { NONE, ROW, CURSOR, PLACE };

struct Gather {
    const unsigned char* rows;  // [count, width]
    const unsigned* order;      // [len]
    const unsigned* cursor;
    float* out;  // [blocks, width]
    unsigned* fault;
    unsigned long long count, width, len;
    float scale, shift;
};

// out[r, c] = rows[order[cursor + r], c] * scale - shift, a block a row.
extern "C" __global__ void __launch_bounds__(256) gather(const __grid_constant__ Gather g) {
    unsigned long long place = (unsigned long long)*g.cursor + blockIdx.x;
    unsigned row = place < g.len ? g.order[place] : 0u;
    bool inside = place < g.len && row < g.count;
    if (!inside && threadIdx.x == 0) atomicMax(g.fault, place < g.len ? (unsigned)ROW : (unsigned)CURSOR);
    for (unsigned long long c = threadIdx.x; c < g.width; c += 256) {
        float pixel = inside ? (float)g.rows[row * g.width + c] : 0.f;
        g.out[blockIdx.x * g.width + c] = pixel * g.scale - g.shift;
    }
}

// Philox4x32-10 (Salmon et al. 2011): four random words of a counter under a key.
__device__ __forceinline__ void philox(unsigned (&c)[4], unsigned key0, unsigned key1) {
    for (int round = 0; round < 10; round++) {
        unsigned high0 = __umulhi(0xD2511F53u, c[0]), low0 = 0xD2511F53u * c[0];
        unsigned high1 = __umulhi(0xCD9E8D57u, c[2]), low1 = 0xCD9E8D57u * c[2];
        c[0] = high1 ^ c[1] ^ key0;
        c[1] = low1;
        c[2] = high0 ^ c[3] ^ key1;
        c[3] = low0;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

struct Normal {
    float* out;  // [len]
    const unsigned* key;
    const unsigned* step;
    unsigned long long len, stream;
};

// Four normals of a block of words (Box & Muller 1958), a block a thread. The step is read here, so that a
// replay draws anew.
extern "C" __global__ void __launch_bounds__(128) normal(const __grid_constant__ Normal n) {
    unsigned long long block = 128ull * blockIdx.x + threadIdx.x;
    if (4 * block >= n.len) return;
    unsigned words[4] = {(unsigned)block, (unsigned)(block >> 32), *n.step, (unsigned)n.stream};
    philox(words, n.key[0], n.key[1]);
    for (int pair = 0; pair < 2; pair++) {
        float u = ((float)(words[2 * pair] >> 9) + 0.5f) * (1.f / 8388608.f);
        float turns = (float)(words[2 * pair + 1] >> 8) * (1.f / 16777216.f);
        float radius = sqrtf(-2.f * logf(u)), sine, cosine;
        sincospif(2.f * turns, &sine, &cosine);
        unsigned long long i = 4 * block + 2 * pair;
        if (i < n.len) n.out[i] = radius * cosine;
        if (i + 1 < n.len) n.out[i + 1] = radius * sine;
    }
}
