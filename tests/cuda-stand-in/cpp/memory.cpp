// Device memory: see memory.h.
#include "memory.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>

#include <sys/mman.h>

namespace stand_in {

static const size_t PAGE = 4096;

struct Allocation {
    char* pages;
    size_t mapped, bytes;
};

static std::map<const char*, Allocation>& allocations() {
    static std::map<const char*, Allocation> all;
    return all;
}
static size_t taken = 0;

size_t memory_size() {
    const char* said = getenv("STAND_IN_MEMORY");
    return said ? strtoull(said, nullptr, 10) : size_t(1) << 30;
}

void* allocate(size_t bytes) {
    if (bytes > memory_size() - taken) return nullptr;
    size_t body = (bytes + PAGE - 1) / PAGE * PAGE, mapped = body + 2 * PAGE;
    void* map = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) return nullptr;
    char* pages = static_cast<char*>(map);
    mprotect(pages, PAGE, PROT_NONE);
    mprotect(pages + PAGE + body, PAGE, PROT_NONE);
    memset(pages + PAGE, 0xff, body);
    // The last byte is followed by none; the first may have a rest of a page before it.
    char* memory = pages + PAGE + body - bytes;
    allocations()[memory] = {pages, mapped, bytes};
    taken += bytes;
    return memory;
}

bool release(void* memory) {
    auto found = allocations().find(static_cast<char*>(memory));
    if (found == allocations().end()) return false;
    taken -= found->second.bytes;
    munmap(found->second.pages, found->second.mapped);
    allocations().erase(found);
    return true;
}

// The allocation that an address lies in, its guards included.
static const std::pair<const char* const, Allocation>* around(const void* address) {
    const char* at = static_cast<const char*>(address);
    for (const auto& entry : allocations())
        if (at >= entry.second.pages && at < entry.second.pages + entry.second.mapped) return &entry;
    return nullptr;
}

bool owns(const void* address, size_t bytes) {
    const auto* entry = around(address);
    const char* at = static_cast<const char*>(address);
    return entry && at >= entry->first && bytes <= size_t(entry->first + entry->second.bytes - at);
}

std::string describe(const void* address) {
    const auto* entry = around(address);
    if (!entry) return "an address where nothing is allocated";
    long long offset = static_cast<const char*>(address) - entry->first;
    return "byte " + std::to_string(offset) + " of an allocation of " + std::to_string(entry->second.bytes);
}

Snapshot::Snapshot(const void* words, size_t bytes) {
    for (size_t at = 0; at + 8 <= bytes; at += 8) {
        const char* pointer;
        memcpy(&pointer, static_cast<const char*>(words) + at, 8);
        auto next = allocations().upper_bound(pointer);
        if (!pointer || next == allocations().begin()) continue;
        const auto& [memory, allocation] = *--next;
        if (pointer >= memory + allocation.bytes) continue;
        char* first = allocation.pages + PAGE;
        size_t before = memory - first;
        bool known = false;
        for (const Copy& copy : copies_) known |= copy.memory == first;
        if (!known) copies_.push_back({first, before, {first, first + before + allocation.bytes}});
    }
}

void Snapshot::restore() const {
    for (const Copy& copy : copies_) memcpy(copy.memory, copy.bytes.data(), copy.bytes.size());
}

bool Snapshot::equals(const Snapshot& other) const {
    bool equal = copies_.size() == other.copies_.size();
    for (size_t i = 0; equal && i < copies_.size(); i++) equal = copies_[i].bytes == other.copies_[i].bytes;
    return equal;
}

bool Snapshot::strayed(const Snapshot& other) const {
    bool strayed = false;
    for (size_t i = 0; i < copies_.size() && i < other.copies_.size(); i++)
        strayed |= memcmp(copies_[i].bytes.data(), other.copies_[i].bytes.data(), copies_[i].before) != 0;
    return strayed;
}

}  // namespace stand_in
