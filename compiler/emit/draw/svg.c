/* A graph as SVG, with a layered layout (Sugiyama, Tagawa and Toda, 1981): a
 * box stands in the layer below its operands; an edge over several layers bends
 * in each; the order in a layer is that of the mean of the neighbours, after a
 * few sweeps down and up. All numbers are integers: the text is the same on
 * every machine.
 */
#include "emit/draw/draw.h"

#include <stdlib.h>
#include <string.h>

enum {
    LETTER = 7, /* width of one at this size of the font */
    LINE = 14,
    HEIGHT = 4 * LINE + 6,
    DISTANCE = HEIGHT + 36, /* of two layers */
    SPACE = 20,
    BEND = 8,     /* width that a bend takes */
    SWEEPS = 8,   /* over all layers */
    LONGEST = 24, /* longer edges do not bend */
    MARGIN = 20
};

/* A box, or the bend of an edge in a layer. */
typedef struct {
    int box; /* -1: a bend */
    int layer;
    long x; /* of its middle */
    int width;
    long wish;  /* the mean of its neighbours' x */
    long sum;   /* of those */
    int wishes; /* how many */
} Item;

typedef struct {
    int above;
    int below;
} Link;

typedef struct {
    Arena *arena;
    const Drawing *d;
    VEC(Item) item;
    VEC(Link) link; /* between neighbouring layers, but for the longest */
    int *sorted[2]; /* links by the layer of their lower and upper ends */
    int *from[2];   /* where each layer's begin */
    bool *free;     /* of the boxes: see find_free */
    int layers;
    int **layer; /* the items of each layer in order */
    int *count;
} Picture;

static int
columns(const char *text)
{
    int n = 0;
    for (const char *p = text; *p != '\0'; p++)
        n += ((unsigned char)*p & 0xC0) != 0x80;
    return n;
}

static const char *
group_name(const Drawing *d, const DrawBox *box)
{
    return box->group >= 0 ? d->group.item[box->group].name : "";
}

static int
width_of(const Drawing *d, const DrawBox *box)
{
    int n = columns(box->title);
    int widths[] = {columns(box->shape), columns(box->place),
                    columns(group_name(d, box))};
    for (int i = 0; i < 3; i++)
        n = widths[i] > n ? widths[i] : n;
    return n * LETTER + 16;
}

/* Marks the boxes that no input leads to: parameters, constants, what is made
 * of them alone. They follow their users and lead nothing.
 */
static void
find_free(Picture *p)
{
    size_t count = p->d->box.count;
    p->free = ARENA_ARRAY(p->arena, bool, count + 1);
    for (size_t i = 0; i < count; i++) {
        const DrawBox *box = &p->d->box.item[i];
        p->free[i] = box->kind != DRAW_input && box->kind != DRAW_output;
        for (int k = 0; k < box->operands; k++)
            p->free[i] = p->free[i] && p->free[box->from[k]];
    }
}

/* Layers by the longest way from a leaf; what is free, and every leaf, stands
 * over its first user.
 */
static void
find_layers(Picture *p)
{
    size_t count = p->d->box.count;
    for (size_t i = 0; i < count; i++) {
        const DrawBox *box = &p->d->box.item[i];
        Item item = {.box = (int)i, .width = width_of(p->d, box)};
        for (int k = 0; k < box->operands; k++) {
            int below = p->item.item[box->from[k]].layer + 1;
            item.layer = below > item.layer ? below : item.layer;
        }
        p->layers = item.layer >= p->layers ? item.layer + 1 : p->layers;
        VEC_PUSH(p->arena, &p->item, item);
    }
    int *first = ARENA_ARRAY(p->arena, int, count);
    for (size_t i = count; i-- > 0;) {
        const DrawBox *box = &p->d->box.item[i];
        Item *item = &p->item.item[i];
        if ((box->operands == 0 || p->free[i]) && first[i] > 0)
            item->layer = first[i] - 1;
        for (int k = 0; k < box->operands; k++) {
            int *f = &first[box->from[k]];
            *f = *f == 0 || item->layer < *f ? item->layer : *f;
        }
    }
}

static void
add_link(Picture *p, int above, int below)
{
    Link link = {above, below};
    VEC_PUSH(p->arena, &p->link, link);
}

/* An edge, with a bend in each layer that it crosses. */
static void
add_edge(Picture *p, int above, int below)
{
    int last = p->item.item[below].layer;
    int from = above;
    int start = p->item.item[above].layer + 1;
    for (int layer = start; layer < last && last - start < LONGEST; layer++) {
        Item bend = {.box = -1, .layer = layer, .width = BEND};
        VEC_PUSH(p->arena, &p->item, bend);
        int number = (int)p->item.count - 1;
        add_link(p, from, number);
        from = number;
    }
    add_link(p, from, below);
}

static void
fill_layers(Picture *p)
{
    p->count = ARENA_ARRAY(p->arena, int, p->layers + 1);
    p->layer = ARENA_ARRAY(p->arena, int *, p->layers + 1);
    for (size_t i = 0; i < p->item.count; i++)
        p->count[p->item.item[i].layer]++;
    for (int l = 0; l < p->layers; l++) {
        p->layer[l] = ARENA_ARRAY(p->arena, int, p->count[l] + 1);
        p->count[l] = 0;
    }
    for (size_t i = 0; i < p->item.count; i++) {
        int l = p->item.item[i].layer;
        p->layer[l][p->count[l]++] = (int)i;
    }
}

static int
link_layer(const Picture *p, Link link, bool upper)
{
    return p->item.item[upper ? link.above : link.below].layer;
}

/* Sorts the links by the layers of one of their ends. */
static void
sort_links(Picture *p, bool upper)
{
    int count = (int)p->link.count;
    int *from = ARENA_ARRAY(p->arena, int, p->layers + 2);
    int *sorted = ARENA_ARRAY(p->arena, int, count + 1);
    for (int i = 0; i < count; i++)
        from[link_layer(p, p->link.item[i], upper) + 2]++;
    for (int l = 2; l < p->layers + 2; l++)
        from[l] += from[l - 1];
    for (int i = 0; i < count; i++)
        sorted[from[link_layer(p, p->link.item[i], upper) + 1]++] = i;
    p->from[upper] = from;
    p->sorted[upper] = sorted;
}

/* The wish of each item of a layer: the mean x of its neighbours above, or
 * below.
 */
static void
find_wishes(Picture *p, int l, bool above)
{
    for (int i = 0; i < p->count[l]; i++) {
        Item *item = &p->item.item[p->layer[l][i]];
        item->sum = 0;
        item->wishes = 0;
    }
    for (int i = p->from[!above][l]; i < p->from[!above][l + 1]; i++) {
        Link link = p->link.item[p->sorted[!above][i]];
        int from = above ? link.above : link.below;
        int box = p->item.item[from].box;
        if (above && box >= 0 && p->free[box])
            continue;
        Item *to = &p->item.item[above ? link.below : link.above];
        to->sum += p->item.item[from].x;
        to->wishes++;
    }
    for (int i = 0; i < p->count[l]; i++) {
        Item *item = &p->item.item[p->layer[l][i]];
        item->wish = item->wishes > 0 ? item->sum / item->wishes : item->x;
    }
}

/* A layer's items by their wishes; equal ones keep their order. */
static void
sort_layer(const Picture *p, int *layer, int count, int *scratch)
{
    if (count < 2)
        return;
    int half = count / 2;
    sort_layer(p, layer, half, scratch);
    sort_layer(p, layer + half, count - half, scratch);
    int a = 0;
    int b = half;
    for (int i = 0; i < count; i++) {
        bool left = b == count || (a < half && p->item.item[layer[a]].wish <=
                                                   p->item.item[layer[b]].wish);
        scratch[i] = layer[left ? a++ : b++];
    }
    memcpy(layer, scratch, (size_t)count * sizeof *layer);
}

/* Items get their wishes as far as those to their left leave room; what that
 * moves those that lead to the right, on the mean, is taken back for all.
 */
static void
place_layer(Picture *p, int l)
{
    long end = 0;
    long moved = 0;
    int leading = 0;
    for (int i = 0; i < p->count[l]; i++) {
        Item *item = &p->item.item[p->layer[l][i]];
        long least = end + SPACE + item->width / 2;
        item->x = i == 0 || item->wish > least ? item->wish : least;
        end = item->x + item->width / 2;
        if (item->wishes == 0 || (item->box >= 0 && p->free[item->box]))
            continue;
        moved += item->x - item->wish;
        leading++;
    }
    long back = leading > 0 ? moved / leading : 0;
    for (int i = 0; i < p->count[l]; i++)
        p->item.item[p->layer[l][i]].x -= back;
}

static void
place_all(Picture *p)
{
    int *scratch = ARENA_ARRAY(p->arena, int, p->item.count + 1);
    for (int l = 0; l < p->layers; l++)
        place_layer(p, l);
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        bool down = sweep % 2 != 0;
        for (int k = 0; k < p->layers; k++) {
            int l = down ? k : p->layers - 1 - k;
            find_wishes(p, l, down);
            sort_layer(p, p->layer[l], p->count[l], scratch);
            place_layer(p, l);
        }
    }
    long left = 0;
    for (size_t i = 0; i < p->item.count; i++) {
        const Item *item = &p->item.item[i];
        long begin = item->x - item->width / 2;
        left = i == 0 || begin < left ? begin : left;
    }
    for (size_t i = 0; i < p->item.count; i++)
        p->item.item[i].x += MARGIN - left;
}

/* ---- the text ---- */

static void
print_string(const char *text, FILE *file)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '<')
            fputs("&lt;", file);
        else if (*p == '&')
            fputs("&amp;", file);
        else
            fputc((unsigned char)*p < 0x20 ? ' ' : *p, file);
    }
}

static long
top_of(int layer)
{
    return MARGIN + (long)layer * DISTANCE;
}

static void
print_link(const Picture *p, Link link, FILE *file)
{
    const Item *a = &p->item.item[link.above];
    const Item *b = &p->item.item[link.below];
    long y1 = top_of(a->layer) + (a->box < 0 ? HEIGHT / 2 : HEIGHT);
    long y2 = top_of(b->layer) + (b->box < 0 ? HEIGHT / 2 : 0);
    long middle = (y1 + y2) / 2;
    fprintf(file, "<path d=\"M%ld %ldC%ld %ld %ld %ld %ld %ld\"%s/>\n", a->x,
            y1, a->x, middle, b->x, middle, b->x, y2,
            b->box < 0 ? "" : " marker-end=\"url(#a)\"");
}

/* Models have colours by their names' first appearance. */
static const char *
fill_of(const DrawBox *box)
{
    static const char *const of_kind[] = {[DRAW_input] = "#dbeafe",
                                          [DRAW_param] = "#fef3c7",
                                          [DRAW_value] = "#ffffff",
                                          [DRAW_output] = "#dcfce7"};
    static const char *const of_group[] = {"#f3e8ff", "#ffedd5", "#e0f2fe",
                                           "#fce7f3", "#ecfccb", "#f1f5f9"};
    if (box->kind == DRAW_value && box->group >= 0)
        return of_group[box->group % 6];
    return of_kind[box->kind];
}

static void
print_box(const Picture *p, const Item *item, FILE *file)
{
    const DrawBox *box = &p->d->box.item[item->box];
    long y = top_of(item->layer);
    fprintf(file,
            "<rect x=\"%ld\" y=\"%ld\" width=\"%d\" height=\"%d\" rx=\"%d\" "
            "fill=\"%s\"/>\n",
            item->x - item->width / 2, y, item->width, HEIGHT,
            box->kind == DRAW_input || box->kind == DRAW_output ? 20 : 4,
            fill_of(box));
    const char *text[] = {box->title, box->shape, box->place,
                          group_name(p->d, box)};
    for (int i = 0; i < 4; i++) {
        if (text[i][0] == '\0')
            continue;
        fprintf(file, "<text x=\"%ld\" y=\"%ld\"%s>", item->x,
                y + (i + 1) * LINE, i == 0 ? " font-weight=\"bold\"" : "");
        print_string(text[i], file);
        fputs("</text>\n", file);
    }
}

static void
print_picture(const Picture *p, const Graph *g, FILE *file)
{
    long width = 0;
    for (size_t i = 0; i < p->item.count; i++) {
        const Item *item = &p->item.item[i];
        long end = item->x + item->width / 2 + MARGIN;
        width = end > width ? end : width;
    }
    long height = top_of(p->layers) - (DISTANCE - HEIGHT) + MARGIN;
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%ld\" "
            "height=\"%ld\" font-family=\"monospace\" font-size=\"11\" "
            "text-anchor=\"middle\">\n<title>",
            width, height);
    print_string(g->name, file);
    fputs("</title>\n<defs><marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"8\" "
          "refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">"
          "<path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n"
          "<g fill=\"none\" stroke=\"#64748b\">\n",
          file);
    for (size_t i = 0; i < p->link.count; i++)
        print_link(p, p->link.item[i], file);
    fputs("</g>\n<g stroke=\"#334155\">\n", file);
    fputs("<style>text{stroke:none;fill:#0f172a}</style>\n", file);
    for (size_t i = 0; i < p->d->box.count; i++)
        print_box(p, &p->item.item[i], file);
    fputs("</g>\n</svg>\n", file);
}

void
draw_svg(const Graph *g, FILE *file)
{
    Drawing d = draw_graph(g);
    Picture p = {.arena = &g->context->arena, .d = &d};
    find_free(&p);
    find_layers(&p);
    for (size_t i = 0; i < d.box.count; i++)
        for (int k = 0; k < d.box.item[i].operands; k++)
            add_edge(&p, d.box.item[i].from[k], (int)i);
    fill_layers(&p);
    sort_links(&p, false);
    sort_links(&p, true);
    place_all(&p);
    print_picture(&p, g, file);
}
