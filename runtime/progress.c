/* progress.c - one line on stderr that says how far a long work is and how long
 * it will still take:
 *
 *     epoch 3/10 [##########..........]  50% 0:12 left  loss 0.3121
 */
#define _POSIX_C_SOURCE 200809L

#include "runtime/progress.h"
#include "runtime/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 20, LINE = 256, WIDTH = 79 };

double
flux_clock(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0.0;
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* "0:12", "2:03:04"; "-:--" where nothing can be said. */
static void
progress_time(double seconds, char *text, size_t room)
{
    if (!(seconds >= 0.0) || seconds > 3.6e7) {
        snprintf(text, room, "-:--");
        return;
    }
    unsigned long all = (unsigned long)(seconds + 0.5);
    if (all >= 3600)
        snprintf(text, room, "%lu:%02lu:%02lu", all / 3600, all / 60 % 60,
                 all % 60);
    else
        snprintf(text, room, "%lu:%02lu", all / 60, all % 60);
}

/* Cuts text to at most width characters, never inside one. */
static void
progress_cut(char *text, size_t width)
{
    size_t characters = 0;
    for (char *s = text; *s != '\0'; s++) {
        if (((unsigned char)*s & 0xc0) == 0x80)
            continue;
        if (characters++ == width) {
            *s = '\0';
            return;
        }
    }
}

/* The line as text; see flux.h. */
void
flux_progress_text(const flux_progress *p, double elapsed, const char *note,
                   size_t width, char *text, size_t room)
{
    double share = 1.0;
    if (p->done < p->total)
        share = (double)p->done / (double)p->total;
    char bar[BAR + 1];
    for (int i = 0; i < BAR; i++)
        bar[i] = (double)i < share * BAR ? '#' : '.';
    bar[BAR] = '\0';
    char left[32];
    double rest = share > 0.0 ? elapsed / share - elapsed : -1.0;
    progress_time(rest, left, sizeof left);
    flux_error line;
    flux_error_set(&line, FLUX_OK, "%s [%s] %3d%% %s left%s%s", p->label, bar,
                   (int)(100.0 * share), left, note != NULL ? "  " : "",
                   note != NULL ? note : "");
    progress_cut(line.text, width);
    snprintf(text, room, "%s", line.text);
}

static void
progress_draw(flux_progress *p, double now, const char *note)
{
    char line[LINE];
    flux_progress_text(p, now - p->started, note, WIDTH, line, sizeof line);
    fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
    p->drawn = now;
}

/* Begins a bar; it is drawn only if stderr is a terminal that can erase. */
void
flux_progress_start(flux_progress *p, const char *label, size_t total)
{
    const char *terminal = getenv("TERM");
    *p = (flux_progress){.label = label, .total = total};
    p->on = isatty(STDERR_FILENO) && terminal != NULL &&
            strcmp(terminal, "dumb") != 0;
    p->started = flux_clock();
    p->drawn = p->started;
}

/* Says how much is done; see flux.h. */
void
flux_progress_step(flux_progress *p, size_t done, const char *note)
{
    p->done = done;
    if (!p->on)
        return;
    double now = flux_clock();
    if (now - p->drawn >= 0.1 || done >= p->total)
        progress_draw(p, now, note);
}

/* Erases the bar. */
void
flux_progress_end(flux_progress *p)
{
    if (p->on) {
        fprintf(stderr, "\r\033[K");
        fflush(stderr);
    }
    p->on = 0;
}
