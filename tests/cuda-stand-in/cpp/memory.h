// Device memory that notices who leaves it: each allocation ends where no memory is.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace stand_in {

// How much there is. STAND_IN_MEMORY, in bytes, else a gibibyte.
size_t memory_size();

// Memory of a number of bytes, filled with what is no number; null if there is no more.
void* allocate(size_t bytes);

// False where there is no such allocation.
bool release(void* memory);

// Whether an address range lies within one allocation.
bool owns(const void* address, size_t bytes);

// Says of a bad address what is known of it.
std::string describe(const void* address);

// The contents of every allocation that some words point into.
class Snapshot {
  public:
    Snapshot(const void* words, size_t bytes);
    void restore() const;
    bool equals(const Snapshot& other) const;
    // Whether what lies before an allocation differs: nobody may write there.
    bool strayed(const Snapshot& other) const;

  private:
    struct Copy {
        char* memory;  // of the first page
        size_t before;  // bytes that are not the allocation's
        std::vector<char> bytes;
    };
    std::vector<Copy> copies_;
};

}  // namespace stand_in
