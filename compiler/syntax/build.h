/* What the grammar's actions call: one function a form, each of which checks
 * what the grammar leaves open and gives a node, never NULL.
 *
 * Parentheses are a cover: whether `(x, k = 2)` are arguments, parameters or a
 * tuple is known only from what follows. An AstGroup keeps what stood in them;
 * a group or a call that makes sense only as parameters is pending until its
 * statement ends, and reported then if nothing took it as parameters.
 */
#ifndef FLUXC_SYNTAX_BUILD_H
#define FLUXC_SYNTAX_BUILD_H

#include "syntax/ast.h"

typedef struct {
    Ast *node; /* its group becomes NULL when it is taken as parameters */
    Span span;
    const char *message;
    const char *hint; /* or NULL */
} AstPending;

typedef struct {
    Context *context;
    bool too_deep; /* said once; the rest of the text is not read */
    struct {
        AstPending *item;
        size_t count;
        size_t capacity;
    } pending;
    Ast *program;
} Build;

/* A number as the lexer converted it. */
typedef struct {
    AstKind kind; /* AST_INT, AST_FLOAT, AST_FLOAT32 */
    int64_t integer;
    double number;
} AstNumber;

/* A piece of a string, decoded. */
typedef struct {
    const char *text;
    size_t length;
} AstText;

/* An operator and where it stands. */
typedef struct {
    const char *name;
    Span span;
} AstOp;

/* What stands between `;` in parentheses. */
typedef struct {
    AstList list;
    bool comma; /* behind the last */
} AstSection;

struct AstGroup {
    AstSection *item;
    size_t count;
    size_t capacity;
    Span span;
};

typedef struct {
    AstIterate *item;
    size_t count;
    size_t capacity;
} AstIterates;

typedef struct {
    AstClause *item;
    size_t count;
    size_t capacity;
} AstClauses;

/* ast.c: nodes and operators */

/* A diagnostic about the text. */
Diag *ast_report(Build *build, DiagCode code, Span span, const char *message,
                 const char *hint);

/* A node of a kind and depth 1; deepened by each child; checked when done:
 * AST_ERROR in its place if it is too deep.
 */
Ast *ast_new(Build *build, AstKind kind, Span span);
void ast_deepen(Ast *node, const Ast *child);
void ast_deepen_list(Ast *node, const AstList *list);
Ast *ast_checked(Build *build, Ast *node);

AstList *ast_list(Build *build, Ast *first);
AstList *ast_append(Build *build, AstList *list, Ast *ast);

Ast *ast_word(Build *build, AstKind kind, Span span);
Ast *ast_number(Build *build, Span span, AstNumber number);
Ast *ast_name(Build *build, Span span, const char *name);
Ast *ast_listed(Build *build, Span span, const char *name); /* true is none */
Ast *ast_symbol(Build *build, Span span, const char *name);
const char *ast_path(Build *build, const char *path, const char *name);
Ast *ast_text(Build *build, Span span, AstText text);
Ast *ast_operand(Ast *ast);
Ast *ast_string(Build *build, Span span, AstList *parts);
Ast *ast_unary(Build *build, AstKind kind, Span span, AstOp op, Ast *operand);
Ast *ast_juxtapose(Build *build, Span span, Span number_span, AstNumber number,
                   AstOp op, Ast *operand);
Ast *ast_binary(Build *build, AstKind kind, Span span, Ast *left, AstOp op,
                Ast *right);
Ast *ast_compare(Build *build, Span span, Ast *left, AstOp op, Ast *right);
Ast *ast_range(Build *build, Span span, Ast *left, Ast *right);
Ast *ast_ternary(Build *build, Span span, Ast *condition, Ast *then,
                 Ast *otherwise);
Ast *ast_declare(Build *build, Span span, Ast *value, Ast *type);
Ast *ast_wrap(Build *build, AstKind kind, Span span, Ast *operand);
Ast *ast_field(Build *build, Span span, Ast *object, const char *name);

/* ast_group.c: parentheses, calls, arrays */

AstSection *ast_section(Build *build, AstList *list, bool comma);
AstGroup *ast_sections(Build *build, Span span, AstSection *first);
AstGroup *ast_sections_add(Build *build, Span span, AstGroup *group,
                           AstSection *section);

/* (…) as an expression: a group, tuple, named tuple or block. */
Ast *ast_group(Build *build, Span span, AstGroup *group);
Ast *ast_call(Build *build, AstKind kind, Span span, Ast *callee,
              AstGroup *group);
Ast *ast_macro(Build *build, Span span, const char *name, AstList *list);
Ast *ast_macro_call(Build *build, Span span, const char *name, AstGroup *group);
Ast *ast_index(Build *build, Span span, Ast *object, Ast *elements);
Ast *ast_array(Build *build, AstKind kind, Span span, AstList *list);
Ast *ast_row(Build *build, Span span, Ast *first, AstList *more);
Ast *ast_matrix(Build *build, Span span, AstList *rows);
Ast *ast_generator(Build *build, Span span, Ast *element, AstClauses *clauses);
AstClauses *ast_clause(Build *build, AstClauses *clauses, AstIterates *specs,
                       Ast *condition);
Ast *ast_comprehension(Ast *generator);
AstList *ast_rows(Build *build, Span first_span, Ast *first, Span span,
                  AstList *row);
Ast *ast_placed(Ast *ast, Span span);

/* Pending groups that begin at or behind a place are reported, or dropped. */
void ast_settle(Build *build, uint32_t begin, bool report);

/* ast_function.c: functions, parameters, assignments */

Ast *ast_assign(Build *build, Span span, Ast *left, AstOp op, Ast *right);
Ast *ast_lambda(Build *build, Span span, Ast *left, Ast *body);
Ast *ast_function(Build *build, Span span, Ast *signature, Ast *body);
Ast *ast_do(Build *build, Span span, Ast *call, AstList *params, Ast *body);

/* Whether a node is an AST_NAME or an AST_TUPLE of such. */
bool ast_is_pattern(const Ast *ast);

/* ast_block.c: statements, control, definitions */

Ast *ast_block(Build *build, Span span);
Ast *ast_block_add(Build *build, Ast *block, Ast *statement, bool quiet);
Ast *ast_statement(Build *build, Span span, AstList *list);
Ast *ast_failed(Build *build, Span span);
Ast *ast_return(Build *build, Span span, Ast *value);
Ast *ast_if(Build *build, Span span, Ast *condition, Ast *then, Ast *otherwise);
Ast *ast_while(Build *build, Span span, Ast *condition, Ast *body);
Ast *ast_for(Build *build, Span span, AstIterates *specs, Ast *body);
AstIterates *ast_spec(Build *build, AstIterates *specs, Ast *target,
                      Ast *range);
AstIterates *ast_no_spec(Build *build, Span span);
Ast *ast_let(Build *build, Span span, AstList *bindings, Ast *body);
Ast *ast_type(Build *build, Span span, bool is_template, Ast *head, Ast *body);
Ast *ast_const(Build *build, Span span, AstList *list);
Ast *ast_export(Build *build, Span span, AstList *names);
Ast *ast_use(Build *build, Span span, bool import, const char *module,
             AstList *names);

#endif
