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
#include "emit/cuda_print.h"

typedef struct {
    Printer *printer;
    const Product *product;
    EpilogueVars var;
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

static bool
may_read(Epilogue *e, int v)
{
    const Schedule *s = e->printer->s;
    const Value *value = &s->value.item[v];
    bool may = true;
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
    bool tiles = cuda_tiles(printer, call->product) != NULL;
    return call->product->var[0] >= 0 && (call->product->var[1] >= 0) == tiles;
}

const Stmt *
cuda_epilogue(Printer *printer, const Block *block, size_t at,
              EpilogueVars *var)
{
    Nest nest;
    if (at + 1 == block->count ||
        !is_begun(printer, block->item[at], block->item[at + 1]->tag))
        return NULL;
    const Product *product = block->item[at]->product;
    const Stmt *inner = cuda_nest(printer, &nest, block->item[at + 1]);
    bool two = product->var[1] >= 0;
    if (inner == NULL || nest.count > 2 || inner->locals != 0)
        return NULL;
    for (int rows = 0; rows < nest.count; rows++) {
        *var = (EpilogueVars){
            {nest.var[rows], nest.count > 1 ? nest.var[1 - rows] : -1},
            two && nest.count == 1};
        Epilogue e = {printer, product, *var, 0};
        if (fits(&e, inner))
            return inner;
    }
    return NULL;
}

/* Row and column of a thread's element `e`, and the end of threads outside. */
static void
print_place(Printer *printer, const Product *product, int side, const char *e,
            const char *name[2])
{
    static const char *const place[] = {"row", "column"};
    Writer *writer = printer->writer;
    const char *rows = c_call_count(printer, product->var[0]);
    for (int i = 0; i < 2; i++)
        writer_line(
            writer, "const size_t %s = flux_%s_%s(%d, flux_block(), %s, %s);",
            name[i], cuda_tile_kind(printer, product), place[i], side, rows, e);
    writer_line(writer, "if (%s >= %s || %s >= %s)", name[0], rows, name[1],
                c_call_count(printer, product->var[1]));
    writer->depth++;
    writer_line(writer, side > 1 ? "continue;" : "return;");
    writer->depth--;
}

static void
print_elements(Printer *printer, const Product *product, const Stmt *inner,
               const EpilogueVars *var)
{
    const Schedule *s = printer->s;
    Writer *writer = printer->writer;
    int side = cuda_tile_side(printer, product);
    const char *element = "0";
    const char *name[2];
    if (side > 1) {
        element = printer_name(printer, "e");
        writer_line(writer, "FLUX_UNROLL");
        writer_line(writer, "for (size_t %s = 0; %s < %d; %s++) {", element,
                    element, side * side, element);
    }
    for (int i = 0; i < 2; i++) {
        int own = var->flat ? product->var[i] : var->loop[i];
        name[i] = printer_var(printer, &s->var.item[schedule_var(s, own)]);
    }
    print_place(printer, product, side, element, name);
    if (var->flat) {
        const char *index = printer_name(printer, "index");
        writer_line(writer, "const size_t %s = %s + %s * %s;", index, name[0],
                    c_call_count(printer, product->var[0]), name[1]);
        printer->var[var->loop[0]] = index;
    } else {
        printer->var[var->loop[0]] = name[0];
        printer->var[var->loop[1]] = name[1];
    }
    printer_block(printer, inner);
    if (side > 1)
        writer_line(writer, "}");
}

void
cuda_epilogue_body(Printer *printer, const Product *product, const Stmt *inner,
                   const EpilogueVars *var)
{
    if (product->var[1] >= 0) {
        print_elements(printer, product, inner, var);
        return;
    }
    printer->var[var->loop[0]] =
        printer->var[schedule_var(printer->s, product->var[0])];
    printer_block(printer, inner);
}
