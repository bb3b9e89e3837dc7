/* A model on a GPU with all that it works on: NAME_device, which NAME_create
 * makes and NAME_destroy frees, and for each function with a flux_work one that
 * runs it there, as a graph unless --no-graph says otherwise.
 *
 * Each such function is noted when it has been defined. What it takes becomes
 * members of the struct: those of forward by themselves, what a trainer takes
 * beside them in a struct by the trainer's name.
 */
#include "emit/c/c_arguments.h"
#include "emit/c/c_device.h"

#include <string.h>

typedef struct {
    const char *group; /* the struct that it is in; NULL: none */
    const char *type;  /* without const */
    const char *name;
    const char *bytes; /* of what it points to, in C; NULL: no pointer */
    bool input;        /* of the model */
} Field;

typedef struct {
    const char *function;
    const char *actual;
} Call;

typedef struct {
    const char *group;
    const char *type;
    const char *state; /* "s": the member of that type */
} Stepper;

/* Names are those in C; texts of the struct's members begin with `self`. */
struct Device {
    CScope scope;
    const char *self;  /* "d" */
    const char *model; /* "m" */
    const char *batch; /* "n" */
    const char *state; /* "d->state"; NULL: none */
    const char *seed;
    const char *work;
    const char *memory;
    const char *graph;
    const char *fault;
    const char *formal; /* the sizes, as create takes them */
    const char *arena;  /* the bytes, in C; NULL: none */
    const char *large;  /* the condition under which all of it overflows */
    Dim bytes;          /* no less than all of it */
    VEC(Field) field;
    VEC(Call) call;
    VEC(Stepper) stepper;
};

static const char *
field_text(const Emit *emit, const Field *field)
{
    const char *self = emit->gpu->self;
    if (field->group == NULL)
        return arena_printf(emit->arena, "%s->%s", self, field->name);
    return arena_printf(emit->arena, "%s->%s.%s", self, field->group,
                        field->name);
}

static const char *
without_const(const char *type)
{
    return strncmp(type, "const ", 6) == 0 ? type + 6 : type;
}

/* The member for an argument, new or that of a function before it; how C names
 * it.
 */
static const char *
field_of(Emit *emit, const char *group, const Function *f, const Argument *a,
         const char *name)
{
    bool state = f->state != NULL && strcmp(a->name, f->state) == 0;
    Device *gpu = emit->gpu;
    Dims *dims = emit->forward->dims;
    const char *type = without_const(a->type);
    for (size_t i = 0; i < gpu->field.count; i++) {
        const Field *field = &gpu->field.item[i];
        bool own = group != NULL && field->group != NULL &&
                   strcmp(field->group, group) == 0;
        bool shared = field->group == NULL &&
                      (group == NULL || (field->input && !a->output) || state ||
                       strcmp(type, emit->name) == 0);
        if ((own || shared) && strcmp(field->name, name) == 0 &&
            strcmp(field->type, type) == 0)
            return field_text(emit, field);
    }
    Field field = {.group = group,
                   .type = arena_printf(emit->arena, "%s", type),
                   .name = arena_printf(emit->arena, "%s", name),
                   .input = group == NULL && !a->output};
    const char *text = field_text(emit, &field);
    if (state)
        field.bytes = arena_printf(emit->arena, "%s_STATE(%s) * sizeof *%s",
                                   emit->upper, gpu->batch, text);
    else if (a->pointer)
        field.bytes = strncmp(a->bytes, "sizeof", 6) == 0
                          ? arena_printf(emit->arena, "sizeof *%s", text)
                          : arena_printf(emit->arena, "%s", a->bytes);
    Dim size = state ? f->state_bytes : a->size;
    gpu->bytes = dim_add(dims, gpu->bytes, dim_add(dims, size, 256));
    VEC_PUSH(emit->arena, &gpu->field, field);
    return field_text(emit, &field);
}

/* Begins with forward, whose arguments have their names here, too. */
static void
device_begin(Emit *emit, const Function *f)
{
    Device *gpu = ARENA_NEW(emit->arena, Device);
    emit->gpu = gpu;
    gpu->scope.arena = emit->arena;
    gpu->formal = "";
    for (size_t i = 0; i < f->argument.count; i++) {
        const Argument *a = &f->argument.item[i];
        const char *name =
            c_scope_take(&gpu->scope, arena_printf(emit->arena, "%s", a->name));
        if (strcmp(without_const(a->type), emit->name) == 0)
            gpu->model = name;
        if (a->pointer)
            continue;
        gpu->batch = gpu->batch != NULL ? gpu->batch : name;
        gpu->formal =
            arena_printf(emit->arena, "%ssize_t %s, ", gpu->formal, name);
    }
    gpu->self = c_scope_take(&gpu->scope, "d");
    gpu->seed = c_scope_take(&gpu->scope, "seed");
    gpu->work = c_scope_take(&gpu->scope, "work");
    gpu->memory = c_scope_take(&gpu->scope, "memory");
    gpu->graph = c_scope_take(&gpu->scope, "graph");
    gpu->fault = c_scope_take(&gpu->scope, "fault");
}

/* The struct of what a trainer has for itself. */
static const Stepper *
stepper_of(Emit *emit, const Trainer *t, const Function *f)
{
    Device *gpu = emit->gpu;
    for (size_t i = 0; i < gpu->stepper.count; i++) {
        if (strcmp(gpu->stepper.item[i].type, t->name) == 0)
            return &gpu->stepper.item[i];
    }
    CScope own = {.arena = emit->arena};
    for (size_t i = 0; i < f->argument.count; i++)
        c_scope_take(&own, f->argument.item[i].name);
    Stepper stepper = {
        c_scope_take(&gpu->scope, emit_c_name(emit->arena, t->trainer->name)),
        t->name, c_scope_take(&own, "s")};
    VEC_PUSH(emit->arena, &gpu->stepper, stepper);
    return &gpu->stepper.item[gpu->stepper.count - 1];
}

/* The arena is the largest that a call needs. */
static void
add_arena(Emit *emit, const Function *f)
{
    Device *gpu = emit->gpu;
    Schedule *s = f->printer.s;
    if (f->arena == NULL)
        return;
    Sizes sizes = c_arena_bytes(s);
    gpu->bytes = dim_add(s->dims, gpu->bytes, c_sizes_bound(s->dims, &sizes));
    if (gpu->arena == NULL)
        gpu->arena = arena_printf(emit->arena, "%s", f->arena);
    else if (strstr(gpu->arena, f->arena) == NULL)
        gpu->arena =
            arena_printf(emit->arena, "FLUX_MAX(%s, %s)", gpu->arena, f->arena);
}

void
cuda_device_note(Emit *emit, const Function *f, const Trainer *trainer)
{
    const char *actual = "";
    if (trainer == NULL)
        device_begin(emit, f);
    const Stepper *stepper =
        trainer != NULL ? stepper_of(emit, trainer, f) : NULL;
    const char *group = stepper != NULL ? stepper->group : NULL;
    for (size_t i = 0; i < f->argument.count; i++) {
        const Argument *a = &f->argument.item[i];
        const char *name = a->name;
        if (trainer != NULL && strcmp(a->type, trainer->name) == 0)
            name = stepper->state;
        else if (strcmp(without_const(a->type), emit->name) == 0)
            name = emit->gpu->model;
        bool work = f->work != NULL && strcmp(name, f->work) == 0;
        actual = arena_printf(
            emit->arena, "%s%s%s", actual, i > 0 ? ", " : "",
            work ? arena_printf(emit->arena, "&%s->%s", emit->gpu->self,
                                emit->gpu->work)
                 : field_of(emit, a->pointer ? group : NULL, f, a, name));
    }
    if (f->state != NULL)
        emit->gpu->state =
            arena_printf(emit->arena, "%s->%s", emit->gpu->self, f->state);
    add_arena(emit, f);
    Printer printer = f->printer;
    printer.arena = emit->arena;
    const char *large = c_too_large(&printer, emit->gpu->bytes);
    if (large != NULL)
        emit->gpu->large = arena_printf(emit->arena, "%s", large);
    VEC_PUSH(emit->arena, &emit->gpu->call,
             ((Call){arena_printf(emit->arena, "%s", f->name), actual}));
}

/* A name of the API, such as digits_create_cuda. */
static const char *
own_name(const Emit *emit, const char *end)
{
    return c_function_name(emit, emit->name, end);
}

/* Numbers, or pointers, of the struct itself or of one in it. */
static void
print_fields(Emit *emit, const char *group, bool pointers)
{
    const Device *gpu = emit->gpu;
    for (size_t i = 0; i < gpu->field.count; i++) {
        const Field *field = &gpu->field.item[i];
        bool here = group == NULL ? field->group == NULL
                                  : field->group != NULL &&
                                        strcmp(field->group, group) == 0;
        if (here && (field->bytes != NULL) == pointers)
            writer_line(&emit->header, "%s %s%s;", field->type,
                        pointers ? "*" : "", field->name);
    }
}

static void
print_struct(Emit *emit)
{
    const Device *gpu = emit->gpu;
    Writer *header = &emit->header;
    writer_raw(header, "\n");
    writer_comment(
        header,
        arena_printf(emit->arena,
                     "%s on a GPU, with all that it works on for %s samples at "
                     "a time: one piece of the GPU's memory.",
                     emit->model->name, gpu->batch));
    writer_line(header, "typedef struct %s_device {", emit->name);
    print_fields(emit, NULL, false);
    print_fields(emit, NULL, true);
    for (size_t i = 0; i < gpu->stepper.count; i++) {
        writer_line(header, "struct {");
        print_fields(emit, gpu->stepper.item[i].group, true);
        writer_line(header, "} %s;", gpu->stepper.item[i].group);
    }
    writer_line(header, "flux_work %s; /* the arena, the stream */", gpu->work);
    writer_line(header, "void *%s;", gpu->memory);
    if (emit->fault.count > 0)
        writer_line(header,
                    "const char *%s; /* what wait has found, or NULL */",
                    gpu->fault);
    if (!emit->options->no_graph)
        writer_line(header, "void *%s[%zu];", gpu->graph, gpu->call.count);
    writer_line(header, "} %s_device;", emit->name);
}

/* The head of a function on the struct, in the header and here. */
static void
open_function(Emit *emit, const char *type, const char *name,
              const char *formal, const char *comment)
{
    writer_raw(&emit->header, "\n");
    writer_comment(&emit->header, comment);
    writer_line(&emit->header, "%s %s(%s);", type, name, formal);
    writer_raw(&emit->source, "\n");
    writer_line(&emit->source, "%s", type);
    writer_line(&emit->source, "%s(%s)", name, formal);
    writer_line(&emit->source, "{");
}

static void
print_if(Writer *writer, const char *condition, const char *line)
{
    writer_line(writer, "if (%s)", condition);
    writer->depth++;
    writer_line(writer, "%s;", line);
    writer->depth--;
}

/* Whether a size says how large a member's memory is, or the arena. */
static bool
measures(const Device *gpu, const char *size)
{
    for (size_t i = 0; i < gpu->field.count; i++) {
        const char *bytes = gpu->field.item[i].bytes;
        if (bytes != NULL && c_mentions(bytes, size))
            return true;
    }
    return gpu->arena != NULL && c_mentions(gpu->arena, size);
}

/* Where each member's memory is in the whole. */
static void
print_places(Emit *emit)
{
    const Device *gpu = emit->gpu;
    Writer *writer = &emit->source;
    const char *self = gpu->self;
    writer_raw(writer,
               "\n/* Gives all arrays their places in memory; the bytes "
               "that these take. */\n");
    writer_raw(writer, "static size_t\n");
    writer_line(writer, "%s_places(%s_device *%s)", emit->name, emit->name,
                self);
    writer_line(writer, "{");
    writer_line(writer, "size_t used = 0;");
    for (size_t i = 0; i < gpu->field.count; i++) {
        const Field *field = &gpu->field.item[i];
        if (field->bytes == NULL && measures(gpu, field->name))
            writer_line(writer, "const size_t %s = %s;", field->name,
                        field_text(emit, field));
    }
    if (gpu->arena != NULL)
        writer_line(writer, "%s->%s.bytes = %s;", self, gpu->work, gpu->arena);
    for (size_t i = 0; i < gpu->field.count; i++) {
        const Field *field = &gpu->field.item[i];
        if (field->bytes != NULL)
            writer_line(writer,
                        "%s = (%s *)flux_device_place(%s->%s, &used, %s);",
                        field_text(emit, field), field->type, self, gpu->memory,
                        field->bytes);
    }
    if (emit->fault.count > 0)
        writer_line(writer,
                    "%s->%s.fault = (int32_t *)flux_device_place(%s->%s, "
                    "&used, sizeof *%s->%s.fault);",
                    self, gpu->work, self, gpu->memory, self, gpu->work);
    if (gpu->arena != NULL)
        writer_line(
            writer,
            "%s->%s.arena = flux_device_place(%s->%s, &used, %s->%s.bytes);",
            self, gpu->work, self, gpu->memory, self, gpu->work);
    writer_line(writer, "return used;");
    writer_line(writer, "}");
}

/* The initial values: of parameters and of what trainers keep. */
static void
print_inits(Emit *emit)
{
    const Device *gpu = emit->gpu;
    Arena *arena = emit->arena;
    const char *next = "status == FLUX_OK";
    print_if(&emit->source, next,
             arena_printf(arena, "status = %s(%s->%s, %s)",
                          own_name(emit, "init"), gpu->self, gpu->model,
                          gpu->seed));
    if (gpu->state != NULL)
        print_if(&emit->source, next,
                 arena_printf(arena, "status = %s(%s->%s, %s, %s->%s)",
                              own_name(emit, "reset"), gpu->self, gpu->model,
                              gpu->state, gpu->self, gpu->batch));
    for (size_t i = 0; i < gpu->stepper.count; i++) {
        const Stepper *stepper = &gpu->stepper.item[i];
        print_if(&emit->source, next,
                 arena_printf(arena, "status = %s(%s->%s.%s, %s)",
                              c_function_name(emit, stepper->type, "init"),
                              gpu->self, stepper->group, stepper->state,
                              gpu->seed));
    }
}

static void
print_create(Emit *emit)
{
    const Device *gpu = emit->gpu;
    Arena *arena = emit->arena;
    Writer *writer = &emit->source;
    const char *self = gpu->self;
    open_function(
        emit, "flux_status", own_name(emit, "create"),
        arena_printf(arena, "%s_device *%s, %suint64_t %s", emit->name, self,
                     gpu->formal, gpu->seed),
        arena_printf(arena,
                     "Makes *%s, with what the functions `init` give for the "
                     "seed. Nothing is left of it where this fails.",
                     self));
    print_if(writer, arena_printf(arena, "%s == NULL", self),
             "return FLUX_E_NULL");
    writer_line(writer, "memset(%s, 0, sizeof *%s);", self, self);
    if (gpu->large != NULL)
        print_if(writer, gpu->large, "return FLUX_E_SIZE");
    for (size_t i = 0; i < gpu->field.count; i++) {
        const Field *field = &gpu->field.item[i];
        if (field->bytes == NULL)
            writer_line(writer, "%s = %s;", field_text(emit, field),
                        field->name);
    }
    writer_line(writer,
                "flux_status status = FLUX_GPU_STATUS(flux_device_open(&%s->%s."
                "stream, &%s->%s, %s_places(%s)));",
                self, gpu->work, self, gpu->memory, emit->name, self);
    writer_line(writer, "%s_places(%s);", emit->name, self);
    if (emit->options->cublaslt)
        print_if(writer, "status == FLUX_OK",
                 arena_printf(
                     arena,
                     "status = FLUX_GPU_STATUS(flux_gemm_open(&%s->%s.gemm))",
                     self, gpu->work));
    print_inits(emit);
    if (emit->fault.count > 0)
        print_if(writer, "status == FLUX_OK",
                 arena_printf(arena,
                              "status = FLUX_GPU_STATUS(flux_device_clear("
                              "%s->%s.stream, %s->%s.fault))",
                              self, gpu->work, self, gpu->work));
    for (size_t i = 0; i < gpu->call.count && !emit->options->no_graph; i++) {
        const Call *call = &gpu->call.item[i];
        writer_line(
            writer, "FLUX_GRAPH(status, %s->%s.stream, &%s->%s[%zu], %s(%s));",
            self, gpu->work, self, gpu->graph, i, call->function, call->actual);
    }
    print_if(writer, "status != FLUX_OK",
             arena_printf(arena, "%s(%s)", own_name(emit, "destroy"), self));
    writer_line(writer, "return status;");
    writer_line(writer, "}");
}

static void
print_runs(Emit *emit)
{
    const Device *gpu = emit->gpu;
    Arena *arena = emit->arena;
    Writer *writer = &emit->source;
    const char *formal =
        arena_printf(arena, "const %s_device *%s", emit->name, gpu->self);
    for (size_t i = 0; i < gpu->call.count; i++) {
        const Call *call = &gpu->call.item[i];
        int stem = (int)(strlen(call->function) - strlen("_cuda"));
        open_function(
            emit, "flux_status",
            arena_printf(arena, "%.*s_run_cuda", stem, call->function), formal,
            arena_printf(arena, "Queues %s on all of this.", call->function));
        if (emit->options->no_graph)
            writer_line(writer, "return %s(%s);", call->function, call->actual);
        else
            writer_line(writer,
                        "return FLUX_GPU_STATUS(flux_device_run(%s->%s.stream, "
                        "%s->%s[%zu]));",
                        gpu->self, gpu->work, gpu->self, gpu->graph, i);
        writer_line(writer, "}");
    }
}

static void
print_wait(Emit *emit)
{
    const Device *gpu = emit->gpu;
    Arena *arena = emit->arena;
    Writer *writer = &emit->source;
    const char *self = gpu->self;
    bool faults = emit->fault.count > 0;
    open_function(
        emit, "flux_status", own_name(emit, "wait"),
        arena_printf(arena, "%s%s_device *%s", faults ? "" : "const ",
                     emit->name, self),
        faults ? arena_printf(arena,
                              "Waits for what is queued. FLUX_E_LABEL: a class "
                              "number or an index was none, as %s->%s says.",
                              self, gpu->fault)
               : "Waits for what is queued.");
    if (!faults) {
        writer_line(writer,
                    "return FLUX_GPU_STATUS(flux_device_wait(%s->%s.stream));",
                    self, gpu->work);
        writer_line(writer, "}");
        return;
    }
    writer_line(writer, "int32_t fault = 0;");
    writer_line(writer,
                "const flux_status status = FLUX_GPU_STATUS(flux_device_look("
                "%s->%s.stream, %s->%s.fault, &fault));",
                self, gpu->work, self, gpu->work);
    writer_line(writer, "%s->%s = %s(fault);", self, gpu->fault,
                own_name(emit, "fault"));
    writer_line(writer, "return fault != 0 ? FLUX_E_LABEL : status;");
    writer_line(writer, "}");
}

static void
print_destroy(Emit *emit)
{
    const Device *gpu = emit->gpu;
    Writer *writer = &emit->source;
    const char *self = gpu->self;
    open_function(emit, "void", own_name(emit, "destroy"),
                  arena_printf(emit->arena, "%s_device *%s", emit->name, self),
                  "Waits, and frees what create has made.");
    writer_line(writer, "flux_device_close(%s->%s.stream, %s->%s);", self,
                gpu->work, self, gpu->memory);
    if (emit->options->cublaslt)
        writer_line(writer, "flux_gemm_close(%s->%s.gemm);", self, gpu->work);
    for (size_t i = 0; i < gpu->call.count && !emit->options->no_graph; i++)
        writer_line(writer, "flux_device_drop(%s->%s[%zu]);", self, gpu->graph,
                    i);
    writer_line(writer, "memset(%s, 0, sizeof *%s);", self, self);
    writer_line(writer, "}");
}

void
cuda_device(Emit *emit)
{
    cuda_fault_texts(emit);
    print_struct(emit);
    print_places(emit);
    print_create(emit);
    print_runs(emit);
    print_wait(emit);
    print_destroy(emit);
}
