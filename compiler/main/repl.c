/* fluxc repl: reads a session from stdin, evaluates each piece of it as soon as
 * that is whole, and echoes its value, which `ans` holds. On a terminal it
 * prompts, and Ctrl-C leaves what is being typed or evaluated.
 */
#define _XOPEN_SOURCE 700
#include "main/commands.h"

#include "grammar/grammar.h"
#include "script/script.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/select.h>
#include <unistd.h>

/* Each line asks anew whether its piece is whole: the whole piece is read. */
enum { PIECE_LINES = 1000, PIECE_SIZE = 1 << 20 };

typedef struct {
    char *text;
    size_t size;
    int lines;
    bool large; /* over the limits: the rest of its line is skipped */
} Piece;

static volatile sig_atomic_t interrupted;

/* The second one ends the program, should the first not be noticed. */
static void
interrupt(int number)
{
    if (interrupted) {
        signal(number, SIG_DFL);
        raise(number);
    }
    interrupted = 1;
}

static void
catch_interrupts(void)
{
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

/* Waits for a character of a terminal; false where a signal comes first. No
 * signal comes between the question for one and the wait.
 */
static bool
wait_for_input(void)
{
    sigset_t held;
    sigset_t before;
    fd_set in;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigprocmask(SIG_BLOCK, &held, &before);
    int ready = -1;
    while (ready < 0 && !interrupted) {
        FD_ZERO(&in);
        FD_SET(0, &in);
        ready = pselect(1, &in, NULL, NULL, NULL, &before);
        if (ready < 0 && errno != EINTR)
            break;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return !interrupted;
}

static int
read_character(bool terminal)
{
    return terminal && !wait_for_input() ? EOF : getchar();
}

/* Adds the next line to a piece; false at the end of the input, or where a
 * signal came.
 */
static bool
read_line(Piece *piece, bool terminal)
{
    int c = read_character(terminal);
    if (c == EOF)
        return false;
    for (; c != EOF && c != '\n'; c = read_character(terminal))
        if (piece->size < PIECE_SIZE)
            piece->text[piece->size++] = (char)c;
        else
            piece->large = true;
    piece->text[piece->size++] = '\n';
    piece->large = piece->large || ++piece->lines > PIECE_LINES;
    return !interrupted;
}

static void
prompt(bool terminal, const Piece *piece)
{
    if (terminal)
        fputs(piece->lines == 0 ? "fluxc> " : "     > ", stdout);
    fflush(stdout);
}

/* Reads until a piece is whole; false at the end of the input. */
static bool
read_piece(Piece *piece, bool terminal, Context *scratch)
{
    *piece = (Piece){.text = piece->text};
    for (;;) {
        prompt(terminal, piece);
        if (!read_line(piece, terminal)) {
            if (!interrupted)
                return piece->lines > 0;
            interrupted = 0;
            clearerr(stdin);
            puts("");
            *piece = (Piece){.text = piece->text};
            continue;
        }
        if (piece->large)
            return true;
        uint32_t source =
            source_add(&scratch->sources, "", piece->text, piece->size);
        bool whole = !grammar_unfinished(source_get(&scratch->sources, source));
        context_free(scratch);
        context_init(scratch);
        if (whole)
            return true;
    }
}

/* Evaluates a piece, and prints what it reports. */
static int
run_piece(const Options *o, Script *s, const Piece *piece, int number)
{
    char name[40];
    Context *context = s->context;
    snprintf(name, sizeof name, "repl[%d]", number);
    if (piece->large)
        diag_add(&context->diags, DIAG_limit, (Span){0},
                 "%s: more than %d lines or %d bytes that do not end", name,
                 PIECE_LINES, PIECE_SIZE);
    else
        script_run_piece(
            s, source_add(&context->sources, name, piece->text, piece->size));
    fflush(stdout);
    if (interrupted && fputs("interrupted\n", stderr) >= 0)
        interrupted = 0;
    int code = report(o, context);
    context->diags.count = 0;
    context->diags.errors = 0;
    return code;
}

static int
run_session(const Options *o, Script *s)
{
    bool terminal = isatty(0) && isatty(1);
    int code = EXIT_fine;
    Context scratch;
    context_init(&scratch);
    Piece piece = {.text = base_alloc(PIECE_SIZE + PIECE_LINES + 1)};
    if (terminal) {
        setvbuf(stdin, NULL, _IONBF, 0);
        catch_interrupts();
        puts("fluxc " FLUXC_VERSION ", Ctrl-D ends");
    }
    for (int i = 1; read_piece(&piece, terminal, &scratch); i++) {
        int one = run_piece(o, s, &piece, i);
        code = !terminal && one > code ? one : code;
        if (!script_can_go_on(s))
            break;
    }
    if (terminal)
        puts("");
    free(piece.text);
    context_free(&scratch);
    return code;
}

int
command_repl(const Options *o)
{
    Context context;
    context_init(&context);
    ScriptOptions options = o->script;
    options.interrupted = &interrupted;
    Script script;
    bool good = script_init(&script, &context, &options);
    for (int i = 0; good && i < o->arguments; i++)
        good = script_run_file(&script, o->argument[i]);
    fflush(stdout);
    int code = report(o, &context);
    context.diags.count = 0;
    context.diags.errors = 0;
    if (good)
        code = run_session(o, &script);
    script_free(&script);
    context_free(&context);
    return code;
}
