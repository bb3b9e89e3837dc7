/* Values of the script.
 *
 * A Value is small and copied freely; what it points to lives in the
 * compilation's arena. Inside a model that is being traced, a number or array
 * that depends on the model's input is VALUE_node: a reference into the graph.
 */
#ifndef FLUXC_SCRIPT_VALUE_H
#define FLUXC_SCRIPT_VALUE_H

#include "ir/ir.h"
#include "syntax/ast.h"

typedef enum {
#define VALUE(kind, type, name) VALUE_##kind,
#include "script/value/values.def"
#undef VALUE
} ValueKind;
enum { VALUE_KINDS = VALUE_poison + 1 };

typedef struct Value Value;
typedef struct Scope Scope;
typedef struct Script Script;

typedef struct {
    Value *item;
    size_t count;
    size_t capacity;
    const char **name; /* tuple: NULL, or the names */
} Values;

/* Numbers with an identity: what captures it shares it, gradients too. */
typedef struct Array {
    Tensor *tensor; /* f32, f64, i64 or bool in the script */
    Tensor *grad;   /* of what trains; NULL: none yet (zero) */
    Ref recipe;     /* of script->initial; REF_NONE: it is data */
    bool rounded;   /* captured by a model and rounded to its dtype */
    bool scalar;    /* param(0.1): rank 0, trains */
    bool traced;    /* made while a model was traced */
    int64_t room;   /* elements that push! has made room for; 0: none */
} Array;

typedef struct {
    const char *text;
    size_t length;
} Text;

/* first : step : last; of Ints where `whole`, else of floats. */
typedef struct {
    bool whole;
    double first;
    double step;
    int64_t first_int;
    int64_t step_int;
    int64_t count;
} Range;

typedef struct {
    const Ast *function; /* AST_FUNCTION */
    Scope *scope;        /* where it was defined */
    bool net;            /* @net: what it captures are parameters */
} Method;

typedef struct Function {
    const char *name; /* NULL: anonymous */
    VEC(Method) method;
    const Value *fallback; /* what the name meant before; NULL: nothing. Calls
                              that fit no method go there */
} Function;

typedef struct Type {
    const char *name;
    const struct Type *parent;
    bool net;    /* @net type: its arrays are parameters */
    bool opened; /* `type`, not `struct`: fields may be assigned */
    size_t fields;
    const char **field;
    const Ast **annotation; /* of each field, or NULL */
    Function *call;         /* the method in it: x -> W * x + b, or NULL */
    Function *constructor;  /* methods T(…) of the script's own, or NULL */
    Scope *scope;
    Span span;
} Type;

typedef struct Object {
    const Type *type;
    Value *field;
    Span made; /* where the user's source makes it */
} Object;

/* The arguments of a call. */
typedef struct {
    Value *item;
    size_t count;
    const char **key; /* keyword arguments */
    Value *value;
    size_t keys;
    Span span; /* of the call */
    Span *at;  /* of each positional argument, or NULL */
} Args;

typedef Value BuiltinRun(Script *s, const Args *args);

typedef struct Builtin {
    const char *name;
    int min;
    int max; /* -1: any number */
    BuiltinRun *run;
    const char *summary; /* what it does, in a line */
    const char *keys;    /* its keyword arguments, "rtol atol"; NULL: none */
    bool lists; /* it takes lists of numbers as they are, not as arrays,
                   and a dot call of it goes by elements */
} Builtin;

struct Value {
    ValueKind kind;
    bool frozen; /* array: captured without training */
    bool row;    /* array, node: the transpose of a vector, (1,n) */
    bool nested; /* batch: each sample is a Seq; seq: each step is a Batch */
    union {
        bool boolean;
        int64_t integer;
        double number;
        Text string;
        const char *symbol;
        Range *range;
        Values *values; /* tuple, list, pair (2) */
        Array *array;   /* array, batch, seq */
        Function *function;
        const Builtin *builtin;
        Type *type;
        Object *object;
        Ref node;
        int opaque; /* the number of the input */
        struct Trainer *trainer;
        struct EngineModel *engine;
    } as;
};

/* Makers. */
static inline Value
value_nothing(void)
{
    return (Value){.kind = VALUE_nothing};
}
static inline Value
value_bool(bool b)
{
    return (Value){.kind = VALUE_bool, .as.boolean = b};
}
static inline Value
value_int(int64_t i)
{
    return (Value){.kind = VALUE_int, .as.integer = i};
}
static inline Value
value_float(double x)
{
    return (Value){.kind = VALUE_float, .as.number = x};
}
static inline Value
value_node(Ref ref)
{
    return (Value){.kind = VALUE_node, .as.node = ref};
}

/* value.c */
Value value_string(Script *s, const char *text, size_t length);
Value value_array(Script *s, Tensor *tensor); /* a new Array without recipe */
Value value_tuple(Script *s, const Value *item, size_t count);
Value value_list(Script *s, const Value *item, size_t count);
bool value_is_number(Value v); /* bool, int, float, float32 */
bool value_is_traced(Value v); /* node or opaque, also inside tuples */
double value_number(Value v);
const char *value_kind_name(Value v); /* "an Int", "a model", … for messages */
const char *value_name(Value callee); /* "Affine", "mymodel1", for messages */
bool function_is_net(const Function *f);
Value range_get(const Range *range, int64_t i);
/* Where a text first stands in another one, zero bytes like others; or NULL. */
const char *text_find(Text text, Text part);

/* show.c: text as the script echoes it; `limit` lines of arrays are shown. */
const char *value_show(Script *s, Value v);
/* As print does, strings without quotes. */
const char *value_text(Script *s, Value v);
const char *value_shape_text(Script *s, Value v); /* "(15,21)", "scalar" */

#endif
