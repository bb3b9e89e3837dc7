/* The grammar of .net.
 *
 * The lexer has decided what white space and newlines mean, so that no token
 * which can begin an operand can also follow one: FIRST(expr) and FOLLOW(expr)
 * are disjoint, and this ambiguous-looking grammar is LALR(1). Each action is
 * one call; what a form may hold is checked there.
 */
%require "3.8"
%define api.pure full
%define api.prefix {net_}
%define api.token.prefix {TK_}
%define api.location.type {Span}
%define parse.lac full
%define parse.error custom
%locations
%expect 0
%param {Lexer *lexer}
%parse-param {Build *build}

%code requires {
#include "grammar/lexer.h"
}
%union {
    Ast *ast;
    AstList *list;
    AstGroup *group;
    AstSection *section;
    AstIterates *iterates;
    AstClauses *clauses;
    AstNumber number;
    AstText text;
    AstOp op;
    const char *name;
}

%token END_OF_FILE 0 "end of file"
%token NEWLINE "end of line"  SEMI ";"  COMMA ","
%token <name> IDENT "name"  SYMBOL "symbol"  MACRO "macro"
%token <number> NUMBER "number"
%token COLON_ALL "':' alone"  END_INDEX "end of an index"
%token STR_BEGIN "string"  STR_TRIPLE "string of lines"  STR_END "end of string"
%token STR_LPAREN "$("
%token <text> STR_PART "text"
%token <name> STR_IDENT "$name"
%token LPAREN "("  CALL "( of a call"  DOTCALL ".("  RPAREN ")"
%token LBRACKET "["  INDEX "[ of an index"  RBRACKET "]"
%token LBRACE "{"  RBRACE "}"
%token HSEP "space in an array"  ROW "next row"  MSEP "next macro argument"
%token <op> JUXT "product"  ASSIGN "="  OPASSIGN "assignment"  PAIR "=>"
%token <op> OROR "||"  ANDAND "&&"  CMP "comparison"  IN "in"  PIPE "|>"
%token <op> PLUS "+"  MUL "*"  POW "^"  UNARY "unary operator"  TRANSPOSE "'"
%token QUESTION "?"  TCOLON "' : '"  COLON ":"
%token DECL "::"  PREFIX_DECL ":: before a type"
%token ARROW "->"  ELLIPSIS "..."  DOT "."
%token FUNCTION "function"  IF "if"  ELSEIF "elseif"  ELSE "else"  END "end"
%token FOR "for"  WHILE "while"  BEGIN_ "begin"  LET "let"  DO "do"
%token STRUCT "struct"  TYPE "type"  RETURN "return"  BREAK "break"
%token CONTINUE "continue"  CONST "const"  EXPORT "export"  USING "using"
%token IMPORT "import"  GEN_FOR "for of a generator"  GEN_IF "if of a generator"
%token INVALID "invalid text"

%precedence LAMBDA              /* bodies that run as far right as they can */
%precedence MSEP
%right ASSIGN OPASSIGN
%right PAIR
%precedence QUESTION
%right OROR
%right ANDAND
%left CMP IN
%left PIPE
%left COLON
%left PLUS
%left MUL
%precedence UNARY
%precedence JUXT
%right POW
%precedence ARROW               /* its left side binds tight, its right not */
%left DECL

%type <ast> block stmts stmt expr primary item generator target cond tail
%type <ast> signature part elements name
%type <list> exprs macro_args list parts names matrix row do_params
%type <group> args
%type <section> section
%type <clauses> clauses
%type <iterates> specs
%type <name> path

%code provides {
int net_parse(Lexer *lexer, Build *build);
int net_lex(NET_STYPE *value, Span *span, Lexer *lexer);
}

%code {
#include "grammar/report.h"

/* A rule's place, and that of an empty one: behind what stands before it. */
#define YYLLOC_DEFAULT(Current, Rhs, N)                                        \
    do {                                                                       \
        (Current) = YYRHSLOC(Rhs, (N) ? 1 : 0);                                \
        (Current).end = YYRHSLOC(Rhs, N).end;                                  \
        if (!(N))                                                              \
            (Current).begin = (Current).end;                                   \
    } while (0)

static void net_error(Span *span, Lexer *lexer, Build *build, const char *text);
}

%initial-action { @$ = lexer_span(lexer, lexer->cursor, lexer->cursor); }
%%
program:
    block                       { build->program = $1; }

block:
    stmts
|   stmts stmt                  { $$ = ast_block_add(build, $1, $2, false); }

stmts:
    %empty                      { $$ = ast_block(build, @$); }
|   stmts stmt NEWLINE          { $$ = ast_block_add(build, $1, $2, false); }
|   stmts stmt SEMI             { $$ = ast_block_add(build, $1, $2, true); }
|   stmts NEWLINE
|   stmts SEMI

term: NEWLINE | SEMI

stmt:
    exprs                       { $$ = ast_statement(build, @$, $1); }
|   CONST exprs                 { $$ = ast_const(build, @$, $2); }
|   EXPORT names                { $$ = ast_export(build, @$, $2); }
|   USING names                 { $$ = ast_use(build, @$, false, NULL, $2); }
|   USING path COLON names      { $$ = ast_use(build, @$, false, $2, $4); }
|   IMPORT names                { $$ = ast_use(build, @$, true, NULL, $2); }
|   IMPORT path COLON names     { $$ = ast_use(build, @$, true, $2, $4); }
|   error                       { $$ = ast_failed(build, @$); }

names:
    name                        { $$ = ast_list(build, $1); }
|   names COMMA name            { $$ = ast_append(build, $1, $3); }

name:
    path                        { $$ = ast_listed(build, @$, $1); }
|   MACRO                       { $$ = ast_listed(build, @$, $1); }

path:
    IDENT
|   path DOT IDENT              { $$ = ast_path(build, $1, $3); }

exprs:
    expr                        { $$ = ast_list(build, $1); }
|   exprs COMMA expr            { $$ = ast_append(build, $1, $3); }

expr:
    primary
|   NUMBER JUXT expr
                { $$ = ast_juxtapose(build, @$, @1, $1, $2, $3); }
|   UNARY expr
                { $$ = ast_unary(build, AST_UNARY, @$, $1, $2); }
|   expr POW expr
                { $$ = ast_binary(build, AST_BINARY, @$, $1, $2, $3); }
|   expr MUL expr
                { $$ = ast_binary(build, AST_BINARY, @$, $1, $2, $3); }
|   expr PLUS expr
                { $$ = ast_binary(build, AST_BINARY, @$, $1, $2, $3); }
|   expr COLON expr             { $$ = ast_range(build, @$, $1, $3); }
|   expr PIPE expr
                { $$ = ast_binary(build, AST_BINARY, @$, $1, $2, $3); }
|   expr CMP expr               { $$ = ast_compare(build, @$, $1, $2, $3); }
|   expr IN expr                { $$ = ast_compare(build, @$, $1, $2, $3); }
|   expr ANDAND expr
                { $$ = ast_binary(build, AST_AND, @$, $1, $2, $3); }
|   expr OROR expr
                { $$ = ast_binary(build, AST_OR, @$, $1, $2, $3); }
|   expr PAIR expr
                { $$ = ast_binary(build, AST_PAIR, @$, $1, $2, $3); }
|   expr ASSIGN expr            { $$ = ast_assign(build, @$, $1, $2, $3); }
|   expr OPASSIGN expr          { $$ = ast_assign(build, @$, $1, $2, $3); }
|   expr QUESTION expr TCOLON expr %prec LAMBDA
                                { $$ = ast_ternary(build, @$, $1, $3, $5); }
|   expr ARROW expr %prec LAMBDA { $$ = ast_lambda(build, @$, $1, $3); }
|   expr DECL expr              { $$ = ast_declare(build, @$, $1, $3); }
|   PREFIX_DECL expr %prec DECL { $$ = ast_declare(build, @$, NULL, $2); }
|   MACRO                       { $$ = ast_macro(build, @$, $1, NULL); }
|   MACRO macro_args %prec LAMBDA { $$ = ast_macro(build, @$, $1, $2); }
|   RETURN                      { $$ = ast_return(build, @$, NULL); }
|   RETURN expr %prec LAMBDA    { $$ = ast_return(build, @$, $2); }
|   BREAK                       { $$ = ast_word(build, AST_BREAK, @$); }
|   CONTINUE                    { $$ = ast_word(build, AST_CONTINUE, @$); }

macro_args:
    expr %prec LAMBDA           { $$ = ast_list(build, $1); }
|   macro_args MSEP expr        { $$ = ast_append(build, $1, $3); }

primary:
    IDENT                       { $$ = ast_name(build, @$, $1); }
|   NUMBER                      { $$ = ast_number(build, @$, $1); }
|   SYMBOL                      { $$ = ast_symbol(build, @$, $1); }
|   END_INDEX                   { $$ = ast_word(build, AST_END, @$); }
|   STR_BEGIN parts STR_END     { $$ = ast_string(build, @$, $2); }
|   STR_TRIPLE parts STR_END
                { $$ = ast_string(build, @$, lexer_dedent(build, $2)); }
|   LPAREN args RPAREN          { $$ = ast_group(build, @$, $2); }
|   LBRACKET elements RBRACKET  { $$ = ast_placed($2, @$); }
|   primary CALL args RPAREN    { $$ = ast_call(build, AST_CALL, @$, $1, $3); }
|   primary DOTCALL args RPAREN
                { $$ = ast_call(build, AST_DOTCALL, @$, $1, $3); }
|   primary LBRACE args RBRACE  { $$ = ast_call(build, AST_CURLY, @$, $1, $3); }
|   primary INDEX elements RBRACKET { $$ = ast_index(build, @$, $1, $3); }
|   MACRO CALL args RPAREN      { $$ = ast_macro_call(build, @$, $1, $3); }
|   primary DOT IDENT           { $$ = ast_field(build, @$, $1, $3); }
|   primary TRANSPOSE
                { $$ = ast_unary(build, AST_TRANSPOSE, @$, $2, $1); }
|   primary DO do_params term block END { $$ = ast_do(build, @$, $1, $3, $5); }
|   FUNCTION signature term block END
                                { $$ = ast_function(build, @$, $2, $4); }
|   IF cond term block tail END { $$ = ast_if(build, @$, $2, $4, $5); }
|   FOR specs term block END    { $$ = ast_for(build, @$, $2, $4); }
|   WHILE cond term block END   { $$ = ast_while(build, @$, $2, $4); }
|   BEGIN_ block END            { $$ = ast_placed($2, @$); }
|   LET do_params term block END { $$ = ast_let(build, @$, $2, $4); }
|   STRUCT cond term block END  { $$ = ast_type(build, @$, false, $2, $4); }
|   TYPE cond term block END    { $$ = ast_type(build, @$, true, $2, $4); }
|   FUNCTION error END          { $$ = ast_failed(build, @$); }
|   IF error END                { $$ = ast_failed(build, @$); }
|   FOR error END               { $$ = ast_failed(build, @$); }
|   WHILE error END             { $$ = ast_failed(build, @$); }
|   LET error END               { $$ = ast_failed(build, @$); }
|   STRUCT error END            { $$ = ast_failed(build, @$); }
|   TYPE error END              { $$ = ast_failed(build, @$); }

cond:
    expr
|   error                       { $$ = ast_failed(build, @$); }

signature:
    expr
|   error                       { $$ = ast_failed(build, @$); }

tail:
    %empty                      { $$ = NULL; }
|   ELSE block                  { $$ = $2; }
|   ELSEIF cond term block tail { $$ = ast_if(build, @$, $2, $4, $5); }

do_params:
    %empty                      { $$ = ast_list(build, NULL); }
|   exprs

/* What stands in (): arguments, tuple, group, block, parameters. A cover: the
 * actions, which see what comes before and after, tell them apart.
 */
args:
    section                     { $$ = ast_sections(build, @$, $1); }
|   args SEMI section           { $$ = ast_sections_add(build, @$, $1, $3); }

section:
    %empty                      { $$ = ast_section(build, NULL, false); }
|   list                        { $$ = ast_section(build, $1, false); }
|   list COMMA                  { $$ = ast_section(build, $1, true); }
|   generator
                { $$ = ast_section(build, ast_list(build, $1), false); }
|   list COMMA generator
                { $$ = ast_section(build, ast_append(build, $1, $3), false); }

list:
    item                        { $$ = ast_list(build, $1); }
|   list COMMA item             { $$ = ast_append(build, $1, $3); }

item:
    expr
|   expr ELLIPSIS               { $$ = ast_wrap(build, AST_SPLAT, @$, $1); }
|   COLON_ALL                   { $$ = ast_word(build, AST_COLON, @$); }

elements:
    %empty                      { $$ = ast_array(build, AST_VECT, @$, NULL); }
|   list                        { $$ = ast_array(build, AST_VECT, @$, $1); }
|   list COMMA                  { $$ = ast_array(build, AST_VECT, @$, $1); }
|   generator                   { $$ = ast_comprehension($1); }
|   matrix                      { $$ = ast_matrix(build, @$, $1); }
|   matrix ROW                  { $$ = ast_matrix(build, @$, $1); }

matrix:
    item ROW
                { $$ = ast_list(build, ast_row(build, @1, $1, NULL)); }
|   item ROW row                { $$ = ast_rows(build, @1, $1, @3, $3); }
|   item HSEP row
                { $$ = ast_list(build, ast_row(build, @$, $1, $3)); }
|   matrix ROW row
                { $$ = ast_append(build, $1, ast_row(build, @3, NULL, $3)); }

row:
    item                        { $$ = ast_list(build, $1); }
|   row HSEP item               { $$ = ast_append(build, $1, $3); }

generator:
    expr clauses                { $$ = ast_generator(build, @$, $1, $2); }

clauses:
    GEN_FOR specs               { $$ = ast_clause(build, NULL, $2, NULL); }
|   clauses GEN_FOR specs       { $$ = ast_clause(build, $1, $3, NULL); }
|   clauses GEN_IF expr         { $$ = ast_clause(build, $1, NULL, $3); }

specs:
    target IN expr              { $$ = ast_spec(build, NULL, $1, $3); }
|   target ASSIGN expr          { $$ = ast_spec(build, NULL, $1, $3); }
|   specs COMMA target IN expr  { $$ = ast_spec(build, $1, $3, $5); }
|   specs COMMA target ASSIGN expr { $$ = ast_spec(build, $1, $3, $5); }
|   error                       { $$ = ast_no_spec(build, @$); }

target:
    IDENT                       { $$ = ast_name(build, @$, $1); }
|   LPAREN args RPAREN          { $$ = ast_group(build, @$, $2); }

parts:
    %empty                      { $$ = ast_list(build, NULL); }
|   parts part                  { $$ = ast_append(build, $1, $2); }

part:
    STR_PART                    { $$ = ast_text(build, @$, $1); }
|   STR_IDENT                   { $$ = ast_name(build, @$, $1); }
|   STR_LPAREN expr RPAREN      { $$ = ast_operand($2); }
%%
/* The parser's report of a token that it did not expect. */
static int
yyreport_syntax_error(const yypcontext_t *context, Lexer *lexer, Build *build)
{
    yysymbol_kind_t kinds[REPORT_EXPECTED + 1];
    const char *expected[REPORT_EXPECTED + 1];
    int count = yypcontext_expected_tokens(context, kinds, REPORT_EXPECTED + 1);
    yysymbol_kind_t kind = yypcontext_token(context);
    for (int i = 0; i < count; i++)
        expected[i] = yysymbol_name(kinds[i]);
    (void)build;
    report_unexpected(lexer, lexer->prev, yysymbol_name(kind),
                      *yypcontext_location(context), expected,
                      count < 0 ? 0 : count);
    return 0;
}

/* The parser's other reports: its stack is full. */
static void
net_error(Span *span, Lexer *lexer, Build *build, const char *text)
{
    (void)lexer;
    report_parser(build, *span, text);
}
