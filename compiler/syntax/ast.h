/* The syntax tree: what the parser builds and the script evaluates.
 *
 * A tagged union: `kind` says which member of `as` holds. Every node has its
 * span and its depth (bounded, so that walking it may recurse). Lists are
 * arrays in the compilation's arena. Operators are names: "+", ".*", "&&".
 */
#ifndef FLUXC_SYNTAX_AST_H
#define FLUXC_SYNTAX_AST_H

#include "base/context.h"

#include <stdint.h>

typedef enum {
#define AST(kind, name, print, word) AST_##kind,
#include "syntax/ast.def"
#undef AST
    AST_KINDS
} AstKind;

typedef struct Ast Ast;
typedef struct AstGroup AstGroup;
typedef struct {
    Ast **item;
    size_t count;
    size_t capacity;
} AstList;

/* A parameter of a function: name::type = value, name..., or a (pattern). */
typedef struct {
    const char *name; /* NULL: unnamed (`::T`) or a pattern */
    Ast *pattern;     /* AST_TUPLE of names and such tuples, or NULL */
    Ast *type;        /* annotation: a name, `[28,28]`, `Vector{T}`, or NULL */
    Ast *value;       /* default, or NULL */
    bool splat;       /* takes the rest */
    bool keyword;     /* stands after `;` */
    Span span;
} AstParam;

typedef struct {
    AstParam *item;
    size_t count;
    size_t capacity;
} AstParams;

/* One `target in range` of a for or a generator. */
typedef struct {
    Ast *target; /* AST_NAME or AST_TUPLE of such */
    Ast *range;
} AstIterate;

/* One clause of a generator: `for specs` or `if condition`. */
typedef struct {
    Ast *condition; /* NULL: a for */
    AstIterate *iterate;
    size_t count;
} AstClause;

/* How a function was written. */
typedef enum {
    FORM_short, /* f(x) = … */
    FORM_long,  /* function f(x) … end, function (x) … end */
    FORM_arrow, /* x -> … */
    FORM_do     /* the block of a call */
} AstForm;

#define AST_DEPTH 5000 /* no tree is deeper */

struct Ast {
    AstKind kind;
    uint16_t depth; /* 1: a leaf */
    bool paren;     /* written in parentheses */
    bool quiet;     /* a statement ended by `;`: not echoed */
    Span span;
    const AstGroup *group; /* while parsing: what stood in the parentheses */
    union {
        int64_t integer;  /* INT */
        double number;    /* FLOAT, FLOAT32 */
        bool boolean;     /* BOOL */
        const char *name; /* NAME, SYMBOL: interned, NFC, without `:`; an
                             operator as a value, map(+, a, b), is a NAME */
        struct {
            const char *text; /* decoded, ended by 0 */
            size_t length;
        } string;     /* STRING */
        AstList list; /* INTERPOLATE (parts), TUPLE, BLOCK, VECT, VCAT (of
                         HCAT), HCAT, EXPORT (names), RETURN (0 or 1),
                         NAMEDTUPLE (of ASSIGN "=") */
        struct {
            const char *op;
            Ast *left;  /* the operand of UNARY and TRANSPOSE */
            Ast *right; /* NULL there */
            Span op_span;
        } binary; /* UNARY, BINARY, AND, OR, PAIR, ASSIGN (op "=", "+=", …:
                     left is a NAME, FIELD, INDEX, TUPLE, DECLARE or CURLY),
                     JUXTAPOSE (number, operand) */
        struct {
            AstList operand; /* a < b <= c: three operands */
            const char **op; /* and two operators */
        } compare; /* COMPARE; `in`, `∈`, `<:` are operators here too */
        struct {
            Ast *first;
            Ast *step; /* or NULL */
            Ast *last;
        } range; /* RANGE */
        struct {
            Ast *callee;
            AstList positional; /* SPLAT among them; GENERATOR as the last */
            AstList keyword;    /* ASSIGN "=" (name, value), or SPLAT, NAME */
            Ast *body;          /* FUNCTION of a `do` block, or NULL: it is
                                   the first positional argument */
        } call; /* CALL, DOTCALL; INDEX (END, COLON among the positional);
                   CURLY: y{-1}, Vector{T} */
        struct {
            Ast *object;
            const char *name;
        } field; /* FIELD */
        struct {
            Ast *condition;
            Ast *then;
            Ast *otherwise; /* or NULL */
        } branch;           /* IF (elseif nests), TERNARY */
        struct {
            AstIterate *iterate;
            size_t count;
            Ast *body;
        } loop; /* FOR (nested by its iterates) */
        struct {
            Ast *condition;
            Ast *body;
        } repeat; /* WHILE */
        struct {
            AstList binding; /* ASSIGN "=" or NAME */
            Ast *body;
        } let; /* LET */
        struct {
            AstForm form;
            const char *name; /* NULL: anonymous */
            AstParams params;
            Ast *result; /* annotation `::T`, or NULL */
            Ast *body;
        } function; /* FUNCTION: f(x) = …, function …, x -> … */
        struct {
            const char *name;
            Ast *parent;      /* after `<:`, or NULL */
            AstList member;   /* NAME or DECLARE: fields; FUNCTION */
            bool is_template; /* `type` (of @net type), not `struct` */
        } type;               /* TYPE */
        struct {
            Ast *value; /* NULL: `::T` alone */
            Ast *type;
        } declare; /* DECLARE: value::type */
        struct {
            Ast *element;
            AstClause *clause;
            size_t count;
        } generator; /* GENERATOR; COMPREHENSION */
        struct {
            const char *name; /* with its "@": "@net" */
            AstList argument; /* positional, then ASSIGN for k = v */
            bool parens;      /* written @name(…) */
        } macro;              /* MACRO */
        struct {
            const char *module; /* "Flux.Data"; NULL if only names */
            AstList name;       /* NAME */
            bool import;        /* `import`, not `using` */
        } use;                  /* USING */
        Ast *operand;           /* SPLAT, CONST */
    } as;
};

/* The name of a kind, as syntax/ast.def has it. */
extern const char *const ast_kind_name[AST_KINDS];

/* Prints a tree as an S-expression on one line, and a block a line each. */
void ast_print(const Ast *ast, FILE *file);

#endif
