/* Compiles C with the system's compiler, $CC or cc, into a shared object.
 *
 * All happens in a private folder under $TMPDIR. Results are kept by a hash of
 * the text and the compiler's name under $XDG_CACHE_HOME/fluxc or
 * ~/.cache/fluxc; where that cannot be written, they are not.
 */
#define _POSIX_C_SOURCE 200809L
#include "base/hash.h"
#include "emit/emit.h"
#include "engine/native.h"

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

static const char *
folder_of(const char *variable, const char *otherwise)
{
    const char *path = getenv(variable);
    return path != NULL && *path == '/' ? path : otherwise;
}

/* The cached file's name; NULL where there is no place for a cache. */
static char *
cache_path(Arena *arena, const char *text, size_t size)
{
    const char *cache = folder_of("XDG_CACHE_HOME", NULL);
    const char *home = folder_of("HOME", NULL);
    if (cache == NULL && home == NULL)
        return NULL;
    if (cache == NULL)
        cache = arena_printf(arena, "%s/.cache", home);
    uint64_t other = hash_text("fluxc", 5);
    const char *name = compiler_name();
    uint64_t hash = hash_text(name, strlen(name));
    hash = hash_more(hash, text, size);
    other = hash_more(other, text, size);
    for (const EmbeddedFile *file = embedded; file->name != NULL; file++)
        other = hash_more(other, file->text, strlen(file->text));
    mkdir(cache, 0700);
    char *folder = arena_printf(arena, "%s/fluxc", cache);
    mkdir(folder, 0700);
    return arena_printf(arena, "%s/%016llx%016llx.so", folder,
                        (unsigned long long)hash, (unsigned long long)other);
}

/* Whether a cached file is there, and ours alone to write. */
static bool
cache_has(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
           info.st_uid == geteuid() && (info.st_mode & 022) == 0;
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

/* Copies a file under another name, whole or not at all. */
static void
cache_keep(Arena *arena, const char *from, const char *path)
{
    char *half = arena_printf(arena, "%s.%ld", path, (long)getpid());
    FILE *in = fopen(from, "rb");
    FILE *out = in != NULL ? fopen(half, "wb") : NULL;
    char block[4096];
    size_t size;
    bool fine = in != NULL && out != NULL;
    while (fine && (size = fread(block, 1, sizeof block, in)) > 0)
        fine = fwrite(block, 1, size, out) == size;
    fine = fine && ferror(in) == 0;
    if (in != NULL)
        fclose(in);
    if (out != NULL && fclose(out) != 0)
        fine = false;
    if (!fine || rename(half, path) != 0)
        unlink(half);
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

/* $CC may hold options after the command: words at spaces. */
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
        "-std=c11", "-O2",    "-ffp-contract=off", "-fno-math-errno", "-w",
        "-fPIC",    "-shared"};
    const size_t fixed = sizeof options / sizeof *options;
    char *source = arena_printf(arena, "%s/model.c", folder);
    char *log = arena_printf(arena, "%s/messages", folder);
    if (!write_headers(arena, folder) || !write_file(source, text, size))
        return "the folder for temporary files cannot be written";
    size_t count;
    char **words = compiler_words(arena, fixed + 5, &count);
    for (size_t i = 0; i < fixed; i++)
        words[count++] = arena_printf(arena, "%s", options[i]);
    words[count++] = arena_printf(arena, "-I%s", folder);
    words[count++] = arena_printf(arena, "-o");
    words[count++] = shared;
    words[count++] = source;
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
    int length = snprintf(folder_used, sizeof folder_used, "%s/fluxc-XXXXXX",
                          folder_of("TMPDIR", "/tmp"));
    if (length > 0 && (size_t)length < sizeof folder_used &&
        mkdtemp(folder_used) != NULL)
        return true;
    folder_used[0] = '\0';
    return false;
}

const char *
build_shared(Arena *arena, const char *text, size_t size, bool no_cache,
             Built *built)
{
    char *cached = no_cache ? NULL : cache_path(arena, text, size);
    *built = (Built){0};
    if (cached != NULL && cache_has(cached)) {
        built->path = cached;
        return NULL;
    }
    if (!make_folder())
        return "there is no folder for temporary files";
    built->folder = folder_used;
    built->path = arena_printf(arena, "%s/model.so", folder_used);
    const char *problem = compile(arena, folder_used, text, size, built->path);
    if (problem == NULL && cached != NULL)
        cache_keep(arena, built->path, cached);
    return problem;
}

void
build_discard(const Built *built)
{
    if (built->folder != NULL)
        remove_folder();
}
