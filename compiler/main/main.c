/* fluxc: reads the command line and calls the command. */
#define _POSIX_C_SOURCE 200809L
#include "main/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static int (*const commands[COMMANDS])(const Options *) = {
#define COMMAND(text, name, arguments, help) command_##name,
#include "main/commands.def"
#undef COMMAND
};

/* Descriptors 0 to 2 are open, so that no file that is written later gets the
 * number of a standard stream; what stands in for a closed one fails.
 */
static void
hold_standard_streams(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
            open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            exit(EXIT_source);
}

/* A file that grows past its limit is an error of the write, which is reported
 * and leaves no half of a file, not the end of the process.
 */
static void
survive_file_limit(void)
{
#ifdef SIGXFSZ
    signal(SIGXFSZ, SIG_IGN);
#endif
}

/* A deep recursion of a script is one of ours: room for --max-depth calls, with
 * the frames of any build. The system grows the first thread's stack as far as
 * the limit is now.
 */
static void
widen_stack(void)
{
    const rlim_t wanted = (rlim_t)64 << 20;
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    setrlimit(RLIMIT_STACK, &limit);
}

static int
run(const Options *o)
{
    if (o->given[OPTION_help]) {
        usage_help(o->command, stdout);
    } else if (o->given[OPTION_version]) {
        printf("fluxc %s\n", FLUXC_VERSION);
    } else if (o->given[OPTION_man]) {
        usage_man(stdout);
    } else if (o->given[OPTION_completions]) {
        usage_completions(o->shell, stdout);
    } else {
        return commands[o->command](o);
    }
    return EXIT_fine;
}

int
main(int argc, char **argv)
{
    hold_standard_streams();
    survive_file_limit();
    widen_stack();
    Arena arena = {0};
    Options options;
    int code = EXIT_usage;
    if (options_read(&options, &arena, argc, argv))
        code = run(&options);
    arena_free(&arena);
    bool lost = ferror(stdout) != 0;
    if ((fflush(stdout) != 0 || lost) && code == EXIT_fine) {
        perror("fluxc: stdout");
        code = EXIT_source;
    }
    return code;
}
