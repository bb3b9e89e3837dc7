/* The words of the graph's text form, shared by printer and reader.
 *
 *     graph mlp_forward
 *       %0 = input "x" : f32[784,n]  ; model.net:3:4
 *       %1 = param "layer1.W" : f32[128,784]
 *       %2 = contract %1[i,k] %0[k,j] -> [i,j] seq : f32[128,n]
 *       %3 = sum %2 axes(0) tree16 : f32[n]
 *       out "y" = %3
 *       next %1 = %2
 *
 * A line is a node, its number the next one; then the outputs: results, and
 * new values of params and states (`next "name" %1 = %2` where the output's
 * name is not the leaf's). A `;` begins a comment.
 */
#ifndef FLUXC_IR_TEXT_H
#define FLUXC_IR_TEXT_H

#include "ir/ir.h"

extern const char *const order_name[ORDER_tree16 + 1];

/* The letter of each label of a contraction; the usual ones come first. */
extern const char label_letter[IR_LABELS + 1];

/* Bytes of names that need no quotes. */
static inline bool
text_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '!' ||
           (unsigned char)c >= 0x80;
}

#endif
