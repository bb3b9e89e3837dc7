/* csv.c - tables of numbers from comma-separated values (RFC 4180).
 *
 * Lines end in LF or CRLF; a quoted field may hold separators, line ends and
 * doubled quotes. Blanks around a number do not count, blank lines neither.
 */
#define _POSIX_C_SOURCE 200809L

#include "runtime/error.h"
#include "runtime/file.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Place {
    size_t line;
    size_t column; /* in characters */
} Place;

typedef struct Reader {
    const char *at;
    const char *end;
    char separator;
    Place place;
    char *field; /* the decoded field; as long as the text, and a zero */
    size_t length;
    Place began; /* the field */
    flux_error *err;
} Reader;

/* What ended a field. */
typedef enum Stop { STOP_FIELD, STOP_RECORD, STOP_TEXT, STOP_ERROR } Stop;

static flux_status
csv_error(const Reader *r, Place place, const char *what)
{
    return flux_error_set(r->err, FLUX_E_FORMAT, "%zu:%zu: %s", place.line,
                          place.column, what);
}

/* Takes one byte; keeps count of lines and characters. */
static char
csv_take(Reader *r)
{
    char c = *r->at++;
    if (c == '\n') {
        r->place.line++;
        r->place.column = 1;
    } else if (((unsigned char)c & 0xc0) != 0x80) {
        r->place.column++;
    }
    return c;
}

/* Takes a line end; whether there was one. */
static int
csv_line_end(Reader *r)
{
    if (r->at < r->end && *r->at == '\n') {
        csv_take(r);
        return 1;
    }
    if (r->end - r->at >= 2 && r->at[0] == '\r' && r->at[1] == '\n') {
        csv_take(r);
        csv_take(r);
        return 1;
    }
    return 0;
}

/* The rest of a quoted field, after its first quote. */
static int
csv_quoted(Reader *r)
{
    while (r->at < r->end) {
        char c = csv_take(r);
        if (c != '"') {
            r->field[r->length++] = c;
        } else if (r->at < r->end && *r->at == '"') {
            csv_take(r);
            r->field[r->length++] = '"';
        } else {
            return 1;
        }
    }
    csv_error(r, r->began, "a quoted field without an end");
    return 0;
}

/* One field, decoded, and what ended it. */
static Stop
csv_field(Reader *r)
{
    r->began = r->place;
    r->length = 0;
    int quoted = r->at < r->end && *r->at == '"';
    if (quoted) {
        csv_take(r);
        if (!csv_quoted(r))
            return STOP_ERROR;
    }
    Stop stop = STOP_TEXT;
    while (r->at < r->end) {
        if (*r->at == r->separator) {
            csv_take(r);
            stop = STOP_FIELD;
            break;
        }
        if (csv_line_end(r)) {
            stop = STOP_RECORD;
            break;
        }
        if (quoted || *r->at == '"') {
            csv_error(r, r->place,
                      quoted ? "text after the closing quote"
                             : "a quote inside an unquoted field");
            return STOP_ERROR;
        }
        r->field[r->length++] = csv_take(r);
    }
    r->field[r->length] = '\0';
    if (memchr(r->field, '\0', r->length) != NULL) {
        csv_error(r, r->began, "a zero byte in a field");
        return STOP_ERROR;
    }
    return stop;
}

static void
csv_skip_blank_lines(Reader *r)
{
    while (csv_line_end(r))
        continue;
}

static int
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *
skip_digits(const char *s)
{
    while (*s >= '0' && *s <= '9')
        s++;
    return s;
}

/* Whether s without its sign is one of the words, in any case. */
static int
is_word(const char *s, double *value)
{
    static const struct {
        const char *text;
        double value;
    } words[] = {{"nan", (double)NAN},
                 {"inf", (double)INFINITY},
                 {"infinity", (double)INFINITY}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *w = words[i].text;
        const char *t = s;
        while (*w != '\0' && (*t == *w || *t == *w - 'a' + 'A')) {
            w++;
            t++;
        }
        if (*w == '\0' && *t == '\0') {
            *value = words[i].value;
            return 1;
        }
    }
    return 0;
}

/* Whether s is digits with an optional point and exponent. */
static int
is_decimal(const char *s)
{
    const char *t = skip_digits(s);
    size_t digits = (size_t)(t - s);
    if (*t == '.') {
        const char *fraction = ++t;
        t = skip_digits(fraction);
        digits += (size_t)(t - fraction);
    }
    if (digits == 0)
        return 0;
    if (*t == 'e' || *t == 'E') {
        t++;
        t += *t == '+' || *t == '-';
        const char *exponent = t;
        t = skip_digits(exponent);
        if (t == exponent)
            return 0;
    }
    return *t == '\0';
}

/* The field as a number: NULL, or what is wrong with it. Trims the field. */
static const char *
csv_number(Reader *r, double *value)
{
    char *s = r->field;
    size_t length = r->length;
    while (length > 0 && is_blank(s[length - 1]))
        s[--length] = '\0';
    while (is_blank(*s))
        s++;
    if (*s == '\0')
        return "a field is missing";
    const char *digits = s + (*s == '+' || *s == '-');
    if (is_word(digits, value)) {
        *value = *s == '-' ? -*value : *value;
        return NULL;
    }
    if (!is_decimal(digits))
        return "not a number";
    *value = strtod(s, NULL);
    return isinf(*value) ? "a number beyond the largest double" : NULL;
}

/* "3:7: not a number: 'abc'" */
static flux_status
csv_number_error(const Reader *r, const char *what)
{
    if (r->length == 0 || r->field[0] == '\0')
        return csv_error(r, r->began, what);
    return flux_error_set(r->err, FLUX_E_FORMAT, "%zu:%zu: %s: '%.40s'",
                          r->began.line, r->began.column, what, r->field);
}

/* The table while it grows; room counts numbers or names. */
typedef struct Rows {
    flux_table table;
    size_t used;
    size_t room;
} Rows;

static flux_status
csv_push(Reader *r, Rows *rows, double value)
{
    if (rows->used == rows->room) {
        size_t more = rows->room == 0 ? 256 : flux_mul(rows->room, 2);
        size_t bytes = flux_mul(more, sizeof(double));
        double *bigger =
            bytes > PTRDIFF_MAX ? NULL : realloc(rows->table.data, bytes);
        if (bigger == NULL)
            return flux_error_set(r->err, FLUX_E_MEMORY, "out of memory");
        rows->table.data = bigger;
        rows->room = more;
    }
    rows->table.data[rows->used++] = value;
    return FLUX_OK;
}

/* One record of numbers. */
static flux_status
csv_record(Reader *r, Rows *rows)
{
    size_t fields = 0;
    size_t line = r->place.line;
    Stop stop;
    do {
        stop = csv_field(r);
        if (stop == STOP_ERROR)
            return FLUX_E_FORMAT;
        double value = 0.0;
        const char *what = csv_number(r, &value);
        if (what != NULL)
            return csv_number_error(r, what);
        flux_status status = csv_push(r, rows, value);
        if (status != FLUX_OK)
            return status;
        fields++;
    } while (stop == STOP_FIELD);
    if (rows->table.cols == 0)
        rows->table.cols = fields;
    if (fields != rows->table.cols)
        return flux_error_set(r->err, FLUX_E_FORMAT,
                              "%zu:1: %zu fields, where the first record has "
                              "%zu",
                              line, fields, rows->table.cols);
    rows->table.rows++;
    return FLUX_OK;
}

static flux_status
csv_name(Reader *r, flux_table *table, size_t *room)
{
    if (table->cols == *room) {
        size_t more = *room == 0 ? 16 : *room * 2;
        char **bigger = realloc(table->name, more * sizeof *bigger);
        if (bigger == NULL)
            return flux_error_set(r->err, FLUX_E_MEMORY, "out of memory");
        table->name = bigger;
        *room = more;
    }
    char *name = malloc(r->length + 1);
    if (name == NULL)
        return flux_error_set(r->err, FLUX_E_MEMORY, "out of memory");
    memcpy(name, r->field, r->length + 1);
    table->name[table->cols++] = name;
    return FLUX_OK;
}

/* The first record as names. *numeric: whether all that are there are numbers.
 */
static flux_status
csv_names(Reader *r, flux_table *table, int *numeric)
{
    size_t room = 0;
    Stop stop;
    *numeric = 1;
    do {
        stop = csv_field(r);
        if (stop == STOP_ERROR)
            return FLUX_E_FORMAT;
        flux_status status = csv_name(r, table, &room);
        if (status != FLUX_OK)
            return status;
        double value;
        if (csv_number(r, &value) != NULL && r->length > 0)
            *numeric = 0;
    } while (stop == STOP_FIELD);
    return FLUX_OK;
}

static void
csv_drop_names(flux_table *table)
{
    for (size_t i = 0; table->name != NULL && i < table->cols; i++)
        free(table->name[i]);
    free(table->name);
    table->name = NULL;
    table->cols = 0;
}

/* Decides about the first record; on return the reader stands at the first
 * record of numbers.
 */
static flux_status
csv_header(Reader *r, flux_csv_header header, flux_table *table)
{
    if (header == FLUX_CSV_NONE || r->at >= r->end)
        return FLUX_OK;
    Reader before = *r;
    int numeric = 0;
    flux_status status = csv_names(r, table, &numeric);
    if (status != FLUX_OK)
        return status;
    if (header == FLUX_CSV_AUTO && numeric)
        *r = before;
    if (header == FLUX_CSV_SKIP || (header == FLUX_CSV_AUTO && numeric))
        csv_drop_names(table);
    return FLUX_OK;
}

static flux_status
csv_run(Reader *r, flux_csv_header header, Rows *rows)
{
    if (r->end - r->at >= 3 && memcmp(r->at, "\xef\xbb\xbf", 3) == 0)
        r->at += 3;
    csv_skip_blank_lines(r);
    flux_status status = csv_header(r, header, &rows->table);
    csv_skip_blank_lines(r);
    while (status == FLUX_OK && r->at < r->end) {
        status = csv_record(r, rows);
        csv_skip_blank_lines(r);
    }
    return status;
}

/* Reads a text; see flux.h. */
flux_status
flux_csv_parse(const char *text, size_t size, const flux_csv_options *options,
               flux_table *table, flux_error *err)
{
    static const flux_csv_options defaults = {0};
    const flux_csv_options *o = options == NULL ? &defaults : options;
    if (text == NULL || table == NULL)
        return flux_error_set(err, FLUX_E_NULL, "no text, or no table");
    if (o->separator == '"' || o->separator == '\n' || o->separator == '\r')
        return flux_error_set(err, FLUX_E_UNSUPPORTED,
                              "a quote or a line end cannot separate fields");
    if (size >= PTRDIFF_MAX)
        return flux_error_set(err, FLUX_E_SIZE, "the text is too long");
    Reader r = {.at = text,
                .end = text + size,
                .separator = o->separator == 0 ? ',' : o->separator,
                .place = {1, 1},
                .field = malloc(size + 1),
                .err = err};
    if (r.field == NULL)
        return flux_error_set(err, FLUX_E_MEMORY, "out of memory");
    /* Numbers have a point whatever the program's locale says. */
    locale_t c_locale = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) {
        free(r.field);
        return flux_error_set(err, FLUX_E_MEMORY, "out of memory");
    }
    locale_t before = uselocale(c_locale);
    Rows rows = {.table = {0}};
    flux_status status = csv_run(&r, o->header, &rows);
    uselocale(before);
    freelocale(c_locale);
    free(r.field);
    if (status == FLUX_OK)
        *table = rows.table;
    else
        flux_table_free(&rows.table);
    return status;
}

/* Reads a file; see flux.h. */
flux_status
flux_csv_read(const char *path, const flux_csv_options *options,
              flux_table *table, flux_error *err)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    flux_status status = flux_file_read(path, &bytes, &size, err);
    if (status != FLUX_OK)
        return status;
    status = flux_unpack(&bytes, &size, err);
    if (status == FLUX_OK)
        status = flux_csv_parse((const char *)bytes, size, options, table, err);
    free(bytes);
    if (status != FLUX_OK)
        flux_error_prefix(err, path);
    return status;
}

/* Frees names and numbers and empties the table. */
void
flux_table_free(flux_table *table)
{
    if (table == NULL)
        return;
    csv_drop_names(table);
    free(table->data);
    *table = (flux_table){0};
}
