/* The syntax tree as S-expressions: one line, or a line a statement.
 *
 * `(call f (x ;(= k 2)))`: lists stand in parentheses of their own, keyword
 * arguments behind `;`. A statement that ends in `;` is `(quiet x)`, and at the
 * top `x ;`. Numbers print as the shortest text that reads back.
 */
#include "syntax/ast.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const word_of[AST_KINDS] = {
#define AST(kind, name, print, word) [AST_##kind] = word,
#include "syntax/ast.def"
#undef AST
};

static void print(const Ast *ast, FILE *file);

static void
print_word(const Ast *ast, FILE *file)
{
    fputs(word_of[ast->kind], file);
}

/* A name, a :symbol. */
static void
print_name(const Ast *ast, FILE *file)
{
    fprintf(file, "%s%s", word_of[ast->kind], ast->as.name);
}

static void
print_int(const Ast *ast, FILE *file)
{
    fprintf(file, "%" PRId64, ast->as.integer);
}

static void
print_bool(const Ast *ast, FILE *file)
{
    fputs(ast->as.boolean ? "true" : "false", file);
}

/* 0.5, 0.5f0 */
static void
print_float(const Ast *ast, FILE *file)
{
    double number = ast->as.number;
    char text[40];
    bool whole =
        number < 1e15 && number > -1e15 && number == (double)(int64_t)number;
    for (int digits = whole ? 0 : 1; digits <= 17; digits++) {
        if (whole)
            snprintf(text, sizeof text, "%.1f", number);
        else
            snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    fprintf(file, "%s%s", text, word_of[ast->kind]);
}

static void
print_string(const Ast *ast, FILE *file)
{
    fputc('"', file);
    for (size_t i = 0; i < ast->as.string.length; i++) {
        unsigned char c = (unsigned char)ast->as.string.text[i];
        if (c == '"' || c == '\\' || c == '$')
            fprintf(file, "\\%c", c);
        else if (c == '\n')
            fputs("\\n", file);
        else if (c < 0x20 || c == 0x7F)
            fprintf(file, "\\x%02X", c);
        else
            fputc(c, file);
    }
    fputc('"', file);
}

/* A statement in a block says whether it is quiet. */
static void
print_statement(const Ast *ast, FILE *file)
{
    if (ast->quiet)
        fputs("(quiet ", file);
    print(ast, file);
    if (ast->quiet)
        fputc(')', file);
}

/* (head a b c) */
static void
print_items(const char *head, const AstList *list, FILE *file)
{
    fprintf(file, "(%s", head);
    for (size_t i = 0; i < list->count; i++) {
        fputc(' ', file);
        print_statement(list->item[i], file);
    }
    fputc(')', file);
}

static void
print_list(const Ast *ast, FILE *file)
{
    print_items(word_of[ast->kind], &ast->as.list, file);
}

/* (a b ;c d) */
static void
print_arguments(const AstList *positional, const AstList *keyword, FILE *file)
{
    fputc('(', file);
    for (size_t i = 0; i < positional->count; i++) {
        fputs(i ? " " : "", file);
        print(positional->item[i], file);
    }
    for (size_t i = 0; keyword && i < keyword->count; i++) {
        fputs(i || positional->count ? " " : "", file);
        fputs(i ? "" : ";", file);
        print(keyword->item[i], file);
    }
    fputc(')', file);
}

static void
print_param(const AstParam *param, FILE *file)
{
    fputs(param->value ? "(= " : param->splat ? "(... " : "", file);
    fputs(param->type ? "(:: " : "", file);
    if (param->name)
        fputs(param->name, file);
    else if (param->pattern)
        print(param->pattern, file);
    if (param->type) {
        fputs(param->name || param->pattern ? " " : "", file);
        print(param->type, file);
        fputc(')', file);
    }
    if (param->value) {
        fputc(' ', file);
        print(param->value, file);
    }
    fputs(param->value || param->splat ? ")" : "", file);
}

static void
print_params(const AstParams *params, FILE *file)
{
    fputc('(', file);
    for (size_t i = 0; i < params->count; i++) {
        const AstParam *param = &params->item[i];
        fputs(i ? " " : "", file);
        if (param->keyword && (!i || !params->item[i - 1].keyword))
            fputc(';', file);
        print_param(param, file);
    }
    fputc(')', file);
}

/* (def (call f (x)) body), (function (x) body), (-> x body) */
static void
print_function(const Ast *ast, FILE *file)
{
    const AstParams *params = &ast->as.function.params;
    const Ast *result = ast->as.function.result;
    bool arrow = ast->as.function.form == FORM_arrow;
    bool one = arrow && params->count == 1 && !params->item->splat &&
               !params->item->value && !params->item->keyword;
    fputs(arrow                                 ? "(-> "
          : ast->as.function.form == FORM_short ? "(def "
                                                : "(function ",
          file);
    fputs(result ? "(:: " : "", file);
    if (ast->as.function.name)
        fprintf(file, "(call %s ", ast->as.function.name);
    if (one)
        print_param(params->item, file);
    else
        print_params(params, file);
    fputs(ast->as.function.name ? ")" : "", file);
    if (result) {
        fputc(' ', file);
        print(result, file);
        fputc(')', file);
    }
    fputc(' ', file);
    print(ast->as.function.body, file);
    fputc(')', file);
}

static void
print_call(const Ast *ast, FILE *file)
{
    const Ast *body = ast->as.call.body;
    fprintf(file, "%s(%s ", body ? "(do " : "", word_of[ast->kind]);
    print(ast->as.call.callee, file);
    fputc(' ', file);
    if (ast->kind == AST_INDEX)
        print_items("vect", &ast->as.call.positional, file);
    else
        print_arguments(&ast->as.call.positional, &ast->as.call.keyword, file);
    fputc(')', file);
    if (body && body->kind == AST_FUNCTION) {
        fputc(' ', file);
        print_params(&body->as.function.params, file);
        fputc(' ', file);
        print(body->as.function.body, file);
    }
    fputs(body ? ")" : "", file);
}

static void
print_iterates(const AstIterate *iterate, size_t count, FILE *file)
{
    fputs("(iterate", file);
    for (size_t i = 0; i < count; i++) {
        fputs(" (in ", file);
        print(iterate[i].target, file);
        fputc(' ', file);
        print(iterate[i].range, file);
        fputc(')', file);
    }
    fputc(')', file);
}

static void
print_generator(const Ast *ast, FILE *file)
{
    fputs("(generator ", file);
    print(ast->as.generator.element, file);
    for (size_t i = 0; i < ast->as.generator.count; i++) {
        const AstClause *clause = &ast->as.generator.clause[i];
        fputc(' ', file);
        if (clause->condition) {
            fputs("(if ", file);
            print(clause->condition, file);
            fputc(')', file);
        } else {
            print_iterates(clause->iterate, clause->count, file);
        }
    }
    fputc(')', file);
}

static void
print_comprehension(const Ast *ast, FILE *file)
{
    fputs("(comprehension ", file);
    print_generator(ast, file);
    fputc(')', file);
}

static void
print_if(const char *head, const Ast *ast, FILE *file)
{
    const Ast *otherwise = ast->as.branch.otherwise;
    fprintf(file, "(%s ", head);
    print(ast->as.branch.condition, file);
    fputc(' ', file);
    print(ast->as.branch.then, file);
    fputc(' ', file);
    if (!otherwise)
        fputs("(else)", file);
    else if (ast->kind == AST_TERNARY)
        print(otherwise, file);
    else if (otherwise->kind == AST_IF)
        print_if("elseif", otherwise, file);
    else if (otherwise->kind == AST_BLOCK)
        print_items("else", &otherwise->as.list, file);
    else
        print(otherwise, file);
    fputc(')', file);
}

static void
print_branch(const Ast *ast, FILE *file)
{
    print_if(word_of[ast->kind], ast, file);
}

static void
print_compare(const Ast *ast, FILE *file)
{
    const AstList *operand = &ast->as.compare.operand;
    fputs("(cmp ", file);
    print(operand->item[0], file);
    for (size_t i = 1; i < operand->count; i++) {
        fprintf(file, " %s ", ast->as.compare.op[i - 1]);
        print(operand->item[i], file);
    }
    fputc(')', file);
}

/* (head a b): what is NULL is left out. */
static void
print_parts(const char *head, const Ast *a, const Ast *b, const Ast *c,
            FILE *file)
{
    const Ast *part[] = {a, b, c};
    fprintf(file, "(%s", head);
    for (size_t i = 0; i < 3; i++)
        if (part[i]) {
            fputc(' ', file);
            print(part[i], file);
        }
    fputc(')', file);
}

static void
print_range(const Ast *ast, FILE *file)
{
    print_parts("range", ast->as.range.first, ast->as.range.step,
                ast->as.range.last, file);
}

static void
print_operator(const Ast *ast, FILE *file)
{
    print_parts(ast->as.binary.op, ast->as.binary.left, ast->as.binary.right,
                NULL, file);
}

/* 2x */
static void
print_product(const Ast *ast, FILE *file)
{
    print_parts("juxt", ast->as.binary.left, ast->as.binary.right, NULL, file);
}

static void
print_declare(const Ast *ast, FILE *file)
{
    print_parts("::", ast->as.declare.value, ast->as.declare.type, NULL, file);
}

static void
print_operand(const Ast *ast, FILE *file)
{
    print_parts(word_of[ast->kind], ast->as.operand, NULL, NULL, file);
}

static void
print_field(const Ast *ast, FILE *file)
{
    fputs("(. ", file);
    print(ast->as.field.object, file);
    fprintf(file, " %s)", ast->as.field.name);
}

static void
print_for(const Ast *ast, FILE *file)
{
    fputs("(for ", file);
    print_iterates(ast->as.loop.iterate, ast->as.loop.count, file);
    fputc(' ', file);
    print(ast->as.loop.body, file);
    fputc(')', file);
}

static void
print_while(const Ast *ast, FILE *file)
{
    print_parts("while", ast->as.repeat.condition, ast->as.repeat.body, NULL,
                file);
}

static void
print_let(const Ast *ast, FILE *file)
{
    fputs("(let ", file);
    print_arguments(&ast->as.let.binding, NULL, file);
    fputc(' ', file);
    print(ast->as.let.body, file);
    fputc(')', file);
}

static void
print_type(const Ast *ast, FILE *file)
{
    const Ast *parent = ast->as.type.parent;
    fprintf(file, "(%s ", ast->as.type.is_template ? "type" : "struct");
    if (parent) {
        fprintf(file, "(cmp %s <: ", ast->as.type.name);
        print(parent, file);
        fputs(") ", file);
    } else {
        fprintf(file, "%s ", ast->as.type.name);
    }
    print_items("block", &ast->as.type.member, file);
    fputc(')', file);
}

static void
print_use(const Ast *ast, FILE *file)
{
    const char *head = ast->as.use.import ? "import" : "using";
    if (!ast->as.use.module) {
        print_items(head, &ast->as.use.name, file);
        return;
    }
    fprintf(file, "(%s: %s", head, ast->as.use.module);
    for (size_t i = 0; i < ast->as.use.name.count; i++)
        fprintf(file, " %s", ast->as.use.name.item[i]->as.name);
    fputc(')', file);
}

static void
print_macro(const Ast *ast, FILE *file)
{
    const AstList *argument = &ast->as.macro.argument;
    if (!ast->as.macro.parens) {
        fprintf(file, "(macro %s", ast->as.macro.name);
        for (size_t i = 0; i < argument->count; i++) {
            fputc(' ', file);
            print(argument->item[i], file);
        }
    } else {
        fprintf(file, "(macro %s ", ast->as.macro.name);
        print_arguments(argument, NULL, file);
    }
    fputc(')', file);
}

static void
print(const Ast *ast, FILE *file)
{
    typedef void Print(const Ast *ast, FILE *file);
    static Print *const form[AST_KINDS] = {
#define AST(kind, name, print, word) [AST_##kind] = print_##print,
#include "syntax/ast.def"
#undef AST
    };
    form[ast->kind](ast, file);
}

void
ast_print(const Ast *ast, FILE *file)
{
    if (ast->kind != AST_BLOCK) {
        print(ast, file);
        fputc('\n', file);
        return;
    }
    for (size_t i = 0; i < ast->as.list.count; i++) {
        const Ast *statement = ast->as.list.item[i];
        print(statement, file);
        fputs(statement->quiet ? " ;\n" : "\n", file);
    }
}
