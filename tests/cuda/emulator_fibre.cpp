/* Kernels: block after block, each thread of one a fibre with a stack of its
 * own. A fibre runs until it ends or waits at a barrier; when all have, those
 * that wait go on. A barrier that not all threads of a block reach is a fault
 * of the kernel, and ends the test.
 *
 * The blocks of a cooperative grid are there at once. Each runs until it has
 * ended, or none of its threads can go on but those that wait for other blocks;
 * then the next one does. That no block can go on ends the test, too.
 */
#include "tests/cuda/emulator_fibre.h"

#include "tests/cuda/emulator.h"
#include "tests/cuda/emulator_switch.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sys/mman.h>
#include <vector>

namespace emulator
{
Index thread;
Index block;
Index grid;
} // namespace emulator

namespace
{
enum : size_t { SHARED = 64 * 1024, ZONE = 256 };
enum State { READY, WAITS, SHUFFLES, RELAXES, DONE };

struct Fibre {
    Context context;
    State state;
    size_t shared; /* bytes of the block's memory that it has asked for */
    unsigned mask; /* of the threads of its warp that it shuffles with */
    unsigned turn; /* of two places for what it gives: 0, 1 */
    char given[2][emulator::GIVEN];
};

struct Team {
    Fibre fibre[emulator::THREADS];
    unsigned number; /* of the block */
    bool ended;
    char *stacks;
    alignas(64) char memory[SHARED];
};

std::vector<std::unique_ptr<Team>> teams; /* kept for further kernels */
Team *team;                               /* whose fibre runs */
Fibre *now;
Context outside;
const emulator::Kernel *body;
bool moved; /* since it was cleared, some block has gone on */

[[noreturn]] void
fault(const char *what)
{
    fprintf(stderr, "emulator: %s\n", what);
    exit(3);
}

void
entry()
{
    body->run();
    now->state = DONE;
    switch_to(&now->context, &outside);
    abort();
}

unsigned
common_factor(unsigned a, unsigned b)
{
    return b == 0 ? a : common_factor(b, a % b);
}

/* Place k of an order of n; shuffled ones go by steps without a factor of n. */
unsigned
place(unsigned order, unsigned k, unsigned n)
{
    if (order == 0)
        return k;
    if (order == 1)
        return n - 1 - k;
    unsigned step = n / 2 + order;
    while (common_factor(step, n) != 1)
        step++;
    return (unsigned)(((unsigned long long)k * step + order) % n);
}

/* One round: every fibre of the team that can runs. */
void
run_round(unsigned order)
{
    for (unsigned k = 0; k < emulator::THREADS; k++) {
        unsigned t = place(order, k, emulator::THREADS);
        now = &team->fibre[t];
        if (now->state != READY)
            continue;
        emulator::thread.x = t;
        switch_to(&outside, &now->context);
    }
}

unsigned
count_of(State state)
{
    unsigned count = 0;
    for (const Fibre &fibre : team->fibre)
        count += fibre.state == state;
    return count;
}

/* Lets those in one state go on. */
void
wake(State state)
{
    for (Fibre &fibre : team->fibre)
        if (fibre.state == state)
            fibre.state = READY;
}

/* Whether all threads of a shuffle have come to it. */
bool
is_complete(unsigned t)
{
    const Fibre *fibres = team->fibre;
    const Fibre *warp = &fibres[t / 32 * 32];
    if (fibres[t].state != SHUFFLES)
        return false;
    if ((fibres[t].mask >> t % 32 & 1) == 0)
        fault("a thread shuffles without being in the mask");
    for (unsigned l = 0; l < 32; l++)
        if ((fibres[t].mask >> l & 1) != 0 &&
            (warp[l].state != SHUFFLES || warp[l].mask != fibres[t].mask))
            return false;
    return true;
}

/* Lets complete shuffles go on; whether there were any. */
bool
run_shuffles()
{
    bool complete[emulator::THREADS];
    bool any = false;
    if (count_of(SHUFFLES) == 0)
        return false;
    for (unsigned t = 0; t < emulator::THREADS; t++)
        complete[t] = is_complete(t);
    for (unsigned t = 0; t < emulator::THREADS; t++) {
        if (complete[t])
            team->fibre[t].state = READY;
        any = any || complete[t];
    }
    return any;
}

/* Behind what a block has asked for lies a red zone. */
void
check_shared()
{
    const char *zone = team->memory + team->fibre[0].shared;
    for (size_t i = 0; i < ZONE; i++)
        if ((unsigned char)zone[i] != 0xff)
            fault("a write beyond shared memory");
}

void
begin_block(unsigned number)
{
    memset(team->memory, 0xff, sizeof team->memory);
    team->number = number;
    team->ended = false;
    for (unsigned t = 0; t < emulator::THREADS; t++) {
        team->fibre[t].state = READY;
        team->fibre[t].shared = 0;
        team->fibre[t].turn = 0;
        prepare(&team->fibre[t].context, team->stacks + t * STACK, entry);
    }
}

/* Runs a block until it has ended, or waits for others. */
void
run_block(unsigned order)
{
    emulator::block.x = team->number;
    wake(RELAXES);
    for (;;) {
        run_round(order);
        if (run_shuffles()) {
            moved = true;
            continue;
        }
        if (count_of(SHUFFLES) > 0)
            fault("not all threads of a mask reach a shuffle");
        if (count_of(RELAXES) > 0)
            return;
        moved = true;
        team->ended = count_of(DONE) == emulator::THREADS;
        if (team->ended) {
            check_shared();
            return;
        }
        if (count_of(WAITS) != emulator::THREADS)
            fault("not all threads of a block reach a barrier");
        wake(WAITS);
    }
}

/* Makes room for so many blocks at once. */
void
make_teams(unsigned count)
{
    while (teams.size() < count) {
        std::unique_ptr<Team> made(new Team());
        void *all =
            mmap(nullptr, emulator::THREADS * STACK, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (all == MAP_FAILED)
            fault("no memory for stacks");
        made->stacks = static_cast<char *>(all);
        teams.push_back(std::move(made));
    }
}
} // namespace

namespace emulator
{
void
run_kernel(unsigned blocks, unsigned order, const Kernel &kernel)
{
    make_teams(1);
    body = &kernel;
    team = teams[0].get();
    grid.x = blocks;
    for (unsigned k = 0; k < blocks; k++) {
        begin_block(place(order, k, blocks));
        run_block(order);
        if (!team->ended)
            fault("a block waits for others, but the grid is no cooperative "
                  "one");
    }
}

void
run_grid(unsigned blocks, unsigned order, const Kernel &kernel)
{
    unsigned ended = 0;
    make_teams(blocks);
    body = &kernel;
    grid.x = blocks;
    for (unsigned k = 0; k < blocks; k++) {
        team = teams[k].get();
        begin_block(k);
    }
    while (ended < blocks) {
        moved = false;
        for (unsigned k = 0; k < blocks; k++) {
            team = teams[place(order, k, blocks)].get();
            if (team->ended)
                continue;
            run_block(order);
            ended += team->ended;
        }
        if (!moved)
            fault("all blocks wait for others");
    }
}

void
relax()
{
    now->state = RELAXES;
    switch_to(&now->context, &outside);
}

unsigned
add(unsigned *word, unsigned value)
{
    unsigned before = *word;
    moved = true;
    *word += value;
    relax(); /* so that blocks leave a meeting in the order that is asked for */
    return before;
}

void *
shared(size_t bytes)
{
    void *piece = team->memory + now->shared;
    now->shared += (bytes + 63) / 64 * 64;
    if (now->shared > SHARED - ZONE)
        fault("too much shared memory");
    return piece;
}

void
barrier()
{
    now->state = WAITS;
    switch_to(&now->context, &outside);
}

/* What a thread gives stays until its next meeting but one, when all others of
 * the mask have taken it.
 */
unsigned
meet(const void *value, size_t bytes, unsigned mask)
{
    unsigned turn = now->turn;
    memcpy(now->given[turn], value, bytes);
    now->turn = 1 - turn;
    now->mask = mask;
    now->state = SHUFFLES;
    switch_to(&now->context, &outside);
    return turn;
}

const void *
given(unsigned from, unsigned turn)
{
    return team->fibre[from].given[turn];
}

void
exchange(void *value, size_t bytes, unsigned from, unsigned mask)
{
    unsigned turn = meet(value, bytes, mask);
    memcpy(value, given(from, turn), bytes);
}
} // namespace emulator
