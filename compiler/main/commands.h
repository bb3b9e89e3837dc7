/* The commands, each a straight line through the layers; they give the exit
 * code.
 */
#ifndef FLUXC_MAIN_COMMANDS_H
#define FLUXC_MAIN_COMMANDS_H

#include "main/options.h"
#include "script/model/model.h"

#define COMMAND(text, name, arguments, help)                                   \
    int command_##name(const Options *o);
#include "main/commands.def"
#undef COMMAND

/* report.c: prints what was reported; the exit code that follows from it. */
int report(const Options *o, const Context *context);

/* write.c: writes files, all of them and whole, or none; false, reported, on
 * failure: what was there stays.
 */
typedef struct {
    const char *path;
    char *text;
    size_t size;
} FileText;
bool write_files(Context *context, const FileText *text, int count);

/* arch.c: whether --arch has what --math needs; false, reported, where it has
 * not.
 */
bool check_architecture(const Options *o, Context *context);

/* arch.c: whether NVRTC compiles the kernels of a source, with its header, for
 * an architecture; false, reported, where it does not.
 */
bool check_kernels(Context *context, const char *arch, const FileText *header,
                   const FileText *source);

/* compile.c: evaluates a file's definitions; gives the models to be emitted,
 * which live as long as the script; false where something was reported. The
 * script must be freed in either case.
 */
typedef struct {
    EmitModel **item;
    size_t count;
    uint32_t first_source; /* number of the file in the context's sources */
} Models;
bool models_of_file(const Options *o, Context *context, Script *script,
                    const char *path, Models *models);

#endif
