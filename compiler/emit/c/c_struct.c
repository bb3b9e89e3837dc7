/* Structs nested as the paths of their members are: "layer1.W" is the member W
 * of the member layer1.
 */
#include "emit/c/c_model.h"

#include <string.h>

static Member *
new_member(Arena *arena, const char *component, Member *parent)
{
    Member *member = ARENA_NEW(arena, Member);
    member->source = component;
    member->number = -1;
    if (parent == NULL) {
        member->name = component;
        return member;
    }
    const char *wish = emit_c_name(arena, component);
    member->name = wish;
    for (int i = 2;; i++) {
        bool clash = false;
        for (const Member *m = parent->first; m != NULL; m = m->next)
            clash = clash || strcmp(m->name, member->name) == 0;
        if (!clash)
            break;
        member->name = arena_printf(arena, "%s_%d", wish, i);
    }
    Member **last = &parent->first;
    while (*last != NULL)
        last = &(*last)->next;
    *last = member;
    return member;
}

Member *
c_struct_new(Arena *arena)
{
    return new_member(arena, "", NULL);
}

Member *
c_struct_add(Arena *arena, Member *root, const char *path, int number)
{
    Member *at = root;
    for (;;) {
        size_t length = strcspn(path, ".");
        bool last = path[length] == 0;
        const char *component = arena_string(arena, path, length);
        Member *found = NULL;
        for (Member *m = at->first; m != NULL && !last; m = m->next) {
            if (m->number < 0 && strcmp(m->source, component) == 0)
                found = m;
        }
        if (found == NULL) {
            found = new_member(arena, component, at);
            found->path =
                at->path == NULL
                    ? found->name
                    : arena_printf(arena, "%s.%s", at->path, found->name);
        }
        at = found;
        if (last)
            break;
        path += length + 1;
    }
    at->number = number;
    return at;
}

/* The widest of the members from one on that are no structs. */
static int
row_width(const Member *m, MemberText *text, void *user)
{
    int width = 0;
    const char *comment = "";
    for (; m != NULL && m->first == NULL; m = m->next) {
        int own = writer_width(text(user, m, &comment));
        width = own > width ? own : width;
    }
    return width;
}

void
c_struct_print(Writer *writer, const Member *root, MemberText *text, void *user)
{
    int width = 0; /* of the row of members that are no structs; 0: none */
    for (const Member *m = root->first; m != NULL; m = m->next) {
        if (m->first != NULL) {
            width = 0;
            writer_line(writer, "struct {");
            c_struct_print(writer, m, text, user);
            writer_line(writer, "} %s;", m->name);
            continue;
        }
        const char *comment = "";
        if (width == 0)
            width = row_width(m, text, user);
        const char *line = text(user, m, &comment);
        if (*comment == 0)
            writer_line(writer, "%s", line);
        else
            writer_line(writer, "%s%*s /* %s */", line,
                        width - writer_width(line), "", comment);
    }
}
