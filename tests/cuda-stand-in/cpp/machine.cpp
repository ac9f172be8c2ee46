// Threads, barriers and blocks: see machine.h.
#include "machine.h"

#include <cstdlib>
#include <cstring>
#include <map>

#include <sys/mman.h>
#include <ucontext.h>

// Bounds of the section that device.h puts shared memory into.
extern "C" char __start_shared_memory[], __stop_shared_memory[];
static char one_byte __attribute__((section("shared_memory"), used));

namespace stand_in {

Machine machine;

static const size_t STACK = 64 << 10;
static const unsigned MOST_THREADS = 1024;

static std::map<std::string, Kernel>& kernels() {
    static std::map<std::string, Kernel> all;
    return all;
}
void enlist(const char* name, Kernel kernel) { kernels()[name] = kernel; }
const Kernel* find(const std::string& name) {
    auto found = kernels().find(name);
    return found == kernels().end() ? nullptr : &found->second;
}

static std::string place(const Thread& thread) {
    const char* name = strrchr(thread.file, '/');
    return std::string(name ? name + 1 : thread.file) + ":" + std::to_string(thread.line);
}

std::string Machine::run(const Launch& launch, Manner manner) {
    launch_ = launch;
    grid = launch.grid;
    block = launch.block;
    unsigned threads = block.count(), blocks = grid.count();
    if (threads == 0 || threads > MOST_THREADS || blocks == 0) return "a grid or a block of a size that no device has";
    if (threads_.empty()) threads_.resize(MOST_THREADS);
    why_.clear();
    running = true;
    if (sigsetjmp(way_out_, 1) == 0) {
        for (unsigned i = 0; i < blocks && why_.empty(); i++) {
            unsigned number = manner.reversed ? blocks - 1 - i : i;
            block_index = {number % grid.x, number / grid.x % grid.y, number / grid.x / grid.y};
            why_ = run_block(manner);
        }
    }
    running = false;
    // Threads in the middle of a kernel cannot be used again.
    if (!why_.empty())
        for (Thread& thread : threads_) thread.begun = false;
    return why_;
}

void Machine::abandon(const std::string& why) {
    why_ = why;
    siglongjmp(way_out_, 1);
}

std::string Machine::run_block(Manner manner) {
    memset(__start_shared_memory, manner.poison, __stop_shared_memory - __start_shared_memory);
    memset(fragments_, manner.poison, sizeof fragments_);
    unsigned count = block.count(), left = count;
    for (unsigned i = 0; i < count; i++) {
        Thread& next = threads_[i];
        next.state = READY;
        next.number = i;
        next.turn = 0;
        next.index = {i % block.x, i / block.x % block.y, i / block.x / block.y};
    }
    while (left > 0) {
        unsigned at_block = 0, at_warp = 0;
        left = 0;
        for (unsigned i = 0; i < count; i++) {
            Thread& next = threads_[manner.reversed ? count - 1 - i : i];
            if (next.state == READY) resume(next);
            left += next.state != DONE;
            at_block += next.state == AT_BLOCK_BARRIER;
            at_warp += next.state == AT_WARP_BARRIER;
        }
        std::string wrong;
        if (at_warp > 0) {
            // Warps go on by themselves, whatever the rest of the block waits for.
            for (unsigned first = 0; first < count && wrong.empty(); first += 32) {
                unsigned end = first + 32 < count ? first + 32 : count;
                bool waits = false;
                for (unsigned i = first; i < end; i++) waits |= threads_[i].state == AT_WARP_BARRIER;
                if (waits) wrong = release(first, end, AT_WARP_BARRIER);
            }
        } else if (at_block > 0) {
            wrong = release(0, count, AT_BLOCK_BARRIER);
        }
        if (!wrong.empty()) return wrong;
    }
    return "";
}

// Lets threads go on that all wait at one barrier; else says who does not.
std::string Machine::release(unsigned first, unsigned end, State barrier) {
    const Thread* waiting = nullptr;
    for (unsigned i = first; i < end && !waiting; i++)
        if (threads_[i].state == barrier) waiting = &threads_[i];
    for (unsigned i = first; i < end; i++) {
        const Thread& other = threads_[i];
        bool here = other.line == waiting->line && (other.file == waiting->file || !strcmp(other.file, waiting->file));
        if (other.state == barrier && here) continue;
        return "barrier: thread " + std::to_string(waiting->number) + " waits at " + place(*waiting) + ", thread " +
               std::to_string(i) + (other.state == DONE ? " has left the kernel" : " at " + place(other));
    }
    for (unsigned i = first; i < end; i++) threads_[i].state = READY;
    return "";
}

void Machine::resume(Thread& next) {
    thread = &next;
    if (_setjmp(scheduler_) == 0) {
        if (next.begun) _longjmp(next.resume, 1);
        begin();
    }
}

// Starts a thread that goes on to the next kernel when one is done.
void Machine::begin() {
    Thread& next = *thread;
    if (!next.stack) {
        void* stack = mmap(nullptr, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (stack == MAP_FAILED) abort();
        next.stack = static_cast<char*>(stack);
    }
    next.begun = true;
    static ucontext_t start;
    getcontext(&start);
    start.uc_stack.ss_sp = next.stack;
    // Stacks that all begin at the same place of a page crowd the same places of the cache.
    start.uc_stack.ss_size = STACK - next.number * 192 % 4096;
    start.uc_link = nullptr;
    makecontext(&start, &Machine::enter, 0);
    setcontext(&start);
}

void Machine::enter() {
    for (;;) {
        machine.launch_.kernel.run(machine.launch_.parameters);
        machine.wait(DONE, "", 0);
    }
}

void Machine::wait(State state, const char* file, int line) {
    Thread& self = *thread;
    self.state = state;
    self.file = file;
    self.line = line;
    if (_setjmp(self.resume) == 0) _longjmp(scheduler_, 1);
}

}  // namespace stand_in
