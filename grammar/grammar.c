/* From a source to its syntax tree: UTF-8 is checked, then the text is parsed.
 */
#include "grammar/grammar.h"

#include "grammar/lexer.h"
#include "grammar/net.tab.h"

#include <string.h>

/* The number of a source in its context. */
static uint32_t
number_of(const Context *context, const Source *source)
{
    uint32_t number = 1;
    while (number < context->sources.count &&
           context->sources.item[number] != source)
        number++;
    return number;
}

/* The length of the UTF-8 sequence at p (Unicode Standard, table 3-7), or 0. */
static uint32_t
sequence(const unsigned char *p, uint32_t left)
{
    uint32_t length = p[0] < 0x80                  ? 1
                      : p[0] < 0xC2 || p[0] > 0xF4 ? 0
                      : p[0] < 0xE0                ? 2
                      : p[0] < 0xF0                ? 3
                                                   : 4;
    if (!length || length > left)
        return 0;
    for (uint32_t i = 1; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool outside =
        (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
        (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F);
    return outside ? 0 : length;
}

/* The text with spaces for what is not UTF-8, which is reported: each
 * byte of a Latin-1 file, at most 20 of them.
 */
static const char *
checked_text(Context *context, const Source *source, uint32_t number)
{
    const unsigned char *text = (const unsigned char *)source->text;
    char *copy = NULL;
    int reported = 0;
    for (uint32_t i = 0; i < source->size;) {
        uint32_t length = sequence(text + i, source->size - i);
        if (!length) {
            Span span = {number, i, i + 1};
            if (reported++ < 20)
                diag_add(&context->diags, DIAG_utf8, span,
                         "byte 0x%02X is no UTF-8", text[i]);
            if (!copy)
                copy = arena_copy(&context->arena, source->text,
                                  (size_t)source->size + 16);
            copy[i] = ' ';
        }
        i += length ? length : 1;
    }
    return copy ? copy : source->text;
}

Ast *
grammar_parse(Context *context, const Source *source)
{
    uint32_t number = number_of(context, source);
    Build build = {.context = context};
    Lexer lexer;
    lexer_start(&lexer, &build, number, checked_text(context, source, number),
                source->size);
    net_parse(&lexer, &build);
    ast_settle(&build, 0, !build.too_deep);
    if (build.program)
        return build.program;
    Span all = {number, 0, source->size};
    return ast_block_add(&build, ast_block(&build, all),
                         ast_word(&build, AST_ERROR, all), false);
}

bool
grammar_unfinished(const Source *source)
{
    Context scratch;
    context_init(&scratch);
    Build build = {.context = &scratch};
    Lexer lexer;
    uint32_t number =
        source_add(&scratch.sources, source->path, source->text, source->size);
    lexer_start(
        &lexer, &build, number,
        checked_text(&scratch, source_get(&scratch.sources, number), number),
        source->size);
    NET_STYPE value;
    Span span;
    while (net_lex(&value, &span, &lexer) != TK_END_OF_FILE)
        continue;
    context_free(&scratch);
    return lexer.text_unfinished && !build.too_deep;
}
