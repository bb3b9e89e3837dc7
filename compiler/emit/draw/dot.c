/* A graph in Graphviz's language (graphviz.org, "DOT Language"). */
#include "emit/draw/draw.h"

static void
print_string(const char *text, FILE *file)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\')
            fputc('\\', file);
        fputc((unsigned char)*p < 0x20 ? ' ' : *p, file);
    }
}

static void
print_box(const Drawing *d, int i, int depth, FILE *file)
{
    static const char *const style[] = {
        [DRAW_input] = "shape=oval, style=filled, fillcolor=\"#dbeafe\"",
        [DRAW_param] = "shape=box, style=filled, fillcolor=\"#fef3c7\"",
        [DRAW_value] = "shape=box, style=rounded",
        [DRAW_output] = "shape=oval, style=filled, fillcolor=\"#dcfce7\""};
    const DrawBox *box = &d->box.item[i];
    fprintf(file, "%*sn%d [%s, label=\"", 2 * depth + 2, "", i,
            style[box->kind]);
    print_string(box->title, file);
    fputs("\\n", file);
    print_string(box->shape, file);
    if (box->place[0] != '\0')
        fputs("\\n", file);
    print_string(box->place, file);
    fputs("\"];\n", file);
}

/* A group's boxes and the groups within it, `depth` deep (bounded). */
static void
print_group(const Drawing *d, int group, int depth, FILE *file)
{
    if (group >= 0) {
        fprintf(file, "%*ssubgraph cluster_%d {\n", 2 * depth, "", group);
        fprintf(file, "%*slabel=\"", 2 * depth + 2, "");
        print_string(d->group.item[group].name, file);
        fputs("\";\n", file);
    }
    for (size_t i = 0; i < d->box.count; i++)
        if (d->box.item[i].group == group)
            print_box(d, (int)i, depth, file);
    for (size_t i = 0; i < d->group.count; i++)
        if (d->group.item[i].parent == group)
            print_group(d, (int)i, depth + 1, file);
    if (group >= 0)
        fprintf(file, "%*s}\n", 2 * depth, "");
}

void
draw_dot(const Graph *g, FILE *file)
{
    Drawing d = draw_graph(g);
    fputs("digraph \"", file);
    print_string(g->name, file);
    fputs("\" {\n  node [fontname=\"sans-serif\", fontsize=11];\n", file);
    print_group(&d, -1, 0, file);
    for (size_t i = 0; i < d.box.count; i++)
        for (int k = 0; k < d.box.item[i].operands; k++)
            fprintf(file, "  n%d -> n%d;\n", d.box.item[i].from[k], (int)i);
    fputs("}\n", file);
}
