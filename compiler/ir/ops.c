/* The table of operations, made from ops.def. */
#include "ir/ir.h"

const OpInfo op_info[OP_COUNT] = {
#define OP(name, class, operands, text, da, db)                                \
    {#name, CLASS_##class, operands, text},
#include "ir/ops.def"
#undef OP
};
