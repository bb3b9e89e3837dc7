/* The device's memory: one range of addresses that only kernels and copies can
 * touch. What is given back is not given out again, so that a late write is a
 * fault; between two pieces of memory lies a red zone.
 */
#include "tests/cuda/emulator_memory.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <sys/mman.h>

namespace
{
enum : size_t {
    RANGE = (size_t)1 << 36, /* addresses; memory comes with the first write */
    ZONE = 256,
    ALIGNMENT = 256
};
enum { ZONE_BYTE = 0x7f, POISON = 0xff }; /* great numbers; NaN */

char *range;
size_t used;
int opened;
size_t damaged;
std::map<char *, size_t> pieces; /* bytes of what is taken */

void
protect(int how)
{
    if (used > 0 && mprotect(range, (used + 4095) / 4096 * 4096, how) != 0)
        abort();
}

size_t
damage(const char *memory, size_t bytes)
{
    size_t tail = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT - bytes;
    size_t count = 0;
    for (size_t i = 0; i < ZONE; i++)
        count += (unsigned char)memory[i - ZONE] != ZONE_BYTE;
    for (size_t i = 0; i < tail + ZONE; i++)
        count += (unsigned char)memory[bytes + i] != ZONE_BYTE;
    return count > 0;
}
} // namespace

namespace emulator
{
Open::Open()
{
    if (opened++ == 0)
        protect(PROT_READ | PROT_WRITE);
}

Open::~Open()
{
    if (--opened == 0)
        protect(PROT_NONE);
}

void *
memory_take(size_t bytes)
{
    if (range == nullptr) {
        void *memory = mmap(nullptr, RANGE, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED)
            return nullptr;
        range = static_cast<char *>(memory);
    }
    size_t room = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (room > RANGE - used - 2 * ZONE)
        return nullptr;
    char *memory = range + used + ZONE;
    used += room + 2 * ZONE;
    Open open;
    memset(memory - ZONE, ZONE_BYTE, room + 2 * ZONE);
    memset(memory, POISON, bytes);
    pieces[memory] = bytes;
    return memory;
}

bool
memory_give(void *memory)
{
    auto piece = pieces.find(static_cast<char *>(memory));
    if (piece == pieces.end())
        return false;
    Open open;
    damaged += damage(piece->first, piece->second);
    memset(piece->first, POISON, piece->second);
    pieces.erase(piece);
    return true;
}

size_t
memory_live()
{
    return pieces.size();
}

size_t
memory_damaged()
{
    Open open;
    for (const auto &piece : pieces)
        damaged += damage(piece.first, piece.second);
    size_t count = damaged;
    damaged = 0;
    return count;
}
} // namespace emulator
