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

/* The text with spaces for what is not UTF-8, which is reported: the
 * first byte of each place, at most 20 of them.
 */
static const char *
checked_text(Context *context, const Source *source, uint32_t number)
{
    const unsigned char *text = (const unsigned char *)source->text;
    char *copy = NULL;
    int reported = 0;
    for (uint32_t i = 0; i < source->size;) {
        size_t length = source_utf8(source->text + i, source->size - i);
        if (!length) {
            Span span = {number, i, i + 1};
            if (reported++ < 20)
                diag_add(&context->diags, DIAG_utf8, span,
                         "byte 0x%02X is not UTF-8", text[i]);
            if (!copy)
                copy = arena_copy(&context->arena, source->text,
                                  (size_t)source->size + 16);
            do
                copy[i++] = ' ';
            while ((text[i] & 0xC0) == 0x80);
        }
        i += (uint32_t)length;
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
