// Runs a kernel on the CPU, thread by thread, and finds what a GPU would leave to chance.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <string>
#include <vector>

struct dim3 {
    unsigned x, y, z;
    unsigned count() const { return x * y * z; }
};

namespace stand_in {

enum State { READY, AT_BLOCK_BARRIER, AT_WARP_BARRIER, DONE };

// A CUDA thread: a stack of its own, and where it has stopped.
struct Thread {
    jmp_buf resume;
    char* stack = nullptr;
    bool begun = false;
    State state = DONE;
    dim3 index{};
    unsigned number = 0;
    unsigned turn = 0;
    const char* file = nullptr;
    int line = 0;
};

// What the threads of a warp hand each other for a product of small matrices.
struct Fragments {
    float a[32][4], b[32][2];
};

// A kernel takes one structure.
struct Kernel {
    void (*run)(const void* parameters);
    size_t bytes;
};

struct Launch {
    Kernel kernel;
    dim3 grid, block;
    const void* parameters;
};

// A way through the threads, and what unwritten shared memory holds meanwhile.
struct Manner {
    bool reversed;
    unsigned char poison;
};

class Machine {
  public:
    dim3 grid{}, block{}, block_index{};
    Thread* thread = nullptr;

    // Runs all blocks. Empty if nothing was wrong, else what was.
    std::string run(const Launch& launch, Manner manner);

    void wait_for_block(const char* file, int line) { wait(AT_BLOCK_BARRIER, file, line); }
    void wait_for_warp(const char* file, int line) { wait(AT_WARP_BARRIER, file, line); }
    Fragments& fragments(unsigned turn) { return fragments_[thread->number / 32][turn]; }

    // Whether a kernel is running; then a bad address is its fault.
    bool running = false;
    // Leaves the kernel that is running for good.
    [[noreturn]] void abandon(const std::string& why);

  private:
    std::string run_block(Manner manner);
    std::string release(unsigned first, unsigned end, State barrier);
    void resume(Thread& next);
    void wait(State barrier, const char* file, int line);
    void begin();
    static void enter();

    Launch launch_{};
    std::vector<Thread> threads_;
    Fragments fragments_[32][2];
    jmp_buf scheduler_;
    sigjmp_buf way_out_;
    std::string why_;
};

extern Machine machine;

// Makes a kernel known by its name, and its parameters' size with it.
void enlist(const char* name, Kernel kernel);
const Kernel* find(const std::string& name);

template <class Parameters>
void enlist_as(const char* name, void (*)(Parameters), void (*run)(const void*)) {
    enlist(name, {run, sizeof(Parameters)});
}

template <class Parameters>
Parameters parameters_of(void (*)(Parameters));

}  // namespace stand_in

#define ENLIST(name)                                                                                    \
    static void run_##name(const void* p) {                                                             \
        name(*static_cast<const decltype(stand_in::parameters_of(name))*>(p));                          \
    }                                                                                                   \
    static const bool enlisted_##name = (stand_in::enlist_as(#name, name, run_##name), true);
