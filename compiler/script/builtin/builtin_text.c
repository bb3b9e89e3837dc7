/* Builtins on text, and those that write it. */
#include "script/array/args.h"
#include "script/builtin/builtin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A script does not go on writing where nothing arrives. */
static Value
written(Script *s)
{
    int problem = errno;
    if (ferror(s->options.out))
        script_fail(s, DIAG_file, s->span, NULL,
                    "cannot write to standard output: %s", strerror(problem));
    return value_nothing();
}

static void
write_all(Script *s, const Args *args)
{
    for (size_t i = 0; i < args->count; i++) {
        Value v = args->item[i];
        const char *text = value_text(s, v);
        size_t size =
            v.kind == VALUE_string ? v.as.string.length : strlen(text);
        fwrite(text, 1, size, s->options.out);
    }
}

Value
builtin_print(Script *s, const Args *args)
{
    write_all(s, args);
    return written(s);
}

Value
builtin_println(Script *s, const Args *args)
{
    write_all(s, args);
    fputc('\n', s->options.out);
    return written(s);
}

Value
builtin_show(Script *s, const Args *args)
{
    fputs(value_show(s, args->item[0]), s->options.out);
    return written(s);
}

Value
builtin_display(Script *s, const Args *args)
{
    fprintf(s->options.out, "%s\n", value_show(s, args->item[0]));
    return written(s);
}

static Value
text_value(Script *s, const char *text)
{
    return value_string(s, text, strlen(text));
}

/* The texts of `count` values, with a separator between them. */
static Value
joined(Script *s, const Value *item, size_t count, Text separator)
{
    VEC(char) out = {0};
    Arena *arena = &s->context->arena;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; i && k < separator.length; k++)
            VEC_PUSH(arena, &out, separator.text[k]);
        const char *text = value_text(s, item[i]);
        size_t size = item[i].kind == VALUE_string ? item[i].as.string.length
                                                   : strlen(text);
        for (size_t k = 0; k < size; k++)
            VEC_PUSH(arena, &out, text[k]);
    }
    return value_string(s, out.item ? out.item : "", out.count);
}

Value
builtin_string(Script *s, const Args *args)
{
    return joined(s, args->item, args->count, (Text){"", 0});
}

Value
builtin_repr(Script *s, const Args *args)
{
    return text_value(s, value_show(s, args->item[0]));
}

Value
builtin_error(Script *s, const Args *args)
{
    Value v = joined(s, args->item, args->count, (Text){"", 0});
    script_fail(s, DIAG_user, args->span, NULL, "%s", v.as.string.text);
}

Value
builtin_parse(Script *s, const Args *args)
{
    Value type = args->item[0];
    const char *name = type.kind == VALUE_builtin ? type.as.builtin->name : "";
    Text text = args_text(s, args, 1);
    char *end;
    errno = 0;
    Value v = value_nothing();
    if (!strncmp(name, "Int", 3))
        v = value_int(strtoll(text.text, &end, 10));
    else if (!strncmp(name, "Float", 5))
        v = value_float(strtod(text.text, &end));
    else
        script_fail(s, DIAG_value, args_at(args, 0), NULL,
                    "parse reads Int and Float64");
    while (*end == ' ' || *end == '\n' || *end == '\t')
        end++;
    bool range = errno == ERANGE && v.kind == VALUE_int;
    if (range || end != text.text + text.length || text.length == 0)
        script_fail(s, DIAG_value, args_at(args, 1), NULL,
                    "\"%s\" is not of type %s", text.text, name);
    return v;
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Words between white space. */
static Value
split_words(Script *s, Text text)
{
    Values out = {0};
    for (size_t at = 0; at < text.length;) {
        size_t end = at;
        while (end < text.length && !is_space(text.text[end]))
            end++;
        if (end > at)
            VEC_PUSH(&s->context->arena, &out,
                     value_string(s, text.text + at, end - at));
        at = end + 1;
    }
    return value_list(s, out.item, out.count);
}

Value
builtin_split(Script *s, const Args *args)
{
    Text text = args_text(s, args, 0);
    if (args->count == 1)
        return split_words(s, text);
    Text by = args_text(s, args, 1);
    if (!by.length)
        script_fail(s, DIAG_value, args_at(args, 1), NULL,
                    "split needs a separator that is not empty");
    Values out = {0};
    for (;;) {
        const char *next = text_find(text, by);
        size_t size = next ? (size_t)(next - text.text) : text.length;
        VEC_PUSH(&s->context->arena, &out, value_string(s, text.text, size));
        if (!next)
            return value_list(s, out.item, out.count);
        text.text += size + by.length;
        text.length -= size + by.length;
    }
}

Value
builtin_join(Script *s, const Args *args)
{
    Text separator = {"", 0};
    if (args->count == 2)
        separator = args_text(s, args, 1);
    Values all = iterate_all(s, args->item[0], args->span);
    return joined(s, all.item, all.count, separator);
}

Value
builtin_replace(Script *s, const Args *args)
{
    Text text = args_text(s, args, 0);
    Value pair = args->item[1];
    if (pair.kind != VALUE_pair ||
        pair.as.values->item[0].kind != VALUE_string ||
        pair.as.values->item[1].kind != VALUE_string)
        script_fail(s, DIAG_value, args_at(args, 1), NULL,
                    "replace needs a pair \"old\" => \"new\"");
    Args parts = {.item = (Value[]){args->item[0], pair.as.values->item[0]},
                  .count = 2,
                  .span = args->span};
    if (!pair.as.values->item[0].as.string.length)
        return value_string(s, text.text, text.length);
    Value list = builtin_split(s, &parts);
    return joined(s, list.as.values->item, list.as.values->count,
                  pair.as.values->item[1].as.string);
}

Value
builtin_strip(Script *s, const Args *args)
{
    Text text = args_text(s, args, 0);
    size_t from = 0;
    size_t to = text.length;
    while (from < to && is_space(text.text[from]))
        from++;
    while (to > from && is_space(text.text[to - 1]))
        to--;
    return value_string(s, text.text + from, to - from);
}

Value
builtin_startswith(Script *s, const Args *args)
{
    Text text = args_text(s, args, 0);
    Text part = args_text(s, args, 1);
    return value_bool(part.length <= text.length &&
                      !memcmp(text.text, part.text, part.length));
}

Value
builtin_endswith(Script *s, const Args *args)
{
    Text text = args_text(s, args, 0);
    Text part = args_text(s, args, 1);
    return value_bool(
        part.length <= text.length &&
        !memcmp(text.text + text.length - part.length, part.text, part.length));
}

static Value
change_case(Script *s, const Args *args, char from, char to)
{
    Text text = args_text(s, args, 0);
    char *out = arena_string(&s->context->arena, text.text, text.length);
    for (size_t i = 0; i < text.length; i++)
        if (out[i] >= from && out[i] <= from + 25)
            out[i] = (char)(out[i] - from + to);
    return (Value){.kind = VALUE_string, .as.string = {out, text.length}};
}

Value
builtin_uppercase(Script *s, const Args *args)
{
    return change_case(s, args, 'a', 'A');
}

Value
builtin_lowercase(Script *s, const Args *args)
{
    return change_case(s, args, 'A', 'a');
}

Value
builtin_repeat(Script *s, const Args *args)
{
    args_text(s, args, 0);
    if (args->item[1].kind != VALUE_int)
        script_fail(s, DIAG_value, args_at(args, 1), NULL,
                    "repeat needs a number of times, not %s",
                    value_kind_name(args->item[1]));
    return eval_binary(s, "^", args->item[0], args->item[1], args->span);
}
