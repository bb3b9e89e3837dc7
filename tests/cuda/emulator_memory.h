/* emulator_memory.h - the device's memory (emulator_memory.cpp), for the
 * emulator's other files.
 */
#ifndef EMULATOR_MEMORY_H
#define EMULATOR_MEMORY_H

#include <cstddef>

namespace emulator
{
/* Memory with red zones around it; NULL where there is no more. */
void *memory_take(size_t bytes);
bool memory_give(void *memory);
size_t memory_live();
size_t memory_damaged();

/* While one of these is there, the host can reach the device's memory. */
class Open
{
  public:
    Open();
    ~Open();
};
} // namespace emulator

#endif
