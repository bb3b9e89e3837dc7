/* Products of matrices, sums of columns, convolutions and maxima of windows in
 * C: calls of the kernels, with what they begin at and the steps that they
 * take.
 */
#include "emit/c/c_print.h"

#include <string.h>

/* The extent of one of a call's variables, as far as the call sees it. */
const char *
c_call_count(Printer *printer, int var)
{
    if (var < 0)
        return "1";
    Schedule *s = printer->s;
    const LoopVar *v = &s->var.item[schedule_var(s, var)];
    if (v->kind != VAR_within)
        return c_dim(printer, v->extent).text;
    int block = schedule_var(s, v->parent);
    return arena_printf(printer->arena, "%s_end - %s", printer->var[block],
                        printer->var[block]);
}

/* The factor of a call's variable in one of its accesses; the variable itself
 * goes to the start of what the call does.
 */
Dim
c_call_stride(Printer *printer, Affine *at, int var)
{
    Schedule *s = printer->s;
    if (var < 0)
        return 1;
    var = schedule_var(s, var);
    for (int i = 0; i < at->count; i++) {
        if (schedule_var(s, at->term[i].var) != var)
            continue;
        Dim factor = at->term[i].factor;
        Affine self = affine_var(var);
        affine_scale(s, &self, factor);
        affine_subtract(s, at, &self);
        if (s->var.item[var].kind == VAR_within) {
            Affine start = affine_var(schedule_key(s, var));
            affine_scale(s, &start, factor);
            affine_add(s, at, &start);
        }
        return factor;
    }
    return 0;
}

void
c_call_strides(Printer *printer, const Product *product, Affine *at,
               Dim (*stride)[3])
{
    for (int i = 0; i < 3; i++) {
        at[i] = product->at[i];
        for (int v = 0; v < 3; v++)
            stride[i][v] = c_call_stride(printer, &at[i], product->var[v]);
    }
}

/* The instruction set of a call. */
static const char *
call_isa(const Printer *printer)
{
    return printer->isa != NULL ? printer->isa : "flux_best_isa()";
}

/* The axes of the rows, columns or terms of a call over several; the strides in
 * a, b and c.
 */
static void
call_axes(Printer *printer, const Product *product, int side, Affine *at)
{
    static const char *const name[] = {"row", "column", "term"};
    int count = product->axes[side] + 1;
    writer_line(printer->writer, "const flux_axis %s[] = {", name[side]);
    for (int i = 0; i < count; i++) {
        int var = i == 0 ? product->var[side] : product->more[side][i - 1];
        Dim stride[3];
        for (int k = 0; k < 3; k++)
            stride[k] = c_call_stride(printer, &at[(k + 1) % 3], var);
        writer_line(printer->writer, "{%s, %s, %s, %s},",
                    c_call_count(printer, var), c_dim(printer, stride[0]).text,
                    c_dim(printer, stride[1]).text,
                    c_dim(printer, stride[2]).text);
    }
    writer_line(printer->writer, "};");
}

/* "frames, frame, " of a call, with their table before; or nothing. */
static const char *
call_frames(Printer *printer, const Product *product)
{
    if (product->frames == 0)
        return "";
    writer_line(printer->writer, "const flux_frame frame[] = {");
    for (int i = 0; i < product->frames; i++) {
        const FrameAxis *frame = &product->frame[i];
        writer_line(printer->writer, "{%s, %s, %s},",
                    c_dim(printer, frame->length).text,
                    c_dim(printer, frame->step).text,
                    c_dim(printer, frame->before).text);
    }
    writer_line(printer->writer, "};");
    return arena_printf(printer->arena, "%d, frame, ", product->frames);
}

static void
call_windows(Printer *printer, const Product *product)
{
    Affine at[3];
    memcpy(at, product->at, sizeof at);
    writer_line(printer->writer, "{");
    for (int side = 0; side < 3; side++)
        call_axes(printer, product, side, at);
    const char *frames = call_frames(printer, product);
    writer_line(
        printer->writer,
        "flux_windows_%s%s(%s, %s, %d, row, %d, column, %d, term, %s%s, "
        "%s, %s);",
        product->frames > 0 ? "framed_" : "", c_suffix(product->dtype),
        call_isa(printer), c_order(product->order), product->axes[0] + 1,
        product->axes[1] + 1, product->axes[2] + 1, frames,
        c_pointer(printer, product->buffer[1], &at[1]),
        c_pointer(printer, product->buffer[2], &at[2]),
        c_pointer(printer, product->buffer[0], &at[0]));
    writer_line(printer->writer, "}");
}

/* Maxima over windows: how many in how many lines; a window's elements. */
static void
call_maxima(Printer *printer, const Product *product)
{
    Affine at[3];
    Dim stride[3][3];
    c_call_strides(printer, product, at, stride);
    const char *height = "1";
    const char *line = "0";
    for (int k = 0; k < product->axes[2]; k++) {
        height = c_call_count(printer, product->more[2][k]);
        line =
            c_dim(printer, c_call_stride(printer, &at[1], product->more[2][k]))
                .text;
    }
    writer_line(printer->writer,
                "flux_maxima_%s(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s);",
                c_suffix(product->dtype), call_isa(printer),
                c_call_count(printer, product->var[0]),
                c_call_count(printer, product->var[1]),
                c_call_count(printer, product->var[2]), height,
                c_pointer(printer, product->buffer[1], &at[1]), line,
                c_dim(printer, stride[1][1]).text,
                c_pointer(printer, product->buffer[0], &at[0]),
                product->buffer[2] >= 0
                    ? c_pointer(printer, product->buffer[2], &at[2])
                    : "NULL",
                c_dim(printer, stride[0][1]).text);
}

/* Whether an optimiser adjusts the sums before its step. */
static bool
is_adjusted(const Product *product)
{
    return product->end.clips || product->end.penalises;
}

/* How many of an end's scalars are the step's; those of a limit and a penalty
 * follow.
 */
static int
step_scalars(const ProductEnd *end)
{
    return end->scalars - 2 * end->clips - end->penalises;
}

/* What an epilogue reads: a bias, or an activation's value and how far apart
 * its columns are.
 */
static const char *
call_given(Printer *printer, const Product *product)
{
    Affine at = product->given_at;
    if (product->end.givens == 0)
        return "NULL";
    c_call_stride(printer, &at, product->var[0]);
    Dim next = c_call_stride(printer, &at, product->var[1]);
    const char *given = c_pointer(printer, product->given, &at);
    if (product->end.kind < END_drelu)
        return given;
    return arena_printf(printer->arena, "%s, %s", given,
                        c_dim(printer, next).text);
}

/* What a product's sums end in: the moments and scalars, what an epilogue
 * reads, or whether they are added.
 */
static const char *
call_end(Printer *printer, const Product *product, const Affine *at)
{
    const ProductEnd *end = &product->end;
    const char *text = "";
    if (schedule_is_epilogue(end->kind))
        return call_given(printer, product);
    if (end->scalars == 0)
        return end->kind == END_add ? "1" : "0";
    for (int i = 0; i < end->moments; i++)
        text = arena_printf(printer->arena, "%s%s, ", text,
                            c_pointer(printer, product->moment[i], at));
    for (int i = 0; i < step_scalars(end); i++)
        text = arena_printf(printer->arena, "%s%s%s", text, i > 0 ? ", " : "",
                            c_value(printer, product->scalar[i]).text);
    return text;
}

/* What products of up to all columns need. */
static void
call_panels(Printer *printer, const Product *product)
{
    const Schedule *s = printer->s;
    Affine at[3];
    Dim stride[3][3];
    c_call_strides(printer, product, at, stride);
    const LoopVar *column = &s->var.item[schedule_var(s, product->var[1])];
    writer_line(
        printer->writer, "flux_panels_%s(%s, %s, %s, %s, %s, %s, %s, %s);",
        c_suffix(product->dtype), call_isa(printer),
        c_call_count(printer, product->var[0]),
        c_dim(printer, column->extent).text,
        c_call_count(printer, product->var[2]),
        c_pointer(printer, product->buffer[1], &at[1]),
        c_dim(printer, stride[1][0]).text, c_dim(printer, stride[1][2]).text,
        c_pointer(printer, product->buffer[0], &at[0]));
}

/* Rows and columns of an operand, turned. */
static void
call_turned(Printer *printer, const Product *product)
{
    Affine at[3];
    Dim stride[3][3];
    c_call_strides(printer, product, at, stride);
    writer_line(printer->writer, "flux_turn_%s(%s, %s, %s, %s, %s, %s, %s);",
                c_suffix(product->dtype), call_isa(printer),
                c_call_count(printer, product->var[0]),
                c_call_count(printer, product->var[1]),
                c_pointer(printer, product->buffer[1], &at[1]),
                c_dim(printer, stride[1][1]).text,
                c_pointer(printer, product->buffer[0], &at[0]),
                c_dim(printer, stride[0][0]).text);
}

/* How a call's name says what its sums end in. */
static const char *
call_kind(const Product *product)
{
    static const char *const name[] = {[END_set] = "",
                                       [END_add] = "",
                                       [END_step] = "step_",
                                       [END_sgd] = "sgd_",
                                       [END_momentum] = "momentum_",
                                       [END_rmsprop] = "rmsprop_",
                                       [END_adam] = "adam_",
                                       [END_adamw] = "adamw_",
                                       [END_bias] = "bias_",
                                       [END_relu] = "relu_",
                                       [END_sigma] = "sigma_",
                                       [END_tanh] = "tanh_",
                                       [END_drelu] = "drelu_",
                                       [END_dsigma] = "dsigma_",
                                       [END_dtanh] = "dtanh_",
                                       [END_panels] = "",
                                       [END_turned] = ""};
    return name[product->end.kind];
}

/* One of several products of one operand, which the last of them makes. */
static void
call_right(Printer *printer, const Product *product)
{
    Affine at[3];
    Dim stride[3][3];
    c_call_strides(printer, product, at, stride);
    const char *suffix = c_suffix(product->dtype);
    const char *factor = "NULL, 0, 0";
    if (product->right == 1) {
        printer->rights = printer_name(printer, "rights");
        writer_line(printer->writer, "flux_rights_%s %s = {0};", suffix,
                    printer->rights);
    }
    if (product->buffer[2] >= 0)
        factor = arena_printf(printer->arena, "%s, %s, %s",
                              c_pointer(printer, product->buffer[2], &at[2]),
                              c_dim(printer, stride[2][2]).text,
                              c_dim(printer, stride[2][1]).text);
    writer_line(printer->writer, "flux_right_%s(&%s, %s, %s, %s, %s);", suffix,
                printer->rights, c_call_count(printer, product->var[1]), factor,
                c_pointer(printer, product->buffer[0], &at[0]),
                c_dim(printer, stride[0][1]).text);
    if (!product->last)
        return;
    writer_line(printer->writer,
                "flux_products_%s%s(%s, %s, %s, %s, %s, %s, %s, &%s, %s);",
                call_kind(product), suffix, call_isa(printer),
                printer->pool != NULL ? printer->pool : "NULL",
                c_call_count(printer, product->var[0]),
                c_call_count(printer, product->var[2]),
                c_pointer(printer, product->buffer[1], &at[1]),
                c_dim(printer, stride[1][0]).text,
                c_dim(printer, stride[1][2]).text, printer->rights,
                call_end(printer, product, &at[0]));
}

/* An optimiser that adjusts the sums, as a variable: its name. */
static const char *
call_optimiser(Printer *printer, const Product *product, const Affine *at)
{
    const ProductEnd *end = &product->end;
    const char *suffix = c_suffix(product->dtype);
    const char *kind = call_kind(product);
    const char *name = printer_name(printer, "optimiser");
    const int *scalar = product->scalar + step_scalars(end);
    writer_line(printer->writer, "flux_optimiser_%s %s;", suffix, name);
    writer_line(printer->writer, "flux_by_%s%s(&%s, %s, %s);", kind, suffix,
                name, c_pointer(printer, product->buffer[0], at),
                call_end(printer, product, at));
    if (end->clips) {
        writer_line(printer->writer, "flux_clip_%s(&%s, %s, %s);", suffix, name,
                    c_value(printer, scalar[0]).text,
                    c_value(printer, scalar[1]).text);
        scalar += 2;
    }
    if (end->penalises)
        writer_line(printer->writer, "flux_l2_%s(&%s, %s);", suffix, name,
                    c_value(printer, *scalar).text);
    return name;
}

/* What a call's name says of its end, and its arguments for that: "c, " in the
 * midst, and what stands last. An optimiser that is a variable has its own c.
 */
typedef struct {
    const char *kind;
    const char *to;
    const char *last;
} CallEnd;

static CallEnd
call_ending(Printer *printer, const Product *product, const Affine *at)
{
    if (is_adjusted(product)) {
        const char *name = call_optimiser(printer, product, at);
        return (CallEnd){"optimiser_", "",
                         arena_printf(printer->arena, "&%s", name)};
    }
    const char *to = c_pointer(printer, product->buffer[0], at);
    return (CallEnd){call_kind(product),
                     arena_printf(printer->arena, "%s, ", to),
                     call_end(printer, product, at)};
}

/* Sums into the columns of a table. */
static void
call_scatter(Printer *printer, const Product *product)
{
    Affine at[3];
    Dim stride[3][3];
    c_call_strides(printer, product, at, stride);
    CallEnd end = call_ending(printer, product, &at[0]);
    writer_line(printer->writer,
                "flux_scatter_%s%s(%s, %s, %s, %s, %s, %s, %s, %s%s, %s);",
                end.kind, c_suffix(product->dtype), call_isa(printer),
                c_call_count(printer, product->var[0]),
                c_call_count(printer, product->var[1]),
                c_call_count(printer, product->var[2]),
                c_pointer(printer, product->buffer[1], &at[1]),
                c_dim(printer, stride[1][2]).text,
                c_pointer(printer, product->buffer[2], &at[2]), end.to,
                c_dim(printer, stride[0][1]).text, end.last);
}

/* A product, or sums of columns. */
static void
call_product(Printer *printer, const Product *product)
{
    Affine at[3];
    Dim stride[3][3];
    c_call_strides(printer, product, at, stride);
    bool sums = product->buffer[2] < 0;
    const char *factor = "";
    const char *columns = "";
    const char *next = "";
    const char *pool = "";
    const char *panels = "";
    if (product->panels != 0) {
        Affine whole = affine_of(0);
        panels = arena_printf(printer->arena, "%s, ",
                              c_pointer(printer, product->panels - 1, &whole));
    }
    if (!sums) {
        pool = arena_printf(printer->arena, "%s, ",
                            printer->pool != NULL ? printer->pool : "NULL");
        columns = arena_printf(printer->arena, "%s, ",
                               c_call_count(printer, product->var[1]));
        factor = arena_printf(printer->arena, "%s, %s, %s, ",
                              c_pointer(printer, product->buffer[2], &at[2]),
                              c_dim(printer, stride[2][2]).text,
                              c_dim(printer, stride[2][1]).text);
        next = arena_printf(printer->arena, "%s, ",
                            c_dim(printer, stride[0][1]).text);
    }
    CallEnd end = call_ending(printer, product, &at[0]);
    writer_line(
        printer->writer,
        "flux_%s_%s%s%s(%s, %s%s, %s, %s%s, %s, %s, %s, %s%s%s%s, %s%s);",
        sums ? "sums" : "product", end.kind,
        product->panels != 0 ? "panels_" : "", c_suffix(product->dtype),
        call_isa(printer), pool, c_order(product->order),
        c_call_count(printer, product->var[0]), columns,
        c_call_count(printer, product->var[2]),
        c_pointer(printer, product->buffer[1], &at[1]),
        c_dim(printer, stride[1][0]).text, c_dim(printer, stride[1][2]).text,
        panels, factor, end.to, c_dim(printer, stride[0][0]).text, next,
        end.last);
}

void
c_call(Printer *printer, const Stmt *stmt)
{
    const Product *product = stmt->product;
    CScope *scope = &printer->scope;
    size_t mark = c_scope_mark(scope);
    bool optimiser = is_adjusted(product); /* a variable of the block's */
    if (optimiser)
        writer_line(printer->writer, "{");
    if (product->scatter)
        call_scatter(printer, product);
    else if (product->maxima)
        call_maxima(printer, product);
    else if (product->windows)
        call_windows(printer, product);
    else if (product->end.kind == END_panels)
        call_panels(printer, product);
    else if (product->end.kind == END_turned)
        call_turned(printer, product);
    else if (product->right > 0)
        call_right(printer, product);
    else
        call_product(printer, product);
    if (!optimiser)
        return;
    c_scope_leave(scope, mark);
    writer_line(printer->writer, "}");
}
