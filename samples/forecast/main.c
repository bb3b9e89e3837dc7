/* Forecasts the temperature of the sea, from C:
 *
 *     demo [EPOCHS [FILE]]
 *
 * trains forecast.net on the months until 1994, and says how far its forecasts
 * of 1 to 12 months are off in the years from 1995, beside two simple ones: the
 * month a year before, and the mean of that month in the years trained on.
 */
#include "common/arguments.h"
#include "forecast.h"

#include "flux.h"

#include <math.h>
#include <stdio.h>

enum {
    YEAR = 12,
    MONTHS = 61 * YEAR,
    TRAINED = 45 * YEAR, /* 1950 to 1994 */
    PAST = FORECAST_IN,
    WINDOWS = TRAINED - PAST - YEAR + 1,
    TESTS = MONTHS - TRAINED - YEAR + 1,
    BATCH = 32
};

static float month[MONTHS]; /* degrees Celsius, from January 1950 */

/* Rows of a year and its twelve months. */
static flux_status
months_read(const char *path, flux_error *err)
{
    flux_table table;
    flux_status status = flux_csv_read(path, NULL, &table, err);
    if (status != FLUX_OK)
        return status;
    if (table.cols == 1 + YEAR && table.rows * YEAR == MONTHS)
        for (size_t i = 0; i < MONTHS; i++)
            month[i] =
                (float)table.data[i % YEAR + 1 + table.cols * (i / YEAR)];
    else
        status = FLUX_E_FORMAT;
    flux_table_free(&table);
    if (status != FLUX_OK)
        snprintf(err->text, sizeof err->text, "%s: not 61 years", path);
    return status;
}

/* Every 36 months of the years to train on, and the 12 after them. */
static flux_status
train(forecast *m, size_t epochs, flux_error *err)
{
    static float past[PAST * WINDOWS];
    static float next[YEAR * WINDOWS];
    static forecast_step step;
    for (size_t w = 0; w < WINDOWS; w++) {
        for (size_t i = 0; i < PAST; i++)
            past[PAST * w + i] = month[w + i];
        for (size_t i = 0; i < YEAR; i++)
            next[YEAR * w + i] = month[w + PAST + i];
    }
    const void *x = past;
    const flux_data data = {.n = WINDOWS, .x = &x, .y = next};
    const flux_train_options options = {
        .epochs = epochs, .batch = BATCH, .seed = 1};
    flux_train_result result;
    forecast_init(m, FORECAST_SEED);
    forecast_step_init(&step, FORECAST_SEED);
    flux_status status = flux_train(&forecast_step_trainer, &step, m, &data,
                                    &options, &result, err);
    if (status == FLUX_OK)
        printf("%zu windows, loss %.4f\n", (size_t)WINDOWS, result.loss);
    return status;
}

/* The mean over the years trained on of the month that month i is. */
static double
usual(size_t i)
{
    double sum = 0;
    for (size_t k = i % YEAR; k < TRAINED; k += YEAR)
        sum += (double)month[k];
    return sum / (TRAINED / YEAR);
}

/* Errors in degrees, root mean square, of forecasts so many months ahead. */
static flux_status
compare(const forecast *m)
{
    static unsigned char arena[FORECAST_ARENA(1) + 1];
    const flux_work work = {.arena = arena, .bytes = sizeof arena};
    double error[3][YEAR] = {{0}};
    double all[3] = {0};
    for (size_t t = TRAINED; t < TRAINED + TESTS; t++) {
        float y[YEAR];
        flux_status status =
            forecast_forward(m, NULL, &month[t - PAST], 1, y, &work);
        if (status != FLUX_OK)
            return status;
        for (size_t i = 0; i < YEAR; i++) {
            const double is = (double)month[t + i];
            error[0][i] += pow((double)month[t + i - YEAR] - is, 2) / TESTS;
            error[1][i] += pow(usual(t + i) - is, 2) / TESTS;
            error[2][i] += pow((double)y[i] - is, 2) / TESTS;
        }
    }
    puts("months ahead  a year before  usual month  GRU");
    for (size_t i = 0; i < YEAR; i++) {
        printf("%12zu  %13.2f  %11.2f  %.2f\n", i + 1, sqrt(error[0][i]),
               sqrt(error[1][i]), sqrt(error[2][i]));
        for (int k = 0; k < 3; k++)
            all[k] += error[k][i] / YEAR;
    }
    printf("%12s  %13.3f  %11.3f  %.3f\n", "all", sqrt(all[0]), sqrt(all[1]),
           sqrt(all[2]));
    return FLUX_OK;
}

int
main(int argc, char **argv)
{
    static forecast m;
    flux_error err = {{0}};
    const size_t epochs = count_of(argc, argv, 1, 80);
    if (epochs == 0 || argc > 3) {
        fputs("usage: demo [EPOCHS [FILE]]\n", stderr);
        return 2;
    }
    flux_status status = months_read(argc > 2 ? argv[2] : "elnino.csv", &err);
    if (status == FLUX_OK)
        status = train(&m, epochs, &err);
    if (status == FLUX_OK)
        status = compare(&m);
    if (status != FLUX_OK)
        fprintf(stderr, "demo: %s\n",
                err.text[0] != '\0' ? err.text : flux_status_text(status));
    return status != FLUX_OK;
}
