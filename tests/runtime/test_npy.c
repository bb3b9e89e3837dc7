/* test_npy.c - NPY files: both orders, all types, versions, hostile headers,
 * and what is written is read back.
 */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "runtime/flux.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 512 };

/* A file of version 1 with a header and elements; gives its size. */
static size_t
make(unsigned char *file, const char *header, const void *body, size_t size)
{
    size_t length = strlen(header);
    memcpy(file, "\x93NUMPY\x01\x00", 8);
    file[8] = (unsigned char)length;
    file[9] = 0;
    memcpy(file + 10, header, length);
    memcpy(file + 10 + length, body, size);
    return 10 + length + size;
}

static flux_array
parsed(const char *header, const void *body, size_t size)
{
    unsigned char file[ROOM];
    flux_array a = {0};
    flux_error err = {{0}};
    flux_status status =
        flux_npy_parse(file, make(file, header, body, size), &a, &err);
    if (status != FLUX_OK)
        print_error("%s: %s\n", header, err.text);
    assert_int_equal(status, FLUX_OK);
    return a;
}

static void
orders_are_turned(void **unused)
{
    (void)unused;
    static const unsigned char body[] = {1, 2, 3, 4, 5, 6};
    flux_array a = parsed("{'descr': '|u1', 'fortran_order': False, "
                          "'shape': (2, 3), }  \n",
                          body, 6);
    static const int32_t c_order[] = {1, 4, 2, 5, 3, 6};
    assert_int_equal(a.rank, 2);
    assert_int_equal(a.dim[0], 2);
    assert_int_equal(a.dim[1], 3);
    assert_memory_equal(a.data, c_order, sizeof c_order);
    flux_array_free(&a);
    a = parsed("{\"shape\": (2, 3), \"fortran_order\":True,\"descr\": \"u1\"}",
               body, 6);
    static const int32_t f_order[] = {1, 2, 3, 4, 5, 6};
    assert_memory_equal(a.data, f_order, sizeof f_order);
    flux_array_free(&a);
    static const unsigned char cube[] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const int32_t turned[] = {1, 5, 3, 7, 2, 6, 4, 8};
    a = parsed("{'descr': '|u1', 'fortran_order': False, 'shape': (2,2,2)}",
               cube, 8);
    assert_memory_equal(a.data, turned, sizeof turned);
    flux_array_free(&a);
}

static void
types_are_read(void **unused)
{
    (void)unused;
    static const struct {
        const char *descr;
        unsigned char body[8];
        size_t size;
        flux_dtype dtype;
        double value;
    } cases[] = {
        {"<f4", {0, 0, 0xc0, 0x3f}, 4, FLUX_F32, 1.5},
        {"<f8", {0, 0, 0, 0, 0, 0, 4, 0xc0}, 8, FLUX_F64, -2.5},
        {"=i4", {0xfe, 0xff, 0xff, 0xff}, 4, FLUX_I32, -2},
        {"<i8",
         {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
         8,
         FLUX_I32,
         -1},
        {"<i8", {0xff, 0xff, 0xff, 0x7f}, 8, FLUX_I32, INT32_MAX},
        {"<i8",
         {0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff},
         8,
         FLUX_I32,
         INT32_MIN},
        {"<u4", {0xff, 0xff, 0xff, 0xff}, 4, FLUX_U32, UINT32_MAX},
        {"|u1", {0xff}, 1, FLUX_I32, 255},
        {">u1", {0xff}, 1, FLUX_I32, 255},
        {"|i1", {0x80}, 1, FLUX_I32, -128},
        {"|b1", {2}, 1, FLUX_BOOL, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char header[128];
        snprintf(header, sizeof header,
                 "{'descr': '%s', 'fortran_order': False, 'shape': (), }",
                 cases[i].descr);
        flux_array a = parsed(header, cases[i].body, cases[i].size);
        assert_int_equal(a.dtype, cases[i].dtype);
        assert_int_equal(a.rank, 0);
        double value = 0;
        switch (a.dtype) {
        case FLUX_F32:
            value = (double)*(const float *)a.data;
            break;
        case FLUX_F64:
            value = *(const double *)a.data;
            break;
        case FLUX_I32:
            value = *(const int32_t *)a.data;
            break;
        case FLUX_U32:
            value = *(const uint32_t *)a.data;
            break;
        case FLUX_BOOL:
            value = *(const unsigned char *)a.data;
            break;
        }
        assert_true(value == cases[i].value);
        flux_array_free(&a);
    }
}

static void
refused(const char *header, size_t body, flux_status status, const char *why)
{
    unsigned char file[ROOM];
    static const unsigned char elements[64] = {[4] = 1};
    size_t size = make(file, header, elements, body);
    unsigned char *exact = malloc(size); /* so that ASan sees its end */
    assert_non_null(exact);
    memcpy(exact, file, size);
    flux_array a = {0};
    flux_error err = {{0}};
    assert_int_equal(flux_npy_parse(exact, size, &a, &err), status);
    assert_string_equal(err.text, why);
    assert_null(a.data);
    free(exact);
}

static void
headers_are_checked(void **unused)
{
    (void)unused;
    static const char malformed[] = "the NPY header is malformed";
    static const char *const bad[] = {
        "",
        "{",
        "{}",
        "[]",
        "{'descr'",
        "{'descr':",
        "{'descr': '<f4",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'shape': ()}",
        "{'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': True, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (}",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (1 2)}",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (,)}",
        "{'descr': '<f4', 'fortran_order': True, 'shape': ()} x",
        "{'descr': '<f4', 'fortran_order': True, 'shape': () 'x': 1}",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (), 'x': 1}",
        "{'descr': <f4, 'fortran_order': True, 'shape': ()}",
        "{'a name that is longer than any that is known': 1}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(bad[i], 0, FLUX_E_FORMAT, malformed);
    refused("{'descr': [('a', '<f4')], 'fortran_order': True, 'shape': ()}", 4,
            FLUX_E_UNSUPPORTED, "NPY records of several fields cannot be read");
    refused("{'descr': '<c8', 'fortran_order': True, 'shape': ()}", 8,
            FLUX_E_UNSUPPORTED,
            "NPY elements of type '<c8' cannot be read; f4, f8, i1, i4, i8, "
            "u1, u4 and b1 can");
    refused("{'descr': '', 'fortran_order': True, 'shape': ()}", 8,
            FLUX_E_UNSUPPORTED,
            "NPY elements of type '' cannot be read; f4, f8, i1, i4, i8, "
            "u1, u4 and b1 can");
    refused("{'descr': '>f4', 'fortran_order': True, 'shape': ()}", 4,
            FLUX_E_UNSUPPORTED,
            "the NPY file is big-endian ('>f4'); a.astype('<f4') in NumPy "
            "turns it");
    refused("{'descr': '<f4', 'fortran_order': True, 'shape': "
            "(1,1,1,1,1,1,1,1,1)}",
            4, FLUX_E_UNSUPPORTED, "an NPY file of more than 8 axes");
    refused("{'descr': '<f4', 'fortran_order': True, 'shape': "
            "(4294967296, 4294967296)}",
            4, FLUX_E_SIZE, "the NPY shape overflows");
    refused("{'descr': '<f4', 'fortran_order': True, 'shape': "
            "(99999999999999999999999999,)}",
            4, FLUX_E_SIZE, "the NPY shape overflows");
    refused("{'descr': '<f4', 'fortran_order': True, 'shape': (3,)}", 8,
            FLUX_E_FORMAT,
            "the NPY header announces 12 bytes of elements, 8 follow");
    refused("{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}", 8,
            FLUX_E_FORMAT,
            "the NPY header announces 4 bytes of elements, 8 follow");
    refused("{'descr': '<i8', 'fortran_order': True, 'shape': (1,)}", 8,
            FLUX_E_SIZE, "element 0 of the NPY file does not fit 32 bits");
}

/* Every prefix of a good file is refused, and reads nothing behind its end. */
static void
cut_files_are_refused(void **unused)
{
    (void)unused;
    unsigned char file[ROOM];
    static const float body[] = {1, 2};
    size_t size = make(file,
                       "{'descr': '<f4', 'fortran_order': True, "
                       "'shape': (2,)}\n",
                       body, sizeof body);
    for (size_t n = 0; n < size; n++) {
        unsigned char *cut = malloc(n > 0 ? n : 1);
        assert_non_null(cut);
        memcpy(cut, file, n);
        flux_array a = {0};
        flux_error err = {{0}};
        assert_int_not_equal(flux_npy_parse(cut, n, &a, &err), FLUX_OK);
        assert_true(err.text[0] != '\0');
        free(cut);
    }
}

static void
versions(void **unused)
{
    (void)unused;
    static const char header[] =
        "{'descr': '|b1', 'fortran_order': True, 'shape': (1L,)}";
    unsigned char file[ROOM] = "\x93NUMPY\x02";
    file[8] = sizeof header - 1;
    memcpy(file + 12, header, sizeof header - 1);
    file[12 + sizeof header - 1] = 1;
    size_t size = 12 + sizeof header;
    flux_array a;
    flux_error err;
    for (unsigned char version = 2; version <= 3; version++) {
        file[6] = version;
        assert_int_equal(flux_npy_parse(file, size, &a, &err), FLUX_OK);
        assert_int_equal(a.dtype, FLUX_BOOL);
        flux_array_free(&a);
    }
    file[6] = 4;
    assert_int_equal(flux_npy_parse(file, size, &a, &err), FLUX_E_UNSUPPORTED);
    assert_string_equal(err.text, "NPY version 4.0 cannot be read");
    file[6] = 2;
    file[11] = 0xff; /* a header of 4 GB */
    assert_int_equal(flux_npy_parse(file, size, &a, &err), FLUX_E_FORMAT);
    assert_int_equal(flux_npy_parse(NULL, 1, &a, &err), FLUX_E_NULL);
    assert_int_equal(flux_npy_parse(file, size, NULL, &err), FLUX_E_NULL);
    assert_int_equal(flux_npy_parse("\x93NUMPX\1\0\0\0", 10, &a, &err),
                     FLUX_E_FORMAT);
}

static void
written_files_are_read(void **unused)
{
    (void)unused;
    char path[64];
    snprintf(path, sizeof path, "/tmp/test_npy.%ld.npy", (long)getpid());
    static double f64[3000];
    for (int i = 0; i < 3000; i++)
        f64[i] = i / 7.0;
    static float f32[] = {1.5f, -0.0f};
    static int32_t i32[] = {INT32_MIN, -1, 7};
    static uint32_t u32[] = {UINT32_MAX};
    static unsigned char flags[] = {0, 1, 1};
    const flux_array arrays[] = {
        {FLUX_F64, 3, {3, 10, 100}, f64}, {FLUX_F32, 1, {2}, f32},
        {FLUX_I32, 2, {3, 1}, i32},       {FLUX_U32, 0, {0}, u32},
        {FLUX_BOOL, 1, {3}, flags},       {FLUX_F32, 2, {0, 4}, f32}};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        flux_error err = {{0}};
        flux_array a = {0};
        assert_int_equal(flux_npy_write(path, &arrays[i], &err), FLUX_OK);
        assert_int_equal(flux_npy_read(path, &a, &err), FLUX_OK);
        assert_int_equal(a.dtype, arrays[i].dtype);
        assert_int_equal(a.rank, arrays[i].rank);
        for (size_t k = 0; k < a.rank; k++)
            assert_int_equal(a.dim[k], arrays[i].dim[k]);
        assert_memory_equal(a.data, arrays[i].data,
                            flux_array_size(&a) * flux_dtype_size(a.dtype));
        flux_array_free(&a);
    }
    /* NumPy wants the elements at a multiple of 64. */
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    assert_int_equal(ftell(file) % 64, 0);
    fclose(file);
    unlink(path);
}

static void
files_that_fail(void **unused)
{
    (void)unused;
    flux_error err;
    flux_array a = {0};
    float one = 1;
    const flux_array good = {FLUX_F32, 1, {1}, &one};
    const flux_array huge = {FLUX_F32, 2, {SIZE_MAX, 2}, &one};
    const flux_array odd = {(flux_dtype)99, 1, {1}, &one};
    assert_int_equal(flux_npy_read("/nowhere/x", &a, &err), FLUX_E_IO);
    assert_int_equal(flux_npy_read(NULL, &a, &err), FLUX_E_NULL);
    assert_int_equal(flux_npy_write("/nowhere/x", &good, &err), FLUX_E_IO);
    assert_int_equal(flux_npy_write("/dev/full", &good, &err), FLUX_E_IO);
    assert_int_equal(flux_npy_write(NULL, &good, &err), FLUX_E_NULL);
    assert_int_equal(flux_npy_write("/tmp/x.npy", NULL, &err), FLUX_E_NULL);
    assert_int_equal(flux_npy_write("/tmp/x.npy", &a, &err), FLUX_E_NULL);
    assert_int_equal(flux_npy_write("/tmp/x.npy", &huge, &err), FLUX_E_SIZE);
    assert_int_equal(flux_npy_write("/tmp/x.npy", &odd, &err), FLUX_E_SIZE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_are_turned),
        cmocka_unit_test(types_are_read),
        cmocka_unit_test(headers_are_checked),
        cmocka_unit_test(cut_files_are_refused),
        cmocka_unit_test(versions),
        cmocka_unit_test(written_files_are_read),
        cmocka_unit_test(files_that_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
