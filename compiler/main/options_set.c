/* What an option sets: see options.def. */
#define _POSIX_C_SOURCE 200809L
#include "main/options_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The place of value in a list such as "auto|interpret|native"; -1: not in it.
 */
static int
choice(const char *list, const char *value)
{
    size_t length = strlen(value);
    for (int i = 0; *list != '\0'; i++) {
        size_t n = strcspn(list, "|");
        if (n == length && strncmp(list, value, n) == 0)
            return i;
        list += n + (list[n] == '|');
    }
    return -1;
}

static bool
unknown_pass(const char *value)
{
    Near near = near_to(value);
    for (int i = 0; i < PASS_COUNT; i++)
        near_try(&near, pass_info[i].name, pass_info[i].name);
    usage_unknown("there is no pass", value, &near);
    return false;
}

static bool
set_pass(Options *o, bool *table, const char *value, bool all)
{
    int pass = pass_find(value);
    if (all && strcmp(value, "all") == 0) {
        for (int i = 0; i < PASS_COUNT; i++)
            table[i] = true;
        return true;
    }
    if (pass < 0)
        return unknown_pass(value);
    if (table == o->pass.off && pass_info[pass].kind == PASS_meaning)
        return usage("this pass gives the program its meaning:", value);
    table[pass] = true;
    return true;
}

static bool
set_no_pass(Options *o, Arena *arena, const char *value)
{
    (void)arena;
    return set_pass(o, o->pass.off, value, false);
}

static bool
set_dump(Options *o, Arena *arena, const char *value)
{
    (void)arena;
    return set_pass(o, o->pass.dump, value, true);
}

static bool
add_pass(Options *o, Arena *arena, const char *value)
{
    if (pass_find(value) < 0)
        return unknown_pass(value);
    const char **all = ARENA_ARRAY(arena, const char *, o->run_passes + 1);
    for (int i = 0; i < o->run_passes; i++)
        all[i] = o->run_pass[i];
    all[o->run_passes++] = value;
    o->run_pass = all;
    return true;
}

/* A number from 1 to `most`; 0 after a mistake. */
static int64_t
read_number(const OptionInfo *o, int64_t most, const char *value)
{
    char *end = NULL;
    errno = 0;
    long long n = strtoll(value, &end, 10);
    if (errno == 0 && *end == '\0' && n >= 1 && n <= most)
        return n;
    fprintf(stderr, "fluxc: --%s is a number from 1 to %lld, not %s\n", o->text,
            (long long)most, value);
    return 0;
}

/* All names in the generated C begin with a prefix. */
static bool
is_name(const char *text)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    return (*text < '0' || *text > '9') && text[strspn(text, letters)] == '\0';
}

static bool
set_prefix(Options *o, Arena *arena, const char *value)
{
    (void)arena;
    o->prefix = value;
    return is_name(value) || usage("--prefix is a name in C, not", value);
}

/* "sm_90", "sm_100a". */
static bool
is_architecture(const char *text)
{
    size_t digits =
        strncmp(text, "sm_", 3) == 0 ? strspn(text + 3, "0123456789") : 0;
    size_t letters = strspn(text + 3 * (digits > 0) + digits, "af");
    return digits > 0 && letters < 2 && text[3 + digits + letters] == '\0';
}

static bool
set_arch(Options *o, Arena *arena, const char *value)
{
    (void)arena;
    o->arch = value;
    return is_architecture(value) ||
           usage("--arch is a name such as sm_90, not", value);
}

static bool
set_debug_nan(Options *o, Arena *arena, const char *value)
{
    (void)arena;
    (void)value;
    o->emit.debug_nan = o->script.debug_nan = true;
    return true;
}

static bool
set_memory(Options *o, Arena *arena, const char *value)
{
    (void)arena;
    int64_t mib =
        read_number(&option_info[OPTION_max_memory], INT64_C(1) << 32, value);
    o->script.max_memory = (size_t)mib << 20;
    return mib > 0;
}

/* A value that is not in the option's list. */
static void
unknown_choice(Arena *arena, const OptionInfo *o, const char *value)
{
    Near near = near_to(value);
    for (const char *p = o->argument; *p != '\0'; p += *p == '|') {
        size_t length = strcspn(p, "|");
        const char *one = arena_string(arena, p, length);
        near_try(&near, one, one);
        p += length;
    }
    usage_unknown(arena_printf(arena, "%s%s is one of %s, not",
                               option_dashes(o), o->text, o->argument),
                  value, &near);
}

/* Whether an option can have this value, and its place in the option's list,
 * or 0 where there is none.
 */
static bool
check_value(Arena *arena, Option option, const char *value, int *which)
{
    const OptionInfo *o = &option_info[option];
    *which = 0;
    if (o->argument == NULL)
        return true;
    if (*value == '\0')
        return usage("a value is missing after",
                     arena_printf(arena, "--%s", o->text));
    if (strchr(o->argument, '|') == NULL || option == OPTION_dump_ir)
        return true;
    *which = choice(o->argument, value);
    if (*which < 0)
        unknown_choice(arena, o, value);
    return *which >= 0;
}

bool
options_set(Options *o, Arena *arena, Option option, const char *value)
{
    const OptionInfo *info = &option_info[option];
    int which;
    o->given[option] = true;
    if (!check_value(arena, option, value, &which))
        return false;
    switch (option) {
#define SWITCH(field)       (o->field = true, true)
#define TEXT(field)         (o->field = value, true)
#define NUMBER(field, most) (o->field = read_number(info, most, value)) > 0
#define CHOICE(field, ...)                                                     \
    (o->field = (const unsigned[]){__VA_ARGS__}[which], true)
#define OWN(function) function(o, arena, value)
#define NOTHING       true
#define OPTION(name, text, letter, argument, commands, sets, help)             \
    case OPTION_##name:                                                        \
        return sets;
#include "main/options.def"
#undef OPTION
    case OPTIONS:
        break;
    }
    return false;
}
