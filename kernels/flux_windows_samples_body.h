/* flux_windows_samples_body.h - products over several axes, of many samples,
 * which are the lanes: so terms that lie in a frame are left out, and lines may
 * be short, their windows any steps apart. For one element type and one vector
 * instruction set; flux_windows_vector_body.h includes it.
 *
 * A group is as many samples as a vector has lanes. Groups are laid out, an
 * element a vector, and multiplied line by line in tiles of neighbouring
 * places; a tile has the terms that one of its places has an element for.
 */
enum {
    FLUX_P(FLUX_GROUPS) = 4, /* that are multiplied at once, at most */
    FLUX_P(FLUX_PLACES) = 16 /* of a line, whose results are stored at once */
};

/* Places of a line; of several, where no terms are left out. */
typedef struct {
    size_t count;
    size_t low[FLUX_P(FLUX_PLACES)], high[FLUX_P(FLUX_PLACES)]; /* terms */
    size_t from[FLUX_P(FLUX_PLACES)];
    size_t to[FLUX_P(FLUX_PLACES)]; /* in c */
    int beside;                     /* whether they are neighbours there */
    size_t line_low, line_high;     /* terms along a second framed axis */
} FLUX_P(flux_samples_line);

typedef struct {
    flux_lines lines;
    size_t groups;
    size_t sample[FLUX_P(FLUX_GROUPS)]; /* the first of each */
    size_t column[6];                   /* in c */
    FLUX_P(flux_samples_line) line;
    FLUX_P(flux_strip) strip;
    FLUX_ALIGNED FLUX_T
        c[6 * (FLUX_P(FLUX_PLACES) + FLUX_W) * FLUX_P(FLUX_GROUPS) * FLUX_W];
    FLUX_ALIGNED FLUX_T a[FLUX_FRAMED * FLUX_W];
} FLUX_P(flux_samples);

/* Lays the lines of a group of samples out. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_samples_lay)(const FLUX_P(flux_windows_job) * job,
                         const flux_lines *lines, const FLUX_T *a, FLUX_T *to)
{
    flux_place place = {{0}, {0, 0, 0, 0}};
    for (size_t i = 0; i < lines->lines; i++) {
        FLUX_T *line = to + (lines->start + place.at.b) * FLUX_W;
        FLUX_T *end = line + lines->length * FLUX_W;
        for (size_t x = 1; x <= lines->before; x++)
            FLUX_AT(line - x * FLUX_W) = FLUX_I(all)(0);
        FLUX_P(flux_pack)
        (FLUX_W, FLUX_W, lines->length, a + place.at.a,
         job->row[job->rows - 1].a, job->frame[0].step, line);
        for (size_t x = 0; x < lines->behind; x++)
            FLUX_AT(end + x * FLUX_W) = FLUX_I(all)(0);
        flux_place_next(&place, lines->axes, lines->axis);
    }
}

/* The terms along a framed axis, from `low` to below `high`, that a place has
 * elements for. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_samples_within)(const FLUX_P(flux_windows_job) * job, size_t i,
                            size_t index, size_t *low, size_t *high)
{
    const flux_frame *frame = job->frame + i;
    const size_t step = job->term[i].a / frame->step;
    const size_t at = index * (job->row[i].a / frame->step);
    const size_t end = frame->before + frame->length;
    *low = at < frame->before ? frame->before - at : 0;
    *high = at < end ? end - at : 0;
    if (step > 1) {
        *low = (*low + step - 1) / step;
        *high = (*high + step - 1) / step;
    }
    if (*high > job->term[i].length)
        *high = job->term[i].length;
}

/* The next of `left` places, of one line where there are frames. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_samples_next)(const FLUX_P(flux_windows_job) * job,
                          const flux_lines *lines, size_t left,
                          flux_place *place, FLUX_P(flux_samples_line) * line)
{
    const size_t rest = job->row[0].length - place->index[0];
    if (!job->whole && rest < left)
        left = rest;
    line->count = left < FLUX_P(FLUX_PLACES) ? left : FLUX_P(FLUX_PLACES);
    line->beside = 1;
    line->line_low = 0;
    line->line_high = 1;
    if (job->frames > 1)
        FLUX_P(flux_samples_within)
    (job, 1, place->index[1], &line->line_low, &line->line_high);
    for (size_t p = 0; p < line->count; p++) {
        FLUX_P(flux_samples_within)
        (job, 0, place->index[0], &line->low[p], &line->high[p]);
        line->from[p] = place->at.a * FLUX_W;
        line->to[p] = place->at.c;
        line->beside &= line->to[p] == line->to[0] + p;
        flux_place_next(place, job->frames, lines->row);
    }
}

/* Picks, of a block of terms from `first` on, those from `low` to below `high`
 * along the first axis, of the line's along the second. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_samples_pick)(const FLUX_P(flux_windows_job) * job,
                          FLUX_P(flux_samples) * s, size_t first, size_t low,
                          size_t high)
{
    const size_t run = job->term[0].length;
    const size_t period = job->frames > 1 ? run * job->term[1].length : run;
    const size_t lay = s->strip.lay, terms = s->strip.terms, *at = s->strip.at;
    flux_pick lot[FLUX_TERMS], *pick = s->strip.pick;
    size_t term[FLUX_TERMS], count = 0;
    for (size_t y = s->line.line_low; y < s->line.line_high; y++)
        for (size_t x = low; x < high; x++) {
            const size_t k = y * run + x;
            const size_t down = y > 0 ? y * s->lines.term[1].a : 0;
            const flux_pick one = {(x * s->lines.term[0].a + down) * FLUX_W,
                                   k * lay};
            term[count] = k;
            lot[count++] = one;
        }
    for (size_t k = first / period * period; k < first + terms; k += period) {
        const size_t on = k - first;
        if (on < terms && on + period <= terms) {
            const size_t a = at[on], b = on * lay;
            for (size_t i = 0; i < count; i++) {
                pick[i].a = lot[i].a + a;
                pick[i].b = lot[i].b + b;
            }
            pick += count;
            continue;
        }
        for (size_t i = 0; i < count; i++)
            if (on + term[i] < terms) {
                pick->a = at[on + term[i]];
                pick->b = (on + term[i]) * lay;
                pick++;
            }
    }
    s->strip.picks = (size_t)(pick - s->strip.pick);
}

/* Multiplies the places of a line with a block of terms, from `first` on. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_samples_multiply)(const FLUX_P(flux_windows_job) * job,
                              FLUX_P(flux_samples) * s, size_t first)
{
    FLUX_P(flux_strip) *strip = &s->strip;
    const FLUX_P(flux_samples_line) *line = &s->line;
    const size_t vectors = line->count * s->groups;
    size_t low = 0, high = 0; /* of the last tile */
    for (size_t i = 0; i < vectors;) {
        size_t p = i / s->groups;
        size_t least = line->low[p], most = line->high[p];
        for (strip->count = 0; strip->count < strip->tall && i < vectors; i++) {
            FLUX_P(flux_places_of) *rows = strip->rows + strip->count++;
            p = i / s->groups;
            least = line->low[p] < least ? line->low[p] : least;
            most = line->high[p] > most ? line->high[p] : most;
            rows->cut = rows->some = FLUX_W;
            rows->from = rows->next =
                s->a + line->from[p] + i % s->groups * s->lines.size * FLUX_W;
            rows->to = rows->to_next = s->c + i * FLUX_W;
        }
        if (!job->whole && (i <= strip->tall || least != low || most != high))
            FLUX_P(flux_samples_pick)(job, s, first, least, most);
        low = least;
        high = most;
        FLUX_P(flux_strip_done)(strip, strip->pick);
    }
}

/* Stores the results of a line's places, sample by sample. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_samples_store)(const FLUX_P(flux_windows_job) * job,
                           const FLUX_P(flux_samples) * s)
{
    FLUX_ALIGNED FLUX_T turned[FLUX_W * FLUX_W];
    const size_t next = job->row[job->rows - 1].c, groups = s->groups;
    const FLUX_P(flux_samples_line) *line = &s->line;
    for (size_t i = 0; i < s->strip.wide * groups; i++) {
        const size_t q = i / groups, g = i % groups;
        FLUX_T *c = job->c + s->sample[g] * next + s->column[q];
        const FLUX_T *from = s->c + s->strip.column[q].c + g * FLUX_W;
        for (size_t p = 0; p < line->count; p += FLUX_W) {
            const size_t left = line->count - p;
            const size_t some = left < FLUX_W ? left : FLUX_W;
            const size_t *to = line->to + p;
            FLUX_P(flux_pack)
            (FLUX_W, FLUX_W, FLUX_W, from + p * groups * FLUX_W,
             groups * FLUX_W, 1, turned);
            for (size_t l = 0; l < FLUX_W; l++) {
                const FLUX_T *row = turned + l * FLUX_W;
                if (line->beside)
                    FLUX_I(put)(c + l * next + to[0], FLUX_AT(row), some);
                for (size_t x = 0; x < some && !line->beside; x++)
                    c[l * next + to[x]] = row[x];
            }
        }
    }
}

/* Whether a block of the columns' terms has numbers alone. */
FLUX_TARGET FLUX_ONCE int
FLUX_P(flux_samples_finite)(const FLUX_P(flux_strip) * strip)
{
    int finite = 1;
    for (size_t i = 0; i < strip->terms * strip->lay; i++)
        finite &= strip->b[i] - strip->b[i] == 0;
    return finite;
}

/* All places of groups of samples with some columns; 0 where terms in frames
 * would count. */
FLUX_TARGET FLUX_ONCE int
FLUX_P(flux_samples_columns)(const FLUX_P(flux_windows_job) * job,
                             FLUX_P(flux_samples) * s)
{
    FLUX_P(flux_strip) *strip = &s->strip;
    const size_t length = flux_axes_count(job->terms, job->term);
    size_t left = flux_axes_count(job->frames, job->row);
    flux_place down = {{0}, {0, 0, 0, 0}};
    flux_axis term[FLUX_AXES];
    size_t from[FLUX_TERMS];
    for (size_t i = 0; i < job->terms; i++) {
        term[i] = s->lines.term[i];
        term[i].a *= FLUX_W;
    }
    for (int again = 0; left > 0; again = length <= FLUX_TERMS) {
        flux_place place = {{0}, {0, 0, 0, 0}};
        FLUX_P(flux_samples_next)(job, &s->lines, left, &down, &s->line);
        for (size_t k = 0; k < length; k += FLUX_TERMS) {
            strip->first = k == 0;
            strip->terms = length - k < FLUX_TERMS ? length - k : FLUX_TERMS;
            if (!again) {
                flux_places_ab(&place, job->terms, term, strip->terms,
                               strip->at, from);
                FLUX_P(flux_strip_whole)(strip);
                FLUX_P(flux_strip_lay)(job, from, strip);
                if (!job->whole && !FLUX_P(flux_samples_finite)(strip))
                    return 0;
            }
            FLUX_P(flux_samples_multiply)(job, s, k);
        }
        FLUX_P(flux_samples_store)(job, s);
        left -= s->line.count;
    }
    return 1;
}

/* The lines of a sample, whose frames have memory where `with` is 1; how many
 * groups have room. */
FLUX_TARGET FLUX_ONCE size_t
FLUX_P(flux_samples_room)(const FLUX_P(flux_windows_job) * job,
                          FLUX_P(flux_samples) * s, size_t with)
{
    flux_lines_plan(&s->lines, job->row, job->terms, job->term, job->frames,
                    job->frame, with);
    size_t most = FLUX_FRAMED / s->lines.size;
    return most < FLUX_P(FLUX_GROUPS) ? most : FLUX_P(FLUX_GROUPS);
}

/* The next groups, from a sample on, and their lines; whether there is room.
 * Where a tile is a place of as many groups as it has vectors, it has that
 * place's terms alone: then no frame needs memory. */
FLUX_TARGET FLUX_ONCE int
FLUX_P(flux_samples_plan)(const FLUX_P(flux_windows_job) * job,
                          FLUX_P(flux_samples) * s, size_t first)
{
    const size_t samples = job->row[job->rows - 1].length;
    const size_t left = (samples - first + FLUX_W - 1) / FLUX_W;
    size_t most = s->strip.tall;
    if (job->whole || left < most ||
        FLUX_P(flux_samples_room)(job, s, 0) < most)
        most = FLUX_P(flux_samples_room)(job, s, 1);
    most = left < most ? left : most;
    s->groups = most;
    for (size_t g = 0; g < most; g++) {
        s->sample[g] = first + g * FLUX_W;
        if (s->sample[g] > samples - FLUX_W)
            s->sample[g] = samples - FLUX_W;
    }
    return most > 0;
}

/* Samples as lanes; 0 where terms in frames count, or there are too few samples
 * or too large ones. The last group has some of the samples before it, too. */
FLUX_TARGET FLUX_ONCE int
FLUX_P(flux_windows_by_samples)(const FLUX_P(flux_windows_job) * job)
{
    FLUX_P(flux_samples) s;
    FLUX_P(flux_strip) *strip = &s.strip;
    const size_t width = flux_axes_count(job->columns, job->column);
    const flux_axis *sample = job->row + job->rows - 1;
    if (flux_axes_count(job->frames, job->term) > FLUX_TERMS ||
        sample->length < FLUX_W)
        return 0;
    strip->lay = (width + 3) / 4 * 4 <= (width + 5) / 6 * 6 ? 4 : 6;
    strip->tall = FLUX_TALL(strip->lay);
    strip->shared = 0;
    for (size_t i = 0; i < sample->length; i += s.groups * FLUX_W) {
        flux_place across = {{0}, {0, 0, 0, 0}};
        if (!FLUX_P(flux_samples_plan)(job, &s, i))
            return 0;
        for (size_t g = 0; g < s.groups; g++)
            FLUX_P(flux_samples_lay)
        (job, &s.lines, job->a + s.sample[g] * sample->a,
         s.a + g * s.lines.size * FLUX_W);
        for (size_t j = 0; j < width; j += strip->lay) {
            strip->wide = width - j < strip->lay ? width - j : strip->lay;
            flux_places(&across, job->columns, job->column, strip->wide,
                        strip->column);
            for (size_t q = 0; q < strip->wide; q++) {
                s.column[q] = strip->column[q].c;
                strip->column[q].c =
                    q * (FLUX_P(FLUX_PLACES) + FLUX_W) * s.groups * FLUX_W;
            }
            if (!FLUX_P(flux_samples_columns)(job, &s))
                return 0;
        }
    }
    return 1;
}

/* The same without frames, where each axis of rows but the last goes along one
 * of the terms'. */
FLUX_TARGET FLUX_ONCE int
FLUX_P(flux_windows_unframed)(const FLUX_P(flux_windows_job) * job)
{
    FLUX_P(flux_windows_job) framed = *job;
    flux_frame frame[2];
    framed.whole = 1;
    framed.frames = job->rows - 1;
    framed.frame = frame;
    if (job->rows < 2 || job->rows > 3 || job->terms < job->rows - 1 ||
        job->term[0].length > job->row[0].length)
        return 0;
    for (size_t i = 0; i < framed.frames; i++) {
        const size_t row = job->row[i].a, term = job->term[i].a;
        const size_t step = row < term ? row : term;
        if (job->row[i].length * job->term[i].length * step == 0 ||
            row % step != 0 || term % step != 0)
            return 0;
        frame[i].step = step;
        frame[i].before = 0;
        frame[i].length =
            flux_frame_whole(job->row + i, job->term + i, frame + i);
    }
    return flux_axes_count(job->terms, job->term) > 0 &&
           FLUX_P(flux_windows_by_samples)(&framed);
}
