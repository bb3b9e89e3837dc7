/* test_data.c - IDX and CSV files, plain and packed, well-formed and hostile.
 */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "runtime/flux.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef FLUX_ZLIB
#include <zlib.h>
#endif

/* 2 images of 2 rows and 3 columns. */
static const unsigned char images[] = {0, 0, 8,  3,  0,  0,  0,  2, 0, 0,
                                       0, 2, 0,  0,  0,  3,  1,  2, 3, 255,
                                       5, 6, 10, 20, 30, 40, 50, 60};

static void
idx_images(void **unused)
{
    (void)unused;
    flux_array a;
    flux_error err;
    assert_int_equal(flux_idx_parse(images, sizeof images, &a, &err), FLUX_OK);
    assert_int_equal(a.dtype, FLUX_I32);
    assert_int_equal(a.rank, 3);
    assert_int_equal(a.dim[0], 3);
    assert_int_equal(a.dim[1], 2);
    assert_int_equal(a.dim[2], 2);
    assert_int_equal(flux_array_size(&a), 12);
    const int32_t *pixel = a.data;
    assert_int_equal(pixel[3], 255);
    assert_int_equal(pixel[11], 60);
    flux_array f;
    assert_int_equal(flux_array_f32(&a, 1.0 / 255.0, &f), FLUX_OK);
    assert_true(((const float *)f.data)[3] == 1.0f);
    assert_int_equal(f.dtype, FLUX_F32);
    assert_int_equal(f.dim[2], 2);
    flux_array_free(&a);
    flux_array_free(&a);
    flux_array_free(&f);
    flux_array_free(NULL);
    assert_int_equal(flux_array_f32(&a, 1.0, &f), FLUX_E_NULL);
    a = (flux_array){FLUX_F32, 2, {SIZE_MAX, 2}, &f};
    assert_int_equal(flux_array_f32(&a, 1.0, &f), FLUX_E_SIZE);
}

static void
idx_types_are_read(void **unused)
{
    (void)unused;
    static const struct {
        unsigned char file[16];
        size_t size;
        flux_dtype dtype;
        double value;
    } cases[] = {
        {{0, 0, 8, 1, 0, 0, 0, 1, 0xff}, 9, FLUX_I32, 255.0},
        {{0, 0, 9, 1, 0, 0, 0, 1, 0xff}, 9, FLUX_I32, -1.0},
        {{0, 0, 9, 1, 0, 0, 0, 1, 0x7f}, 9, FLUX_I32, 127.0},
        {{0, 0, 11, 1, 0, 0, 0, 1, 0x80, 0}, 10, FLUX_I32, -32768.0},
        {{0, 0, 12, 1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe}, 12, FLUX_I32, -2.0},
        {{0, 0, 13, 1, 0, 0, 0, 1, 0x3f, 0xc0, 0, 0}, 12, FLUX_F32, 1.5},
        {{0, 0, 14, 1, 0, 0, 0, 1, 0xc0, 4, 0, 0, 0, 0, 0, 0},
         16,
         FLUX_F64,
         -2.5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        flux_array a;
        flux_array f;
        assert_int_equal(flux_idx_parse(cases[i].file, cases[i].size, &a, NULL),
                         FLUX_OK);
        assert_int_equal(a.dtype, cases[i].dtype);
        assert_int_equal(flux_array_f32(&a, 1.0, &f), FLUX_OK);
        assert_true(*(const float *)f.data == (float)cases[i].value);
        flux_array_free(&a);
        flux_array_free(&f);
    }
}

static void
idx_refused(const void *bytes, size_t size, flux_status status, const char *why)
{
    flux_array a = {FLUX_BOOL, 7, {0}, NULL};
    flux_error err = {""};
    assert_int_equal(flux_idx_parse(bytes, size, &a, &err), status);
    if (strstr(err.text, why) == NULL)
        fail_msg("'%s' does not say '%s'", err.text, why);
    assert_int_equal(a.rank, 7);
}

static void
idx_hostile(void **unused)
{
    (void)unused;
    for (size_t cut = 0; cut < sizeof images; cut++) {
        unsigned char *part = malloc(cut > 0 ? cut : 1);
        memcpy(part, images, cut);
        idx_refused(part, cut, FLUX_E_FORMAT, "IDX");
        free(part);
    }
    unsigned char bytes[64] = {0};
    memcpy(bytes, images, sizeof images);
    idx_refused(bytes, sizeof images + 1, FLUX_E_FORMAT, "12 bytes");
    bytes[0] = 1;
    idx_refused(bytes, sizeof images, FLUX_E_FORMAT, "two zero bytes");
    bytes[0] = 0;
    bytes[2] = 7;
    idx_refused(bytes, sizeof images, FLUX_E_FORMAT, "unknown type 0x07");
    bytes[2] = 8;
    bytes[3] = 0;
    idx_refused(bytes, sizeof images, FLUX_E_FORMAT, "rank 0");
    bytes[3] = 9;
    idx_refused(bytes, sizeof images, FLUX_E_FORMAT, "rank 9");
    bytes[3] = 3;
    memset(bytes + 4, 0xff, 12);
    idx_refused(bytes, sizeof images, FLUX_E_SIZE, "overflow");
    static const unsigned char large[] = {0, 0, 8, 1, 0xff, 0xff, 0xff, 0xff};
    idx_refused(large, sizeof large, FLUX_E_FORMAT, "announces 4294967295");
    flux_array a;
    assert_int_equal(flux_idx_parse(NULL, 0, &a, NULL), FLUX_E_NULL);
    assert_int_equal(flux_idx_read("/nowhere/x", &a, NULL), FLUX_E_IO);
    static const unsigned char none[] = {0, 0, 8, 1, 0, 0, 0, 0};
    assert_int_equal(flux_idx_parse(none, sizeof none, &a, NULL), FLUX_OK);
    assert_int_equal(flux_array_size(&a), 0);
    flux_array_free(&a);
}

#ifdef FLUX_ZLIB

static size_t
pack(const void *bytes, size_t size, unsigned char *to, size_t room)
{
    z_stream z = {0};
    assert_int_equal(
        deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY),
        Z_OK);
    z.next_in = (Bytef *)bytes;
    z.avail_in = (uInt)size;
    z.next_out = to;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t length = room - z.avail_out;
    deflateEnd(&z);
    return length;
}

static void
gzip_is_unpacked(void **unused)
{
    (void)unused;
    unsigned char packed[4096];
    size_t size = pack(images, sizeof images, packed, sizeof packed);
    flux_array a;
    flux_error err;
    assert_int_equal(flux_idx_parse(packed, size, &a, &err), FLUX_OK);
    assert_int_equal(((const int32_t *)a.data)[11], 60);
    flux_array_free(&a);
    for (size_t cut = 2; cut < size; cut++)
        assert_int_equal(flux_idx_parse(packed, cut, &a, &err), FLUX_E_FORMAT);
    packed[size / 2] ^= 0x55;
    assert_int_equal(flux_idx_parse(packed, size, &a, &err), FLUX_E_FORMAT);

    /* Two members, one after the other, are one file. */
    size = pack(images, 10, packed, sizeof packed);
    size += pack(images + 10, sizeof images - 10, packed + size,
                 sizeof packed - size);
    assert_int_equal(flux_idx_parse(packed, size, &a, &err), FLUX_OK);
    flux_array_free(&a);

    /* More than the header announces is not unpacked to its end. */
    enum { BOMB = 1 << 20 };
    unsigned char *bomb = calloc(BOMB, 1);
    memcpy(bomb, images, sizeof images);
    size = pack(bomb, BOMB, packed, sizeof packed);
    free(bomb);
    assert_int_equal(flux_idx_parse(packed, size, &a, &err), FLUX_E_FORMAT);
    assert_string_equal(err.text, "the IDX header announces 12 bytes of "
                                  "elements, 13 follow or more");
}

static void
gzip_csv(void **unused)
{
    (void)unused;
    char path[] = "/tmp/flux-data-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unsigned char packed[256];
    size_t size = pack("1,2\n3,4\n", 8, packed, sizeof packed);
    assert_int_equal(write(fd, packed, size), size);
    close(fd);
    flux_table t;
    flux_error err;
    assert_int_equal(flux_csv_read(path, NULL, &t, &err), FLUX_OK);
    assert_true(t.data[3] == 4.0);
    flux_table_free(&t);
    assert_int_equal(truncate(path, 12), 0);
    assert_int_equal(flux_csv_read(path, NULL, &t, &err), FLUX_E_FORMAT);
    assert_non_null(strstr(err.text, "gzip"));
    assert_int_equal(strncmp(err.text, path, strlen(path)), 0);
    unlink(path);
}

#else

static void
gzip_is_unpacked(void **unused)
{
    (void)unused;
    static const unsigned char packed[] = {0x1f, 0x8b, 8, 0};
    idx_refused(packed, sizeof packed, FLUX_E_UNSUPPORTED, "gunzip");
}

static void
gzip_csv(void **unused)
{
    (void)unused;
    skip();
}

#endif

static flux_table
csv(const char *text, const flux_csv_options *options)
{
    flux_table t = {0};
    flux_error err = {""};
    flux_status status = flux_csv_parse(text, strlen(text), options, &t, &err);
    if (status != FLUX_OK)
        fail_msg("%s", err.text);
    return t;
}

static void
csv_numbers(void **unused)
{
    (void)unused;
    flux_table t = csv("1,2.5,-3\r\n 4e2 ,+.5,\"6\"\n\n", NULL);
    assert_int_equal(t.rows, 2);
    assert_int_equal(t.cols, 3);
    assert_null(t.name);
    static const double want[] = {1.0, 2.5, -3.0, 400.0, 0.5, 6.0};
    assert_memory_equal(t.data, want, sizeof want);
    flux_table_free(&t);
    flux_table_free(&t);
    flux_table_free(NULL);
    t = csv("nan,-Inf,infinity", NULL);
    assert_true(t.data[0] != t.data[0] && t.data[1] < 0.0 && isinf(t.data[2]));
    flux_table_free(&t);
    t = csv("", NULL);
    assert_int_equal(t.rows, 0);
    flux_table_free(&t);
    const flux_csv_options tabs = {'\t', FLUX_CSV_NONE};
    t = csv("1\t2\n3\t4", &tabs);
    assert_int_equal(t.cols, 2);
    flux_table_free(&t);
    char *many = malloc(40001);
    for (int i = 0; i < 10000; i++)
        memcpy(many + 4 * (size_t)i, "1,2\n", 4);
    many[40000] = '\0';
    t = csv(many, NULL);
    free(many);
    assert_int_equal(t.rows, 10000);
    assert_true(t.data[19999] == 2.0);
    flux_table_free(&t);
}

static void
csv_headers(void **unused)
{
    (void)unused;
    flux_table t = csv("\xef\xbb\xbf"
                       "a,\"b \"\"x\"\",\n y\",η\n1,2,3\n",
                       NULL);
    assert_int_equal(t.rows, 1);
    assert_string_equal(t.name[0], "a");
    assert_string_equal(t.name[1], "b \"x\",\n y");
    assert_string_equal(t.name[2], "η");
    flux_table_free(&t);
    const flux_csv_options names = {0, FLUX_CSV_NAMES};
    t = csv("1,2\n3,4\n", &names);
    assert_int_equal(t.rows, 1);
    assert_string_equal(t.name[1], "2");
    flux_table_free(&t);
    const flux_csv_options skip_first = {0, FLUX_CSV_SKIP};
    t = csv("569,30,malignant\n3,4\n5,6\n", &skip_first);
    assert_int_equal(t.rows, 2);
    assert_int_equal(t.cols, 2);
    assert_null(t.name);
    flux_table_free(&t);
    t = csv("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r\n", NULL);
    assert_int_equal(t.rows, 0);
    assert_string_equal(t.name[17], "r");
    flux_table_free(&t);
}

static void
csv_refused(const char *text, const char *why)
{
    flux_table t = {.rows = 77};
    flux_error err = {""};
    flux_status status = flux_csv_parse(text, strlen(text), NULL, &t, &err);
    assert_int_equal(status, FLUX_E_FORMAT);
    assert_string_equal(err.text, why);
    assert_int_equal(t.rows, 77);
}

static void
csv_errors_have_places(void **unused)
{
    (void)unused;
    csv_refused("a,b\n1,2\n1,x\n", "3:3: not a number: 'x'");
    csv_refused("1,2\n1,,\n", "2:3: a field is missing");
    csv_refused("1,2\n1, \n", "2:3: a field is missing");
    csv_refused("1,,2\n", "1:3: a field is missing");
    csv_refused("1,2\n1\n", "2:1: 1 fields, where the first record has 2");
    csv_refused("a,b\n1,2,3\n", "2:1: 3 fields, where the first record has 2");
    csv_refused("a\n\"1\n", "2:1: a quoted field without an end");
    csv_refused("a\n\"1\"2\n", "2:4: text after the closing quote");
    csv_refused("a\n1\"2\"\n", "2:2: a quote inside an unquoted field");
    csv_refused("η,\"é\n\"x\n", "2:2: text after the closing quote");
    csv_refused("a\n1e999\n",
                "2:1: a number beyond the largest double: '1e999'");
    csv_refused("a\n1\r2\n", "2:1: not a number: '1?2'");
    static const char *const words[] = {"1e",  "e1", "0x10", "1.2.3", ".",
                                        "+-1", "1f", "nanx", "--",    "1e+"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char text[32];
        char why[64];
        snprintf(text, sizeof text, "a\n%s\n", words[i]);
        snprintf(why, sizeof why, "2:1: not a number: '%s'", words[i]);
        csv_refused(text, why);
    }
    flux_table t;
    flux_error err;
    assert_int_equal(flux_csv_parse("1\0002", 3, NULL, &t, &err),
                     FLUX_E_FORMAT);
    assert_string_equal(err.text, "1:1: a zero byte in a field");
    const flux_csv_options quote = {'"', FLUX_CSV_AUTO};
    assert_int_equal(flux_csv_parse("1", 1, &quote, &t, &err),
                     FLUX_E_UNSUPPORTED);
    assert_int_equal(flux_csv_parse(NULL, 1, NULL, &t, &err), FLUX_E_NULL);
    assert_int_equal(flux_csv_read("/nowhere/x", NULL, &t, &err), FLUX_E_IO);
    assert_int_equal(flux_csv_read(NULL, NULL, &t, &err), FLUX_E_NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idx_images),  cmocka_unit_test(idx_types_are_read),
        cmocka_unit_test(idx_hostile), cmocka_unit_test(gzip_is_unpacked),
        cmocka_unit_test(gzip_csv),    cmocka_unit_test(csv_numbers),
        cmocka_unit_test(csv_headers), cmocka_unit_test(csv_errors_have_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
