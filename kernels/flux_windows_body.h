/* flux_windows_body.h - products over several axes for one element type;
 * flux_windows_f32.h and flux_windows_f64.h include it, with
 *
 *    FLUX_T               the element type
 *    FLUX_NAME(name)      the name with the type's suffix
 *    FLUX_ON(name, set)   that with the suffix of an instruction set
 */

/* A block of terms, and the rows or columns that are multiplied with it. */
typedef struct {
    size_t rows;
    size_t run; /* so many rows are neighbours in a */
    size_t terms;
    flux_axis row[128 / sizeof(FLUX_T)];
    flux_axis term[FLUX_TERMS];
    FLUX_T a[FLUX_TERMS * 128 / sizeof(FLUX_T)]; /* terms of `lanes` rows */
    FLUX_T b[FLUX_COLUMNS * FLUX_TERMS];         /* columns of terms */
} FLUX_NAME(flux_block_of);

/* to[i] = from[i] for a run of elements: short, so eight or four at a time. */
FLUX_INLINE void
FLUX_NAME(flux_run)(size_t count, const FLUX_T *from, FLUX_T *to)
{
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        memcpy(to + i, from + i, 8 * sizeof *to);
    if (i + 4 <= count) {
        memcpy(to + i, from + i, 4 * sizeof *to);
        i += 4;
    }
    for (; i < count; i++)
        memcpy(to + i, from + i, sizeof *to);
}

/* The rows of a block, side by side for each term: runs of elements that are
 * neighbours in a, or one by one. */
FLUX_STATIC void
FLUX_NAME(flux_lay_rows)(FLUX_NAME(flux_block_of) * block, size_t lanes,
                         const FLUX_T *a)
{
    size_t run = block->run;
    if (run == 1) {
        for (size_t i = 0; i < block->rows; i++) {
            const FLUX_T *from = a + block->row[i].a;
            for (size_t k = 0; k < block->terms; k++)
                block->a[k * lanes + i] = from[block->term[k].a];
        }
        return;
    }
    for (size_t k = 0; k < block->terms; k++) {
        const FLUX_T *from = a + block->term[k].a;
        FLUX_T *to = block->a + k * lanes;
        for (size_t i = 0; i < block->rows; i += run)
            FLUX_NAME(flux_run)(run, from + block->row[i].a, to + i);
    }
}

/* The terms of some columns, one column after the other. */
FLUX_STATIC void
FLUX_NAME(flux_lay_columns)(FLUX_NAME(flux_block_of) * block, size_t columns,
                            const flux_axis *column, const FLUX_T *b)
{
    for (size_t k = 0; k < block->terms;) {
        size_t run = 1;
        while (k + run < block->terms &&
               block->term[k + run].b == block->term[k].b + run)
            run++;
        for (size_t j = 0; j < columns; j++)
            FLUX_NAME(flux_run)
        (run, b + column[j].b + block->term[k].b,
         block->b + j * FLUX_TERMS + k);
        k += run;
    }
}

/* Adds the products of a block to the results: to +0 where it is the first. */
FLUX_STATIC void
FLUX_NAME(flux_multiply)(flux_isa isa, flux_order order,
                         const FLUX_NAME(flux_block_of) * block, size_t lanes,
                         size_t columns, const flux_axis *column, FLUX_T *c,
                         int first)
{
    FLUX_T sum[FLUX_COLUMNS * 128 / sizeof(FLUX_T)];
    const flux_product_end end = {FLUX_SET, 0, NULL};
    FLUX_NAME(flux_product_isa)
    (isa, order, lanes, columns, block->terms, block->a, 1, lanes, block->b, 1,
     FLUX_TERMS, sum, 1, lanes, end);
    for (size_t j = 0; j < columns; j++) {
        FLUX_T *to = c + column[j].c;
        const FLUX_T *from = sum + j * lanes;
        size_t last = block->rows - 1;
        if (block->row[last].c == block->row[0].c + last) {
            to += block->row[0].c;
            for (size_t i = 0; i <= last; i++)
                to[i] = first ? from[i] : to[i] + from[i];
            continue;
        }
        for (size_t i = 0; i <= last; i++) {
            FLUX_T *one = to + block->row[i].c;
            *one = first ? from[i] : *one + from[i];
        }
    }
}

/* The results of some rows, block of terms by block of terms. What stands laid
 * out of b's only block is used again. */
FLUX_STATIC void
FLUX_NAME(flux_windows_rows)(flux_isa isa, flux_order order,
                             FLUX_NAME(flux_block_of) * block, size_t columns,
                             const flux_axis *column, size_t terms,
                             const flux_axis *term, const FLUX_T *a,
                             const FLUX_T *b, FLUX_T *c, int again)
{
    const size_t lanes = 128 / sizeof(FLUX_T);
    size_t width = flux_axes_count(columns, column);
    size_t length = flux_axes_count(terms, term);
    flux_place at = {{0}, {0, 0, 0, 0}};
    for (size_t k = 0; k == 0 || k < length; k += FLUX_TERMS) {
        flux_place across = {{0}, {0, 0, 0, 0}};
        block->terms = length - k < FLUX_TERMS ? length - k : FLUX_TERMS;
        if (!again || length > FLUX_TERMS)
            flux_places(&at, terms, term, block->terms, block->term);
        FLUX_NAME(flux_lay_rows)(block, lanes, a);
        for (size_t j = 0; j < width; j += FLUX_COLUMNS) {
            flux_axis some[FLUX_COLUMNS];
            size_t wide = width - j < FLUX_COLUMNS ? width - j : FLUX_COLUMNS;
            flux_places(&across, columns, column, wide, some);
            if (!again || length > FLUX_TERMS || width > FLUX_COLUMNS)
                FLUX_NAME(flux_lay_columns)(block, wide, some, b);
            FLUX_NAME(flux_multiply)
            (isa, order, block, lanes, wide, some, c, k == 0);
        }
    }
}

/* The product in place, in vectors of rows or columns; 0 where it has not been
 * taken so. */
FLUX_STATIC int
FLUX_NAME(flux_windows_vectors)(flux_isa isa, size_t rows, const flux_axis *row,
                                size_t columns, const flux_axis *column,
                                size_t terms, const flux_axis *term,
                                size_t frames, const flux_frame *frame,
                                const FLUX_T *a, const FLUX_T *b, FLUX_T *c)
{
#if FLUX_VECTORS
    isa = FLUX_ISA_OF(isa);
    if (isa != FLUX_ISA_PLAIN)
        return FLUX_ON_VECTORS(isa, flux_windows_direct, rows, row, columns,
                               column, terms, term, frames, frame, a, b, c);
#endif
    (void)isa, (void)rows, (void)row, (void)columns, (void)column, (void)terms;
    (void)term, (void)frames, (void)frame, (void)a, (void)b, (void)c;
    return 0;
}

FLUX_KERNEL void
FLUX_NAME(flux_windows)(flux_isa isa, flux_order order, size_t rows,
                        const flux_axis *row, size_t columns,
                        const flux_axis *column, size_t terms,
                        const flux_axis *term, const FLUX_T *a, const FLUX_T *b,
                        FLUX_T *c)
{
    const size_t lanes = 128 / sizeof(FLUX_T);
    FLUX_NAME(flux_block_of) block;
    flux_axis turned[3][FLUX_AXES];
    flux_place at = {{0}, {0, 0, 0, 0}};
    if (order == FLUX_SEQ &&
        FLUX_NAME(flux_windows_vectors)(isa, rows, row, columns, column, terms,
                                        term, 0, NULL, a, b, c))
        return;
    if (rows > 0 && columns > 0 && term[0].length > row[0].length) {
        const FLUX_T *kept = a;
        size_t count = rows;
        flux_axes_swap(columns, column, turned[0]);
        flux_axes_swap(rows, row, turned[1]);
        flux_axes_swap(terms, term, turned[2]);
        rows = columns;
        columns = count;
        row = turned[0];
        column = turned[1];
        term = turned[2];
        a = b;
        b = kept;
    }
    size_t height = flux_axes_count(rows, row);
    if (height == 0)
        return;
    size_t line = row[0].length;
    size_t most = line < lanes ? lanes / line * line : lanes;
    for (size_t i = 0; i < FLUX_TERMS * lanes; i++)
        block.a[i] = 0; /* also lanes that have no row are multiplied */
    for (size_t i = 0; i < height; i += block.rows) {
        size_t left = line > lanes ? line - i % line : height - i;
        block.rows = left < most ? left : most;
        block.run = row[0].a != 1 ? 1 : line < block.rows ? line : block.rows;
        flux_places(&at, rows, row, block.rows, block.row);
        FLUX_NAME(flux_windows_rows)
        (isa, order, &block, columns, column, terms, term, a, b, c, i > 0);
    }
}

/* The elements of a sample, within zeros that are there. */
FLUX_STATIC void
FLUX_NAME(flux_lines_lay)(const flux_lines *lines, const flux_frame *frame,
                          const FLUX_T *a, FLUX_T *to)
{
    flux_place place = {{0}, {0, 0, 0, 0}};
    to += lines->start;
    for (size_t i = 0; i < lines->lines; i++) {
        const FLUX_T *from = a + place.at.a;
        FLUX_T *line = to + place.at.b;
        if (frame->step == 1)
            FLUX_NAME(flux_run)(lines->length, from, line);
        for (size_t x = 0; x < lines->length && frame->step != 1; x++)
            line[x] = from[x * frame->step];
        flux_place_next(&place, lines->axes, lines->axis);
    }
}

FLUX_KERNEL void
FLUX_NAME(flux_windows_framed)(flux_isa isa, flux_order order, size_t rows,
                               const flux_axis *row, size_t columns,
                               const flux_axis *column, size_t terms,
                               const flux_axis *term, size_t frames,
                               const flux_frame *frame, const FLUX_T *a,
                               const FLUX_T *b, FLUX_T *c)
{
    FLUX_T room[FLUX_FRAMED_ROOM];
    flux_lines lines;
    const flux_axis *sample = row + rows - 1;
    if (order == FLUX_SEQ &&
        FLUX_NAME(flux_windows_vectors)(isa, rows, row, columns, column, terms,
                                        term, frames, frame, a, b, c))
        return;
    flux_lines_plan(&lines, row, terms, term, frames, frame, frames);
    const size_t size = lines.size, most = FLUX_FRAMED_ROOM / size;
    flux_axis *some = lines.row + frames;
    some->length = most < sample->length ? most : sample->length;
    some->a = size;
    some->b = 0;
    some->c = sample->c;
    for (size_t i = 0; i < some->length * size; i++)
        room[i] = 0;
    for (size_t i = 0; i < sample->length; i += most) {
        if (sample->length - i < most)
            some->length = sample->length - i;
        for (size_t k = 0; k < some->length; k++)
            FLUX_NAME(flux_lines_lay)
        (&lines, frame, a + (i + k) * sample->a, room + k * size);
        FLUX_NAME(flux_windows)
        (isa, order, rows, lines.row, columns, column, terms, lines.term, room,
         b, c + i * sample->c);
    }
}
