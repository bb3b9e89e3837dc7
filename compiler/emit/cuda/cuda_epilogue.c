/* A product and what is done with each of its elements, as one kernel: the
 * threads that have made an element go on with it. So the bias, an activation
 * or its derivative, and an optimiser's step take no launch of their own. So it
 * is for sums of columns.
 *
 * The loops behind a product are such an epilogue where they run over its rows
 * and columns, or over both as one, and each turn reads of the result only the
 * element that it is for, and stores nothing that the product still reads.
 * Whatever stores into memory of the result does so in the same element. What
 * cublasLt may make has none.
 */
#include "emit/cuda/cuda_print.h"

typedef struct {
    Printer *printer;
    const Product *product;
    EpilogueVars var;
    bool *met; /* by value */
    int reads; /* of the result */
} Epilogue;

static Dim
extent_of(const Schedule *s, int var)
{
    return var < 0 ? 1 : s->var.item[schedule_var(s, var)].extent;
}

/* Whether an access is of the result's element that a turn is for. */
static bool
is_own(const Epilogue *e, const Affine *access)
{
    Affine at = *access;
    Affine result = e->product->at[0];
    Dim own[2];
    Dim stride[2];
    for (int i = 0; i < 2; i++) {
        own[i] = c_call_stride(e->printer, &at, e->var.loop[i]);
        stride[i] = c_call_stride(e->printer, &result, e->product->var[i]);
    }
    if (!affine_same(e->printer->s, &at, &result))
        return false;
    if (!e->var.flat)
        return own[0] == stride[0] && own[1] == stride[1];
    return own[0] == 1 && stride[0] == 1 &&
           stride[1] == extent_of(e->printer->s, e->product->var[0]);
}

/* Whether a turn may read a value; one that was met before may be, or nobody
 * would have gone on.
 */
static bool
may_read(Epilogue *e, int v)
{
    const Schedule *s = e->printer->s;
    const Value *value = &s->value.item[v];
    bool may = true;
    if (e->met[v])
        return true;
    e->met[v] = true;
    switch (value->kind) {
    case VALUE_const:
    case VALUE_extent:
    case VALUE_index:
        return true;
    case VALUE_load:
        if (!c_same_memory(s, value->buffer, e->product->buffer[0]))
            return true;
        e->reads++;
        return value->buffer == e->product->buffer[0] && is_own(e, &value->at);
    case VALUE_map:
    case VALUE_random:
        for (int i = 0; i < value->operands; i++)
            may = may && may_read(e, value->operand[i]);
        return may;
    case VALUE_guard:
    case VALUE_gather:
    case VALUE_join:
    case VALUE_sum:
        break;
    }
    return false;
}

static bool
may_store(Epilogue *e, const Stmt *stmt)
{
    const Schedule *s = e->printer->s;
    const Product *p = e->product;
    for (int i = 1; i < 3; i++) {
        if (p->buffer[i] >= 0 && c_same_memory(s, stmt->buffer, p->buffer[i]))
            return false;
    }
    const Buffer *to = &s->buffer.item[stmt->buffer];
    const Buffer *result = &s->buffer.item[p->buffer[0]];
    return !c_same_memory(s, stmt->buffer, p->buffer[0]) ||
           (to->slot == result->slot && to->offset == result->offset &&
            to->dtype == result->dtype && is_own(e, &stmt->at));
}

/* Whether the loops are as long as the product's, and their turns fit. */
static bool
fits(Epilogue *e, const Stmt *inner)
{
    Schedule *s = e->printer->s;
    Dim rows = extent_of(s, e->product->var[0]);
    Dim columns = extent_of(s, e->product->var[1]);
    if (e->var.flat) {
        rows = dim_mul(s->dims, rows, columns);
        columns = 1;
    }
    if (extent_of(s, e->var.loop[0]) != rows ||
        extent_of(s, e->var.loop[1]) != columns)
        return false;
    for (size_t i = 0; i < inner->body.count; i++) {
        const Stmt *stmt = inner->body.item[i];
        if ((stmt->kind != STMT_let && stmt->kind != STMT_store) ||
            !may_read(e, stmt->value))
            return false;
        if (stmt->kind == STMT_store && !may_store(e, stmt))
            return false;
    }
    return e->reads > 0;
}

/* Whether a call makes its elements in threads, and does no more with them. */
static bool
is_begun(Printer *printer, const Stmt *call, uint32_t tag)
{
    if (call->kind != STMT_call || call->tag != tag || call->product->windows ||
        call->product->end.kind != END_set || cuda_gemm(printer, call->product))
        return false;
    return call->product->var[0] >= 0 &&
           (call->product->var[1] >= 0) == (call->product->buffer[2] >= 0);
}

/* Whether the product goes on with the inner loop of a nest: with which of its
 * loops as rows.
 */
static bool
goes_on(Printer *printer, const Product *product, const Nest *nest,
        const Stmt *inner, EpilogueVars *var)
{
    const bool two = product->var[1] >= 0;
    const size_t values = printer->s->value.count;
    bool may = false;
    for (int rows = 0; rows < nest->count && !may; rows++) {
        ArenaMark mark = arena_mark(printer->arena);
        *var = (EpilogueVars){
            {nest->var[rows], nest->count > 1 ? nest->var[1 - rows] : -1},
            two && nest->count == 1};
        Epilogue e = {printer, product, *var,
                      ARENA_ARRAY(printer->arena, bool, values + 1), 0};
        may = fits(&e, inner);
        arena_rewind(printer->arena, &mark);
    }
    return may;
}

Stmt *
cuda_epilogue(Printer *printer, const Block *block, size_t at,
              EpilogueVars *var)
{
    Nest nest;
    if (at + 1 == block->count ||
        !is_begun(printer, block->item[at], block->item[at + 1]->tag))
        return NULL;
    const Product *product = block->item[at]->product;
    Stmt *inner = cuda_nest(printer, &nest, block->item[at + 1]);
    if (inner == NULL || nest.count > 2 || inner->locals != 0 ||
        !goes_on(printer, product, &nest, inner, var))
        return NULL;
    return inner;
}

/* How many places an element has: sums of columns have rows only. */
static int
places_of(const Product *product)
{
    return product->buffer[2] >= 0 ? 2 : 1;
}

/* Names for the row and column of an element. */
static void
name_place(Printer *printer, const Product *product, const EpilogueVars *var,
           const char *name[2])
{
    static const char *const plain[] = {"i", "j"};
    const Schedule *s = printer->s;
    for (int i = 0; i < places_of(product); i++) {
        int own = var == NULL || var->flat ? product->var[i] : var->loop[i];
        name[i] =
            own < 0 ? printer_name(printer, plain[i])
                    : printer_var(printer, &s->var.item[schedule_var(s, own)]);
    }
}

/* Leaves out what is outside, and says of which turn the element is. */
static void
print_turn(Printer *printer, const Product *product, const EpilogueVars *var,
           const char *name[2])
{
    Writer *writer = printer->writer;
    const char *rows = c_call_count(printer, product->var[0]);
    const char *outside =
        arena_printf(printer->arena, "%s >= %s", name[0], rows);
    if (places_of(product) > 1)
        outside = arena_printf(printer->arena, "%s || %s >= %s", outside,
                               name[1], c_call_count(printer, product->var[1]));
    writer_line(writer, "if (%s)", outside);
    writer->depth++;
    writer_line(writer, "continue;");
    writer->depth--;
    for (int i = 0; i < places_of(product); i++) {
        if (product->var[i] >= 0)
            printer->var[schedule_var(printer->s, product->var[i])] = name[i];
        if (var != NULL && !var->flat)
            printer->var[var->loop[i]] = name[i];
    }
    if (var != NULL && var->flat) {
        const char *index = printer_name(printer, "index");
        writer_line(writer, "const size_t %s = %s + %s * %s;", index, name[0],
                    rows, name[1]);
        printer->var[var->loop[0]] = index;
    }
}

/* Of a product in tensor cores a thread goes on with what it has made. */
static void
print_own(Printer *printer, const Product *product, const Stmt *inner,
          const EpilogueVars *var)
{
    static const char *const place[] = {"row", "column"};
    Writer *writer = printer->writer;
    int side = cuda_tensor_side(printer, product);
    const char *element = printer_name(printer, "e");
    const char *name[2];
    writer_line(writer, "FLUX_UNROLL");
    writer_line(writer, "for (size_t %s = 0; %s < %d; %s++) {", element,
                element, side * side, element);
    name_place(printer, product, var, name);
    for (int i = 0; i < 2; i++)
        writer_line(writer, "const size_t %s = flux_tensor_%s(%d, %s, %s, %s);",
                    name[i], place[i], side, cuda_block(printer),
                    c_call_count(printer, product->var[0]), element);
    print_turn(printer, product, var, name);
    printer_block(printer, inner);
    writer_line(writer, "}");
}

/* Counts what reads a buffer. */
typedef struct {
    int buffer;
    int reads;
} Readers;

static void
count_read(void *user, int *buffer, Affine *at, bool store)
{
    Readers *readers = user;
    (void)at;
    readers->reads += *buffer == readers->buffer && !store;
}

/* Whether a sum is needed no more once the body is through with it: something
 * else takes its place, or nothing else reads it.
 */
static bool
is_done(const Printer *printer, const Product *product, Stmt *inner)
{
    Schedule *s = printer->s;
    Readers own = {.buffer = product->buffer[0]};
    Readers all = own;
    for (size_t i = 0; i < inner->body.count; i++) {
        const Stmt *stmt = inner->body.item[i];
        if (stmt->kind == STMT_store &&
            c_same_memory(s, stmt->buffer, product->buffer[0]))
            return true;
    }
    if (s->buffer.item[product->buffer[0]].kind != BUFFER_temp)
        return false;
    schedule_accesses(s, inner, count_read, &own);
    for (size_t i = 0; i < s->body.count; i++)
        schedule_accesses(s, s->body.item[i], count_read, &all);
    return own.reads == all.reads;
}

/* Gives all values that load from the result a name, or takes it away. */
static void
name_loads(Printer *printer, const Product *product, const char *name)
{
    const Schedule *s = printer->s;
    for (size_t v = 0; v < s->value.count; v++) {
        const Value *value = &s->value.item[v];
        if (value->kind == VALUE_load && value->buffer == product->buffer[0])
            printer->value[v] = name;
    }
}

/* The sums of a tile in exact arithmetic lie in the memory that the threads of
 * a block share, who take them in turn.
 */
static void
print_sums(Printer *printer, const Product *product, Stmt *inner,
           const EpilogueVars *var)
{
    static const char *const place[] = {"row", "column"};
    Writer *writer = printer->writer;
    const char *element = printer_name(printer, "e");
    const char *sum = printer_name(printer, "sum");
    const char *name[2];
    writer_line(writer,
                "for (unsigned %s = threadIdx.x; %s < %s.elements; "
                "%s += FLUX_THREADS) {",
                element, element, printer->tile, element);
    name_place(printer, product, var, name);
    for (int i = 0; i < places_of(product); i++)
        writer_line(writer, "const size_t %s = flux_tile_%s(%s, %s);", name[i],
                    place[i], printer->tile, element);
    print_turn(printer, product, var, name);
    const char *taken = arena_printf(
        printer->arena, "flux_tile_sum_%s(%s, %s, %s)",
        c_suffix(product->dtype), printer->shared, printer->tile, element);
    if (inner == NULL) {
        cuda_end(printer, product, taken);
    } else {
        writer_line(writer, "const %s %s = %s;", c_type(product->dtype), sum,
                    taken);
        if (!is_done(printer, product, inner))
            cuda_end(printer, product, sum);
        name_loads(printer, product, sum);
        printer_block(printer, inner);
        name_loads(printer, product, NULL);
    }
    writer_line(writer, "}");
}

void
cuda_epilogue_body(Printer *printer, const Product *product, Stmt *inner,
                   const EpilogueVars *var)
{
    if (cuda_tiles_of(printer, product).kind == TILES_none) {
        if (inner == NULL)
            return;
        printer->var[var->loop[0]] =
            printer->var[schedule_var(printer->s, product->var[0])];
        printer_block(printer, inner);
    } else if (!cuda_in_tensor_cores(printer, product)) {
        print_sums(printer, product, inner, var);
    } else if (inner != NULL) {
        print_own(printer, product, inner, var);
    }
}
