// The calls of the CUDA driver that elbo-cuda makes, over the machine. Stricter than the driver where the driver
// forgives by chance.
//
// STAND_IN_DRIVER, STAND_IN_DEVICES and STAND_IN_CAPABILITY change what it says of itself: 13000, 1, 90. With
// STAND_IN_NO_CODE code for a device is refused and PTX is not. With
// STAND_IN_BREAKS_AT=n the n-th launch of a graph goes astray, and as on a device it is the calls after it that say so.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <csignal>

#include "machine.h"
#include "memory.h"

using namespace stand_in;

typedef int Result;
typedef uint64_t Pointer;

enum {
    OK = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    NO_DEVICE = 100,
    INVALID_DEVICE = 101,
    INVALID_IMAGE = 200,
    INVALID_CONTEXT = 201,
    NO_BINARY = 209,
    NOT_FOUND = 500,
    ILLEGAL_ADDRESS = 700,
    LAUNCH_FAILED = 719
};

namespace {

// An image as it was given: PTX, or code for a device, which is an ELF file.
struct Module {
    std::string image;
    bool is_code;
};

// How long an ELF file is: to the end of its tables, which come last.
size_t length_of_code(const char* image) {
    auto number = [&](size_t at, size_t bytes) {
        uint64_t value = 0;
        return memcpy(&value, image + at, bytes), value;
    };
    uint64_t segments = number(32, 8) + number(54, 2) * number(56, 2), sections = number(40, 8) + number(58, 2) * number(60, 2);
    return segments > sections ? segments : sections;
}

struct Function {
    Kernel kernel;
};

// A launch. Its parameters are copied when it is given, as the driver does.
struct Work {
    Kernel kernel{};
    dim3 grid{}, block{};
    std::vector<char> parameters;
    // How often it has been done. What a graph has several times over counts together.
    std::shared_ptr<unsigned> times = std::make_shared<unsigned>(0);

    Work(const Kernel& kernel, dim3 grid, dim3 block, void** given) : kernel(kernel), grid(grid), block(block) {
        const char* first = static_cast<const char*>(given[0]);
        parameters.assign(first, first + kernel.bytes);
    }
    bool fits() const {
        return grid.x - 1 < 0x7fffffff && grid.y - 1 < 65535 && grid.z - 1 < 65535 && block.count() - 1 < 1024;
    }
};

// A launch in a graph, and the nodes that it waits for.
struct Node {
    Work work;
    std::vector<Node*> after;
};

struct Graph {
    std::vector<std::unique_ptr<Node>> nodes;
};

// As CUDA_KERNEL_NODE_PARAMS.
struct NodeParameters {
    void* function;
    dim3 grid, block;
    unsigned shared_bytes;
    void** parameters;
    void **extra, *kernel, *context;
};

// A graph's launches, in the order in which they are done.
struct Executable {
    std::vector<Work> work;
};

struct Stream {};

std::recursive_mutex one_at_a_time;
thread_local void* current_context = nullptr;
int the_context;
std::string fault;
// What every call answers once a kernel has gone astray by STAND_IN_BREAKS_AT.
Result broken = OK;
// Of this thread: how many graphs it has launched.
thread_local unsigned graph_launches = 0;
// How often the same work is done in two orders. What a graph repeats is looked at when it is new.
const unsigned THOROUGH_TIMES = getenv("STAND_IN_FAST") ? 0 : 2;

unsigned setting(const char* name, unsigned usual) {
    const char* said = getenv(name);
    return said ? strtoul(said, nullptr, 10) : usual;
}

struct sigaction previous;
void on_bad_address(int signal, siginfo_t* info, void* context) {
    if (machine.running) machine.abandon("address: a kernel reaches for " + describe(info->si_addr));
    sigaction(SIGSEGV, &previous, nullptr);
    (void)signal, (void)context;
}

// Parameters are aligned as in the kernel's source, and one launch is worth two.
Result run(Work& work) {
    std::vector<std::max_align_t> aligned(work.parameters.size() / sizeof(std::max_align_t) + 1);
    memcpy(aligned.data(), work.parameters.data(), work.parameters.size());
    Launch launch{work.kernel, work.grid, work.block, aligned.data()};
    auto contents = [&] { return Snapshot(work.parameters.data(), work.parameters.size()); };
    auto failed = [&](std::string why, Result code) {
        fault = std::move(why);
        return code;
    };
    auto code = [](const std::string& why) { return why.rfind("address", 0) == 0 ? ILLEGAL_ADDRESS : LAUNCH_FAILED; };
    Snapshot before = contents();
    std::string why = machine.run(launch, {false, 0xff});
    if (!why.empty()) return failed(why, code(why));
    Snapshot after = contents();
    if (before.strayed(after)) return failed("address: a kernel writes before an allocation", ILLEGAL_ADDRESS);
    if ((*work.times)++ >= THOROUGH_TIMES) return OK;
    before.restore();
    why = machine.run(launch, {true, 0x3c});
    if (!why.empty()) return failed(why, code(why));
    if (!after.equals(contents()))
        return failed("order: a result depends on the order of threads, or on shared memory that nobody wrote", LAUNCH_FAILED);
    return OK;
}

// An order that keeps to what nodes wait for and to nothing else: of those that need not wait, the newest first.
std::vector<Work> an_order(const Graph& graph) {
    std::vector<Work> order;
    std::set<const Node*> done;
    std::map<std::pair<void (*)(const void*), std::vector<char>>, std::shared_ptr<unsigned>> alike;
    while (done.size() < graph.nodes.size()) {
        for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
            bool ready = !done.count(node->get());
            for (const Node* earlier : (*node)->after) ready &= done.count(earlier) > 0;
            if (!ready) continue;
            done.insert(node->get());
            Work work = (*node)->work;
            work.times = alike.emplace(std::make_pair(work.kernel.run, work.parameters), work.times).first->second;
            order.push_back(std::move(work));
            break;
        }
    }
    return order;
}

std::string name_of(Result code) {
    switch (code) {
        case OK: return "CUDA_SUCCESS";
        case INVALID_VALUE: return "CUDA_ERROR_INVALID_VALUE";
        case OUT_OF_MEMORY: return "CUDA_ERROR_OUT_OF_MEMORY";
        case NO_DEVICE: return "CUDA_ERROR_NO_DEVICE";
        case INVALID_IMAGE: return "CUDA_ERROR_INVALID_IMAGE";
        case NOT_FOUND: return "CUDA_ERROR_NOT_FOUND";
        case ILLEGAL_ADDRESS: return "CUDA_ERROR_ILLEGAL_ADDRESS";
        case LAUNCH_FAILED: return "CUDA_ERROR_LAUNCH_FAILED";
        default: return "CUDA_ERROR_" + std::to_string(code);
    }
}

}  // namespace

#define ALONE std::lock_guard<std::recursive_mutex> alone(one_at_a_time)
#define IN_CONTEXT                                \
    ALONE;                                        \
    if (!current_context) return INVALID_CONTEXT; \
    if (broken) return broken

extern "C" {

Result cuInit(unsigned) {
    ALONE;
    if (setting("STAND_IN_DEVICES", 1) == 0) return NO_DEVICE;
    static bool listening = false;
    if (!listening) {
        struct sigaction action {};
        action.sa_sigaction = on_bad_address;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        sigaction(SIGSEGV, &action, &previous);
        listening = true;
    }
    return OK;
}
Result cuDriverGetVersion(int* version) { return *version = setting("STAND_IN_DRIVER", 13000), OK; }
Result cuDeviceGetCount(int* count) { return *count = setting("STAND_IN_DEVICES", 1), OK; }
Result cuDeviceGet(int* device, int ordinal) {
    if (ordinal < 0 || unsigned(ordinal) >= setting("STAND_IN_DEVICES", 1)) return INVALID_DEVICE;
    return *device = ordinal, OK;
}
Result cuDeviceGetName(char* name, int len, int) { return snprintf(name, len, "Stand-in"), OK; }
Result cuDeviceTotalMem_v2(size_t* bytes, int) { return *bytes = memory_size(), OK; }
Result cuDeviceGetAttribute(int* value, int attribute, int) {
    unsigned capability = setting("STAND_IN_CAPABILITY", 90);
    switch (attribute) {
        case 75: *value = capability / 10; break;
        case 76: *value = capability % 10; break;
        case 115: *value = 1; break;  // memory pools
        default: *value = 0;
    }
    return OK;
}
Result cuDevicePrimaryCtxRetain(void** context, int) { return *context = &the_context, OK; }
Result cuDevicePrimaryCtxRelease_v2(int) { return OK; }
Result cuCtxGetCurrent(void** context) { return *context = current_context, OK; }
Result cuCtxSetCurrent(void* context) { return current_context = context, OK; }
Result cuCtxSynchronize() { return OK; }

Result cuGetErrorName(Result code, const char** text) {
    static thread_local std::string name;
    return name = name_of(code), *text = name.c_str(), OK;
}
// Of a kernel's fault: which one.
Result cuGetErrorString(Result code, const char** text) {
    static thread_local std::string words;
    ALONE;
    words = code == ILLEGAL_ADDRESS || code == LAUNCH_FAILED ? fault : name_of(code);
    return *text = words.c_str(), OK;
}

Result cuStreamCreate(void** stream, unsigned) { return *stream = new Stream, OK; }
Result cuStreamDestroy_v2(void* stream) { return delete static_cast<Stream*>(stream), OK; }
Result cuStreamSynchronize(void*) {
    IN_CONTEXT;
    return OK;
}

Result cuGraphCreate(void** graph, unsigned) {
    IN_CONTEXT;
    return *graph = new Graph, OK;
}
Result cuGraphAddKernelNode_v2(void** handle, void* to, void* const* after, size_t count, const NodeParameters* p) {
    IN_CONTEXT;
    auto* graph = static_cast<Graph*>(to);
    Work work(static_cast<Function*>(p->function)->kernel, p->grid, p->block, p->parameters);
    if (!work.fits()) return INVALID_VALUE;
    auto node = std::make_unique<Node>(Node{std::move(work), {}});
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (const auto& earlier : graph->nodes) known |= earlier.get() == after[i];
        if (!known) return INVALID_VALUE;
        node->after.push_back(static_cast<Node*>(after[i]));
    }
    *handle = node.get();
    return graph->nodes.push_back(std::move(node)), OK;
}
Result cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long) {
    IN_CONTEXT;
    return *executable = new Executable{an_order(*static_cast<Graph*>(graph))}, OK;
}
Result cuGraphUpload(void*, void*) { return OK; }
Result cuGraphLaunch(void* executable, void*) {
    IN_CONTEXT;
    graph_launches++;
    static const unsigned breaks_at = setting("STAND_IN_BREAKS_AT", 0);
    static unsigned launches = 0;
    if (++launches == breaks_at) {
        fault = "address: a kernel went astray, as it was told to";
        broken = ILLEGAL_ADDRESS;
        return OK;
    }
    for (Work& work : static_cast<Executable*>(executable)->work)
        if (Result wrong = run(work)) return wrong;
    return OK;
}
Result cuGraphExecDestroy(void* executable) { return delete static_cast<Executable*>(executable), OK; }
Result cuGraphDestroy(void* graph) { return delete static_cast<Graph*>(graph), OK; }

Result cuMemAllocAsync(Pointer* memory, size_t bytes, void*) {
    IN_CONTEXT;
    if (bytes == 0) return INVALID_VALUE;
    void* found = allocate(bytes);
    return *memory = reinterpret_cast<Pointer>(found), found ? OK : OUT_OF_MEMORY;
}
Result cuMemFreeAsync(Pointer memory, void*) {
    IN_CONTEXT;
    return release(reinterpret_cast<void*>(memory)) ? OK : INVALID_VALUE;
}
Result cuMemsetD8Async(Pointer memory, unsigned char byte, size_t bytes, void*) {
    IN_CONTEXT;
    if (!owns(reinterpret_cast<void*>(memory), bytes)) return INVALID_VALUE;
    return memset(reinterpret_cast<void*>(memory), byte, bytes), OK;
}
Result cuMemcpyHtoDAsync_v2(Pointer to, const void* from, size_t bytes, void*) {
    IN_CONTEXT;
    if (!owns(reinterpret_cast<void*>(to), bytes)) return INVALID_VALUE;
    return memcpy(reinterpret_cast<void*>(to), from, bytes), OK;
}
Result cuMemcpyDtoHAsync_v2(void* to, Pointer from, size_t bytes, void*) {
    IN_CONTEXT;
    if (!owns(reinterpret_cast<void*>(from), bytes)) return INVALID_VALUE;
    return memcpy(to, reinterpret_cast<void*>(from), bytes), OK;
}

// PTX is for every device, code for one kind of them.
Result cuModuleLoadData(void** module, const void* image) {
    IN_CONTEXT;
    const char* text = static_cast<const char*>(image);
    bool is_code = !memcmp(text, "\177ELF", 4);
    if (is_code && (setting("STAND_IN_CAPABILITY", 90) / 10 != 9 || getenv("STAND_IN_NO_CODE"))) return NO_BINARY;
    if (!is_code && !strstr(text, ".entry ")) return INVALID_IMAGE;
    return *module = new Module{is_code ? std::string(text, length_of_code(text)) : text, is_code}, OK;
}
Result cuModuleUnload(void* module) { return delete static_cast<Module*>(module), OK; }

// For tests: how many graphs this thread has launched.
unsigned stand_in_graph_launches() { return graph_launches; }

// A kernel must be in the module, PTX with parameters as large as those of the source that stands in for it.
Result cuModuleGetFunction(void** function, void* module, const char* name) {
    IN_CONTEXT;
    const Kernel* kernel = find(name);
    if (!kernel) return NOT_FOUND;
    const auto& [image, is_code] = *static_cast<Module*>(module);
    std::string announced = is_code ? ".text." + std::string(name) + '\0'
                                    : " " + std::string(name) + "_param_0[" + std::to_string(kernel->bytes) + "]";
    if (image.find(announced) == std::string::npos) return NOT_FOUND;
    return *function = new Function{*kernel}, OK;
}
Result cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned,
                      void*, void** parameters, void**) {
    IN_CONTEXT;
    Work work(static_cast<Function*>(function)->kernel, {gx, gy, gz}, {bx, by, bz}, parameters);
    return work.fits() ? run(work) : INVALID_VALUE;
}

}  // extern "C"
