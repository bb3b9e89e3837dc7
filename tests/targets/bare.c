/* What a program for a processor without an operating system needs to run under
 * an emulator of Linux: its start, and newlib's way to the outside. Such a
 * program's code is what firmware has.
 */
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

int main(void);
void _start(void);
void _exit(int status);
ssize_t _write(int file, const void *from, size_t bytes);
void *_sbrk(ptrdiff_t more);

static long
call(long number, long a, long b, long c)
{
    register long r7 __asm__("r7") = number;
    register long r0 __asm__("r0") = a;
    register long r1 __asm__("r1") = b;
    register long r2 __asm__("r2") = c;
    __asm__ volatile("svc 0" : "+r"(r0) : "r"(r7), "r"(r1), "r"(r2) : "memory");
    return r0;
}

void
_exit(int status)
{
    for (;;)
        call(1, status, 0, 0);
}

ssize_t
_write(int file, const void *from, size_t bytes)
{
    return call(4, file, (long)from, (long)bytes);
}

/* What printf keeps. */
void *
_sbrk(ptrdiff_t more)
{
    static _Alignas(8) char heap[1 << 16];
    static size_t used;
    void *place = heap + used;
    if (more > (ptrdiff_t)(sizeof heap - used))
        return (void *)-1;
    used += (size_t)more;
    return place;
}

void
_start(void)
{
    const int status = main();
    fflush(stdout);
    _exit(status);
}
