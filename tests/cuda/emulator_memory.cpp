/* The device's memory: one range of addresses that only kernels and copies can
 * touch. What is given back is not given out again, so that a late access is a
 * fault, as is one behind a piece of memory, where no page is. Before it lies a
 * red zone, and behind it another one, up to that page.
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
    ALIGNMENT = 256,
    PAGE = 4096
};
enum { POISON = 0xff }; /* NaN */

/* Of red zones: a double and every other float are NaN, of a kind that changes
 * even where 0 is added to it.
 */
char
zone_byte(const char *at)
{
    static const unsigned char mark[] = {0xa0, 0x7f, 0xa0, 0x7f,
                                         0xf4, 0x7f, 0xf4, 0x7f};
    return (char)mark[reinterpret_cast<uintptr_t>(at) % sizeof mark];
}

char *range;
size_t used;
int opened;
size_t damaged;

/* A piece of memory, and the pages that it is the end of. */
struct Piece {
    size_t bytes;
    char *page;
    size_t room;
};
std::map<char *, Piece> pieces; /* that are taken */

void
protect(const Piece &piece, int how)
{
    if (mprotect(piece.page, piece.room, how) != 0)
        abort();
}

void
protect_all(int how)
{
    for (const auto &one : pieces)
        protect(one.second, how);
}

size_t
damage(const char *memory, const Piece &piece)
{
    const char *end = piece.page + piece.room;
    size_t count = 0;
    for (const char *zone = memory - ZONE; zone < memory; zone++)
        count += *zone != zone_byte(zone);
    for (const char *zone = memory + piece.bytes; zone < end; zone++)
        count += *zone != zone_byte(zone);
    return count > 0;
}

size_t
rounded(size_t bytes, size_t to)
{
    return (bytes + to - 1) / to * to;
}
} // namespace

namespace emulator
{
Open::Open()
{
    if (opened++ == 0)
        protect_all(PROT_READ | PROT_WRITE);
}

Open::~Open()
{
    if (--opened == 0)
        protect_all(PROT_NONE);
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
    if (bytes > RANGE)
        return nullptr;
    size_t own = rounded(bytes, ALIGNMENT);
    size_t room = rounded(own + ZONE, PAGE);
    if (room > RANGE - used - PAGE)
        return nullptr;
    const Piece piece = {bytes, range + used, room};
    char *memory = piece.page + room - own;
    used += room + PAGE;
    pieces[memory] = piece;
    Open open;
    protect(piece, PROT_READ | PROT_WRITE); /* where it was open before */
    for (char *zone = memory - ZONE; zone < memory + own; zone++)
        *zone = zone_byte(zone);
    memset(memory, POISON, bytes);
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
    madvise(piece->second.page, piece->second.room, MADV_DONTNEED);
    protect(piece->second, PROT_NONE);
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
