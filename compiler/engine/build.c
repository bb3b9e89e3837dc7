/* Compiles C with the system's compiler, $CC or cc, into a shared object, and
 * loads it.
 *
 * All happens in a private folder under $TMPDIR. What the cache keeps may be
 * damaged: it is built again then.
 */
#define _POSIX_C_SOURCE 200809L
#include "emit/emit.h"
#include "engine/build.h"
#include "engine/cache.h"
#include "engine/engine.h"
#include "engine/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BUILD_MESSAGE = 2000 };

static const char *
compiler_name(void)
{
    const char *name = getenv("CC");
    return name != NULL && *name != 0 ? name : "cc";
}

static bool
write_file(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return false;
    bool fine = fwrite(text, 1, size, file) == size;
    return fclose(file) == 0 && fine;
}

/* Runs the compiler, its messages into a file; its exit status, or -1. */
static int
run_compiler(char *const *arguments, const char *messages)
{
    pid_t child = fork();
    if (child < 0)
        return -1;
    if (child == 0) {
        int log = open(messages, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        int null = open("/dev/null", O_RDWR);
        if (log >= 0 && null >= 0) {
            dup2(null, 0);
            dup2(log, 1);
            dup2(log, 2);
            execvp(arguments[0], arguments);
        }
        _exit(127);
    }
    int status;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* $CC may hold options after the command, a level of optimisation among them:
 * words at spaces. */
static char **
compiler_words(Arena *arena, size_t more, size_t *count)
{
    char *text = arena_printf(arena, "%s", compiler_name());
    char **words = ARENA_ARRAY(arena, char *, strlen(text) + more + 2);
    *count = 0;
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
        words[(*count)++] = word;
    if (*count == 0)
        words[(*count)++] = arena_printf(arena, "cc");
    return words;
}

bool
engine_native_available(void)
{
    static int known = -1;
    if (known < 0) {
        Arena arena = {0};
        size_t count;
        char **words = compiler_words(&arena, 1, &count);
        words[count] = arena_printf(&arena, "--version");
        known = run_compiler(words, "/dev/null") == 0;
        arena_free(&arena);
    }
    return known == 1;
}

static char *
first_message(Arena *arena, const char *path)
{
    char text[BUILD_MESSAGE + 1];
    FILE *file = fopen(path, "rb");
    size_t size = file != NULL ? fread(text, 1, BUILD_MESSAGE, file) : 0;
    if (file != NULL)
        fclose(file);
    text[size] = 0;
    text[strcspn(text, "\n")] = 0; /* a diagnostic is one line */
    return arena_printf(arena, "the C compiler `%s` failed%s%s",
                        compiler_name(), text[0] ? ": " : "", text);
}

static bool
write_headers(Arena *arena, const char *folder)
{
    mkdir(arena_printf(arena, "%s/kernels", folder), 0700);
    for (const EmbeddedFile *file = embedded; file->name != NULL; file++) {
        size_t n = strlen(file->name);
        if (strcmp(file->name + n - 2, ".h") != 0)
            continue;
        char *path = arena_printf(arena, "%s/%s", folder, file->name);
        if (!write_file(path, file->text, strlen(file->text)))
            return false;
    }
    return true;
}

static const char *
compile(Arena *arena, const char *folder, const char *text, size_t size,
        char *shared)
{
    static const char *const options[] = {
        "-std=c11", "-ffp-contract=off", "-fno-math-errno", "-w", "-fPIC",
        "-shared"};
    const size_t fixed = sizeof options / sizeof *options;
    char *source = arena_printf(arena, "%s/model.c", folder);
    char *log = arena_printf(arena, "%s/messages", folder);
    if (!write_headers(arena, folder) || !write_file(source, text, size))
        return "the folder for temporary files cannot be written";
    size_t count;
    char **words = compiler_words(arena, fixed + 7, &count);
    if (strstr(compiler_name(), " -O") == NULL)
        words[count++] = arena_printf(arena, "-O2");
    for (size_t i = 0; i < fixed; i++)
        words[count++] = arena_printf(arena, "%s", options[i]);
    words[count++] = arena_printf(arena, "-I%s", folder);
    words[count++] = arena_printf(arena, "-o");
    words[count++] = shared;
    words[count++] = source;
    words[count++] = arena_printf(arena, "-lm"); /* tcc calls sqrt */
    return run_compiler(words, log) == 0 ? NULL : first_message(arena, log);
}

/* The folder in use, "" for none; it is removed at exit too, for then there may
 * be no memory.
 */
static char folder_used[3072];

static void
remove_in_folder(const char *name, int (*away)(const char *))
{
    char path[sizeof folder_used + 256];
    int length = snprintf(path, sizeof path, "%s/%s", folder_used, name);
    if (length > 0 && (size_t)length < sizeof path)
        away(path);
}

static void
remove_folder(void)
{
    static const char *const names[] = {"model.c", "model.so", "messages"};
    if (folder_used[0] == '\0')
        return;
    for (const EmbeddedFile *file = embedded; file->name != NULL; file++)
        remove_in_folder(file->name, unlink);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        remove_in_folder(names[i], unlink);
    remove_in_folder("kernels", rmdir);
    rmdir(folder_used);
    folder_used[0] = '\0';
}

/* Makes the private folder; false where that fails. */
static bool
make_folder(void)
{
    static bool registered;
    if (!registered && atexit(remove_folder) != 0)
        return false;
    registered = true;
    const char *set = getenv("TMPDIR");
    int length = snprintf(folder_used, sizeof folder_used, "%s/fluxc-XXXXXX",
                          set != NULL && *set == '/' ? set : "/tmp");
    if (length > 0 && (size_t)length < sizeof folder_used &&
        mkdtemp(folder_used) != NULL)
        return true;
    folder_used[0] = '\0';
    return false;
}

/* A shared object on its way to be loaded. */
typedef struct {
    char *path;
    bool temporary; /* it is in the folder, which is removed */
} Built;

/* Finds it in the cache, or compiles it and keeps it there. */
static const char *
build(Arena *arena, const char *text, size_t size, bool no_cache, Built *built)
{
    char *cached =
        no_cache ? NULL : cache_path(arena, compiler_name(), text, size, ".so");
    *built = (Built){.path = cached};
    if (cached != NULL && cache_has(cached))
        return NULL;
    if (!make_folder())
        return "there is no folder for temporary files";
    *built = (Built){arena_printf(arena, "%s/model.so", folder_used), true};
    const char *problem = compile(arena, folder_used, text, size, built->path);
    size_t bytes = 0;
    char *made = problem == NULL && cached != NULL
                     ? cache_read(arena, built->path, &bytes)
                     : NULL;
    if (made != NULL)
        cache_write(arena, cached, made, bytes);
    return problem;
}

/* Loads what was built; NULL, or why that fails. */
static const char *
load(Arena *arena, const Built *built, void **library)
{
    void (*function)(void);
    *library = dlopen(built->path, RTLD_NOW | RTLD_LOCAL);
    if (*library != NULL &&
        library_function(*library, "fluxc_run", &function) &&
        library_function(*library, "fluxc_arena", &function))
        return NULL;
    const char *problem = arena_printf(
        arena, "the compiled model cannot be loaded: %s", dlerror());
    library_close(*library);
    *library = NULL;
    return problem;
}

const char *
build_library(Arena *arena, const char *text, size_t size, bool no_cache,
              void **library)
{
    for (bool again = false;; again = true) {
        Built built = {0};
        const char *problem = build(arena, text, size, no_cache, &built);
        bool old = problem == NULL && !built.temporary;
        if (problem == NULL)
            problem = load(arena, &built, library);
        if (built.temporary)
            remove_folder();
        if (problem == NULL || !old || again)
            return problem;
        unlink(built.path);
    }
}
