/* What the files about the generated C share. */
#ifndef FLUXC_EMIT_C_MODEL_H
#define FLUXC_EMIT_C_MODEL_H

#include "emit/c/c_print.h"
#include "emit/emit.h"

/* c_memory.c: the bytes of the arena, of sizes none of which is always the
 * largest, and as a constant expression over the named dimensions; "0" where
 * none is needed.
 */
Sizes c_arena_bytes(const Schedule *s);
Expr c_sizes(Printer *printer, const Sizes *sizes);
/* A size that is never less. */
Dim c_sizes_bound(Dims *dims, const Sizes *sizes);

/* Declares a pointer for each buffer in the arena that begins at `base`. */
void c_arena_pointers(Printer *printer, const char *base);

/* c_pool.c: the multiply-adds of the products that threads may share. */
Dim c_multiply_adds(const Schedule *s);

/* Whether each buffer is used by a statement. */
bool *schedule_used(Schedule *s);

/* Writes the graph's constant arrays as static tables, and names them: the
 * wished name, or with a number behind.
 */
void c_tables(Printer *printer, const char *wish);

/* The same in two steps: their names, and those that a text mentions, or all
 * where that is NULL.
 */
void c_tables_named(Printer *printer, const char *wish);
void c_tables_used(Printer *printer, const char *text);

/* One constant array as a table, and its elements alone. */
void c_table_numbers(Writer *writer, const Tensor *data, int64_t count);
void c_table(Writer *writer, const char *declaration, const Tensor *data);

/* c_kernels.c: puts the kernels that the text behind `at` uses there, as
 * #includes or as their own text.
 */
void c_kernels(Writer *writer, size_t at, const EmitOptions *options);

/* c_struct.c: a member of a struct, or a struct of members. */
typedef struct Member Member;
struct Member {
    const char *source; /* one component of the path */
    const char *name;   /* in C */
    const char *path;   /* "layer1.W", in C */
    int number;         /* the caller's; -1: a struct */
    Member *first;      /* members, linked by next */
    Member *next;
};
Member *c_struct_new(Arena *arena);
Member *c_struct_add(Arena *arena, Member *root, const char *path, int number);

/* Prints the members; text gives a member's declaration and a comment. */
typedef const char *MemberText(void *user, const Member *member,
                               const char **comment);
void c_struct_print(Writer *writer, const Member *root, MemberText *text,
                    void *user);

#endif
