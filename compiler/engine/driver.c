/* Finds the driver's library, its functions and a device. */
#include "engine/driver.h"

#include "engine/library.h"

#include <stdio.h>

/* An error, and attributes of a device. */
enum { NO_DEVICE = 100, CAPABILITY_MAJOR = 75, CAPABILITY_MINOR = 76 };

static Driver driver;

static bool
find_functions(void *library)
{
#define DRIVER(name, ...)                                                      \
    if (!library_function(library, "cu" #name, &driver.name))                  \
        return false;
#include "engine/driver.def"
#undef DRIVER
    return true;
}

/* NULL, or what is missing. */
static const char *
open_device(void)
{
    static const char *const names[] = {"libcuda.so.1", NULL};
    int count = 0;
    int device = 0;
    int major = 0;
    int minor = 0;
    void *context = NULL;
    void *library = library_open(names);
    if (library == NULL)
        return "the driver's library, libcuda.so.1, is not there";
    if (!find_functions(library))
        return "the driver's library, libcuda.so.1, is too old";
    int error = driver.Init(0);
    if (error != 0 && error != NO_DEVICE)
        return "the driver, libcuda.so.1, does not start";
    if (error != 0 || driver.DeviceGetCount(&count) != 0 || count == 0)
        return "the driver has no device";
    if (driver.DeviceGet(&device, 0) != 0 ||
        driver.DeviceGetAttribute(&major, CAPABILITY_MAJOR, device) != 0 ||
        driver.DeviceGetAttribute(&minor, CAPABILITY_MINOR, device) != 0 ||
        driver.DevicePrimaryCtxRetain(&context, device) != 0 ||
        driver.CtxSetCurrent(context) != 0)
        return "the driver's first device cannot be used";
    snprintf(driver.architecture, sizeof driver.architecture, "sm_%d%d", major,
             minor);
    return NULL;
}

const Driver *
driver_get(const char **missing)
{
    static bool tried;
    static const char *problem;
    if (!tried) {
        tried = true;
        problem = open_device();
    }
    *missing = problem;
    return problem == NULL ? &driver : NULL;
}

const char *
driver_error(Arena *arena, const char *task, int error)
{
    const char *text = NULL;
    if (error == 0)
        return NULL;
    if (driver.GetErrorString(error, &text) != 0 || text == NULL)
        text = "an error without a name";
    return arena_printf(arena, "%s: %s", task, text);
}
