/* progress.h - the clock of the progress bar, for other measures of time. */
#ifndef FLUX_RUNTIME_PROGRESS_H
#define FLUX_RUNTIME_PROGRESS_H

/* Seconds of a clock that only goes forward; 0 where there is none. */
double flux_clock(void);

#endif
