/* Kernels: block after block, each thread of one a fibre with a stack of its
 * own. A fibre runs until it ends or waits at a barrier; when all have, those
 * that wait go on. A barrier that not all threads of a block reach is a fault
 * of the kernel, and ends the test.
 */
#include "tests/cuda/emulator_fibre.h"

#include "tests/cuda/emulator.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace emulator
{
Index thread;
Index block;
} // namespace emulator

namespace
{
enum : size_t { STACK = 64 * 1024, SHARED = 64 * 1024, ZONE = 256 };
enum State { READY, WAITS, SHUFFLES, DONE };

#if defined(__x86_64__)
/* What a call keeps goes onto the stack, and the stack is exchanged: 40 times
 * as fast as swapcontext, which asks the system for the signal mask.
 */
typedef void *Context;
extern "C" void emulator_switch(Context *from, Context to);
asm(R"(
.text
.globl emulator_switch
.type emulator_switch, @function
emulator_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size emulator_switch, . - emulator_switch
)");

void
switch_to(Context *from, Context *to)
{
    emulator_switch(from, *to);
}

void
prepare(Context *context, char *stack, void (*entry)())
{
    void **top = reinterpret_cast<void **>(stack + STACK);
    *--top = nullptr; /* so that the entry's stack is aligned as by a call */
    *--top = reinterpret_cast<void *>(entry);
    for (int i = 0; i < 6; i++)
        *--top = nullptr;
    *context = top;
}
#else
typedef ucontext_t Context;

void
switch_to(Context *from, Context *to)
{
    swapcontext(from, to);
}

void
prepare(Context *context, char *stack, void (*entry)())
{
    getcontext(context);
    context->uc_stack.ss_sp = stack;
    context->uc_stack.ss_size = STACK;
    context->uc_link = nullptr;
    makecontext(context, entry, 0);
}
#endif

struct Fibre {
    Context context;
    State state;
    size_t shared; /* bytes of the block's memory that it has asked for */
    unsigned mask; /* of the threads of its warp that it shuffles with */
    unsigned turn; /* of two places for what it gives: 0, 1 */
    char given[2][emulator::GIVEN];
};

Fibre fibres[emulator::THREADS];
Fibre *now;
Context outside;
char *stacks;
alignas(64) char memory[SHARED];
const emulator::Kernel *body;

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

/* One round: every fibre that can runs. */
void
run_round(unsigned order)
{
    for (unsigned k = 0; k < emulator::THREADS; k++) {
        unsigned t = place(order, k, emulator::THREADS);
        now = &fibres[t];
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
    for (const Fibre &fibre : fibres)
        count += fibre.state == state;
    return count;
}

/* Whether all threads of a shuffle have come to it. */
bool
is_complete(unsigned t)
{
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
            fibres[t].state = READY;
        any = any || complete[t];
    }
    return any;
}

/* Behind what a block has asked for lies a red zone. */
void
check_shared()
{
    const char *zone = memory + fibres[0].shared;
    for (size_t i = 0; i < ZONE; i++)
        if ((unsigned char)zone[i] != 0xff)
            fault("a write beyond shared memory");
}

void
run_block(unsigned order)
{
    memset(memory, 0xff, sizeof memory);
    for (unsigned t = 0; t < emulator::THREADS; t++) {
        fibres[t].state = READY;
        fibres[t].shared = 0;
        fibres[t].turn = 0;
        prepare(&fibres[t].context, stacks + t * STACK, entry);
    }
    for (;;) {
        run_round(order);
        if (run_shuffles())
            continue;
        if (count_of(SHUFFLES) > 0)
            fault("not all threads of a mask reach a shuffle");
        if (count_of(DONE) == emulator::THREADS) {
            check_shared();
            return;
        }
        if (count_of(WAITS) != emulator::THREADS)
            fault("not all threads of a block reach a barrier");
        for (Fibre &fibre : fibres)
            fibre.state = READY;
    }
}
} // namespace

namespace emulator
{
void
run_kernel(unsigned blocks, unsigned order, const Kernel &kernel)
{
    if (stacks == nullptr) {
        void *all = mmap(nullptr, THREADS * STACK, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (all == MAP_FAILED)
            fault("no memory for stacks");
        stacks = static_cast<char *>(all);
    }
    body = &kernel;
    for (unsigned k = 0; k < blocks; k++) {
        block.x = place(order, k, blocks);
        run_block(order);
    }
}

void *
shared(size_t bytes)
{
    void *piece = memory + now->shared;
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
    return fibres[from].given[turn];
}

void
exchange(void *value, size_t bytes, unsigned from, unsigned mask)
{
    unsigned turn = meet(value, bytes, mask);
    memcpy(value, given(from, turn), bytes);
}
} // namespace emulator
