/* Diagnostics as JSON (RFC 8259), an object a line, for editors:
 *
 *     {"code":"F0201","severity":"error","message":"…","file":"model.net",
 *     "line":4,"column":13,"end":{"line":4,"column":23},"frames":[{"model":
 *     "Affine","file":"…","line":4,"column":8,"shapes":"…"}],"hint":"…"}
 *
 * Lines and columns count from 1, columns in code points; the end is behind the
 * last character. What is not known is left out.
 */
#include "base/diag.h"

#include <string.h>

/* A string with its quotes; a byte that is not UTF-8 becomes U+FFFD. */
static void
print_string(const char *text, FILE *file)
{
    size_t length = strlen(text);
    fputc('"', file);
    for (size_t i = 0; i < length;) {
        size_t n = source_utf8(text + i, length - i);
        unsigned char c = (unsigned char)text[i];
        if (n == 0)
            fputs("\\ufffd", file);
        else if (c == '"' || c == '\\')
            fprintf(file, "\\%c", c);
        else if (c < 0x20 || c == 0x7F)
            fprintf(file, "\\u%04x", c);
        else
            fwrite(text + i, 1, n, file);
        i += n ? n : 1;
    }
    fputc('"', file);
}

static void
print_member(const char *name, const char *text, FILE *file)
{
    if (text == NULL)
        return;
    fprintf(file, ",\"%s\":", name);
    print_string(text, file);
}

static void
print_place(const Source *source, uint32_t offset, FILE *file)
{
    Place place = source_place(source, offset);
    fprintf(file, "\"line\":%lu,\"column\":%lu", (unsigned long)place.line,
            (unsigned long)place.column);
}

static void
print_span(const Diags *diags, Span span, FILE *file)
{
    const Source *source = source_get(diags->sources, span.source);
    if (source == NULL)
        return;
    print_member("file", source->path, file);
    fputc(',', file);
    print_place(source, span.begin, file);
    fputs(",\"end\":{", file);
    print_place(source, span.end, file);
    fputc('}', file);
}

static void
print_frames(const Diags *diags, const Frame *frame, FILE *file)
{
    const char *join = ",\"frames\":[";
    for (const Frame *f = frame; f != NULL; f = f->caller) {
        fprintf(file, "%s{\"model\":", join);
        print_string(f->model, file);
        print_span(diags, f->span, file);
        print_member("shapes", f->shapes, file);
        fputc('}', file);
        join = ",";
    }
    if (frame != NULL)
        fputc(']', file);
}

void
diag_json(const Diags *diags, FILE *file)
{
    static const char *const severity[] = {"note", "warning", "error"};
    size_t shown = 0;
    for (size_t i = 0; i < diags->count; i++) {
        const Diag *diag = diags->item[i];
        const DiagInfo *info = &diag_info[diag->code];
        shown += info->severity == SEVERITY_error;
        fprintf(file, "{\"code\":\"%s\",\"severity\":\"%s\"", info->code,
                severity[info->severity]);
        print_member("message", diag->message, file);
        print_span(diags, diag->span, file);
        print_frames(diags, diag->frame, file);
        print_member("hint", diag->hint, file);
        fputs("}\n", file);
    }
    if (diags->errors > shown)
        fprintf(file,
                "{\"severity\":\"note\","
                "\"message\":\"%zu more errors are not shown\"}\n",
                diags->errors - shown);
}
