/* What the printer of CUDA (emit/cuda) does in the place of the one of C, or
 * for it: C and CUDA are one printer, but for which loops are threads, for
 * products, and for the functions of the API, which launch.
 */
#ifndef FLUXC_EMIT_C_DEVICE_H
#define FLUXC_EMIT_C_DEVICE_H

#include "emit/c/c_emit.h"

/* cuda_function.c: all of a schedule, its kernels into printer->parts and its
 * launches where the printer writes; a function of the API that launches; a
 * line that does, if none before it has failed and the condition " && …" holds;
 * such lines with their error declared; the end of such a function, with its
 * stream in C, or NULL for the default one.
 */
void cuda_schedule(Printer *printer);
void cuda_function_define(Function *f);
void cuda_launch(Writer *writer, const char *condition, const char *launch);
void cuda_declare(Writer *writer, const char *launches);
void cuda_launches(Writer *writer, const char *stream, const char *launches);

/* Ends the threads whose number is not below a count. */
void cuda_guard(Writer *writer, const char *index, const char *count);

/* cuda_fault.c: the number of the fault of one argument; what numbers of faults
 * say, as a function.
 */
size_t cuda_fault(const Function *f, const Argument *a);
void cuda_fault_texts(Emit *emit);

/* cuda_files.c: the same functions on a device, for a source and a header of
 * their own.
 */
bool emit_device(Emit *emit);

/* cuda_api.c: those of them that are no schedule's. Prints the kernels of an
 * update; gives the lines that launch them.
 */
const char *cuda_update(Emit *emit, const char *formal);
void cuda_trainer_init(Emit *emit, const Trainer *trainer);
/* An init, with the parameters that are copied from tables. */
void cuda_init_copies(Emit *emit, Function *f, const bool *tabled);

/* cuda_device.c: notes a function that has been defined, of a trainer or (NULL)
 * of the model, forward first; then writes NAME_create and its like.
 */
void cuda_device_note(Emit *emit, const Function *f, const Trainer *trainer);
void cuda_device(Emit *emit);

/* cuda_describe.c: all of it as data, for the runtime: flux_device. */
void cuda_describe(Emit *emit);

#endif
