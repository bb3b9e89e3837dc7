/* test_tensors.c - safetensors files and checkpoints: bytes made by hand, every
 * truncation, damaged headers, disks that are full, loads that must change
 * nothing.
 */
#define _POSIX_C_SOURCE 200809L
#define _XOPEN_SOURCE   700

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/runtime/fake.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/flux-tensors-XXXXXX";

static int
folder_make(void **unused)
{
    (void)unused;
    return mkdtemp(folder) == NULL;
}

static int
folder_remove(void **unused)
{
    (void)unused;
    return rmdir(folder); /* fails if a test leaves a file behind */
}

static const char *
in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static size_t
files_in_folder(void)
{
    DIR *dir = opendir(folder);
    size_t count = 0;
    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2;
}

/* A file of a header and zero bytes, in memory. */
static size_t
file_of(const char *header, size_t data, unsigned char *to)
{
    size_t length = strlen(header);
    memset(to, 0, 8);
    to[0] = (unsigned char)(length & 0xff);
    to[1] = (unsigned char)(length >> 8);
    memcpy(to + 8, header, length);
    memset(to + 8 + length, 0, data);
    return 8 + length + data;
}

static void
refused(const char *header, size_t data, const char *why)
{
    unsigned char bytes[2048];
    flux_error err = {""};
    flux_tensors *t =
        flux_tensors_unpack(bytes, file_of(header, data, bytes), &err);
    if (t != NULL)
        fail_msg("accepted: %s", header);
    if (strstr(err.text, why) == NULL)
        fail_msg("'%s' does not say '%s'", err.text, why);
}

static void
reads_a_file_made_by_hand(void **unused)
{
    (void)unused;
    static const char header[] =
        " {\"__metadata__\":{\"k\":\"v\\n\"}, \"\\u03c3.W\" : "
        "{\"data_offsets\":[1,25],\"dtype\":\"F32\",\"shape\":[2,3]},"
        "\"flag\":{\"dtype\":\"BOOL\",\"shape\":[],\"data_offsets\":[0,1]},"
        "\"e\":{\"dtype\":\"F64\",\"shape\":[0,7],\"data_offsets\":[25,25]}}  ";
    unsigned char bytes[512];
    size_t size = file_of(header + 1, 25, bytes);
    unsigned char *data = bytes + size - 25;
    data[0] = 1;
    for (int i = 0; i < 6; i++) {
        float value = (float)i + 0.5f;
        memcpy(data + 1 + 4 * i, &value, 4);
    }
    flux_error err;
    flux_tensors *t = flux_tensors_unpack(bytes, size, &err);
    assert_non_null(t);
    assert_int_equal(flux_tensors_count(t), 3);
    const flux_tensor *w = flux_tensors_find(t, "σ.W");
    assert_non_null(w);
    assert_int_equal(w->rank, 2);
    assert_int_equal(w->dim[0], 3);
    assert_int_equal(w->dim[1], 2);
    assert_true(((const float *)w->data)[5] == 5.5f);
    assert_int_equal((uintptr_t)w->data % 64, 0);
    const flux_tensor *flag = flux_tensors_find(t, "flag");
    assert_int_equal(flag->rank, 0);
    assert_int_equal(*(const unsigned char *)flag->data, 1);
    assert_int_equal(flux_tensors_find(t, "e")->dim[0], 7);
    assert_string_equal(flux_tensors_note(t, "k"), "v\n");
    assert_null(flux_tensors_note(t, "x"));
    assert_null(flux_tensors_find(t, "none"));
    assert_null(flux_tensors_find(t, NULL));
    assert_string_equal(flux_tensors_at(t, 0)->name, "e");
    assert_null(flux_tensors_at(t, 3));
    flux_tensors_close(t);
    flux_tensors_close(NULL);

    data[0] = 2;
    assert_null(flux_tensors_unpack(bytes, size, &err));
    assert_string_equal(err.text,
                        "tensor flag: a BOOL that is neither 0 nor 1");
    for (size_t cut = 0; cut < size; cut++)
        assert_null(flux_tensors_unpack(bytes, cut, NULL));
    assert_null(flux_tensors_unpack(NULL, 0, &err));
    size = file_of("{}", 0, bytes);
    t = flux_tensors_unpack(bytes, size, &err);
    assert_non_null(t);
    assert_null(flux_tensors_find(t, "a"));
    flux_tensors_close(t);
}

#define F32(name, shape, from, to)                                             \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape                         \
    ",\"data_offsets\":[" from "," to "]}"

static void
refuses_damaged_layouts(void **unused)
{
    (void)unused;
    refused("{" F32("a", "[1]", "0", "4") "," F32("b", "[1]", "3", "7") "}", 7,
            "tensor b: its bytes 3 to 7 belong to another too");
    refused("{" F32("a", "[1]", "0", "4") "," F32("b", "[1]", "5", "9") "}", 9,
            "leave a gap");
    refused("{" F32("a", "[1]", "0", "4") "}", 3, "are not in the file");
    refused("{" F32("a", "[1]", "0", "4") "}", 5, "1 bytes follow");
    refused("{" F32("a", "[2]", "0", "4") "}", 4, "does not fit the bytes");
    refused("{" F32("a", "[1]", "4", "0") "}", 4, "does not fit the bytes");
    refused("{" F32("a", "[1]", "0", "4") "," F32("a", "[1]", "4", "8") "}", 8,
            "tensor a stands twice");
    refused("{" F32("a", "[4294967296,4294967296]", "0", "0") "}", 0,
            "does not fit the bytes");
    refused("{" F32("a", "[18446744073709551616]", "0", "0") "}", 0,
            "too large");
    refused("{" F32("a", "[1,1,1,1,1,1,1,1,1]", "0", "4") "}", 4,
            "more than 8 dimensions");
    refused("{" F32("", "[1]", "0", "4") "}", 4, "without a name");
    refused("{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]}}",
            2, "tensor a has dtype F16");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "lacks its");
    refused("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 4, "twice the");
    refused("{\"a\":{\"other\":1}}", 4, "an unknown member other");
    refused("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "stands twice");
}

static void
refuses_damaged_json(void **unused)
{
    (void)unused;
    refused("", 0, "no '{' at byte 8");
    refused("[]", 0, "no '{' at byte 8");
    refused("{", 0, "a string expected");
    refused("{} x", 0, "text after the end");
    refused("{\"a\"", 0, "':' expected");
    refused("{\"a\":[[[[[[[[", 0, "'{' expected");
    refused("{\"__metadata__\":{\"a\":1}}", 0, "a string expected");
    refused("{\"__metadata__\":{\"a\":\"b\",}}", 0, "a string expected");
    refused("{\"__metadata__\":{\"a\":\"b\"]", 0, "',' or '}' expected");
    refused("{\"a", 0, "a string without an end");
    refused("{\"a\\", 0, "a string without an end");
    refused("{\"a\\q\":{}}", 0, "an unknown escape");
    refused("{\"\\u12g4\":{}}", 0, "a bad \\u escape");
    refused("{\"\\u0000\":{}}", 0, "a bad \\u escape");
    refused("{\"\\ud800\":{}}", 0, "half a surrogate");
    refused("{\"\\ud800\\u0041\":{}}", 0, "half a surrogate");
    refused("{\"\\udc00\":{}}", 0, "half a surrogate");
    refused("{\"a\tb\":{}}", 0, "a control character");
    refused("{\"\xc0\x80\":{}}", 0, "not UTF-8");
    refused("{\"\xed\xa0\x80\":{}}", 0, "not UTF-8");
    refused("{\"\xf4\x90\x80\x80\":{}}", 0, "not UTF-8");
    refused("{\"\xe2\x82\":{}}", 0, "not UTF-8");
    refused("{" F32("a", "[-1]", "0", "4") "}", 4, "whole number");
    refused("{" F32("a", "[01]", "0", "4") "}", 4, "whole number");
    refused("{" F32("a", "[1.0]", "0", "4") "}", 4, "',' or ']' expected");
    refused("{" F32("a", "[1,]", "0", "4") "}", 4, "whole number");
    refused("{" F32("a", "3", "0", "4") "}", 4, "'[' expected");
}

static void
refuses_wrong_lengths(void **unused)
{
    (void)unused;
    flux_error err;
    unsigned char bytes[16] = {0xff, 0xff, 0xff, 0xff, 0xff,
                               0xff, 0xff, 0xff, '{',  '}'};
    assert_null(flux_tensors_unpack(bytes, 10, &err));
    assert_non_null(strstr(err.text, "a header of 18446744073709551615 bytes"));
    assert_null(flux_tensors_unpack(bytes, 3, &err));
    assert_string_equal(err.text, "not a safetensors file: 3 bytes");
}

static void
writes_what_it_reads(void **unused)
{
    (void)unused;
    const char *path = in_folder("all.safetensors");
    const unsigned char flags[3] = {1, 0, 1};
    const double wide[2] = {1.5, -2.5};
    const int32_t whole[4] = {-1, 2, -3, 4};
    const uint32_t count[1] = {4000000000u};
    const flux_tensor list[] = {{"flags \"\\\n", FLUX_BOOL, 1, {3}, flags},
                                {"β₂", FLUX_F64, 1, {2}, wide},
                                {"whole", FLUX_I32, 2, {1, 4}, whole},
                                {"count", FLUX_U32, 0, {0}, count},
                                {"none", FLUX_F32, 2, {0, 5}, NULL}};
    const flux_note note[] = {{"a", "\"b\""}, {"c", "d\\"}};
    flux_error err = {""};
    assert_int_equal(flux_tensors_write(path, list, 5, note, 2, &err), FLUX_OK);
    flux_tensors *t = flux_tensors_open(path, &err);
    assert_non_null(t);
    assert_int_equal(flux_tensors_count(t), 5);
    for (size_t i = 0; i < 5; i++) {
        const flux_tensor *read = flux_tensors_find(t, list[i].name);
        assert_non_null(read);
        assert_int_equal(read->dtype, list[i].dtype);
        assert_int_equal(read->rank, list[i].rank);
        assert_memory_equal(read->dim, list[i].dim,
                            sizeof(size_t) * read->rank);
    }
    assert_memory_equal(flux_tensors_find(t, "whole")->data, whole, 16);
    assert_memory_equal(flux_tensors_find(t, "β₂")->data, wide, 16);
    assert_string_equal(flux_tensors_note(t, "a"), "\"b\"");
    assert_string_equal(flux_tensors_note(t, "c"), "d\\");
    flux_tensors_close(t);
    void *bytes;
    size_t size;
    assert_int_equal(flux_tensors_pack(list, 5, note, 2, &bytes, &size, &err),
                     FLUX_OK);
    FILE *f = fopen(path, "rb");
    unsigned char same[1024];
    assert_int_equal(fread(same, 1, sizeof same, f), size);
    fclose(f);
    assert_memory_equal(same, bytes, size);
    free(bytes);
    unlink(path);
}

static void
write_refuses(void **unused)
{
    (void)unused;
    const float x[1] = {0.0f};
    flux_error err;
    void *bytes;
    size_t size;
    const flux_tensor good = {"a", FLUX_F32, 0, {0}, x};
    flux_tensor twice[] = {good, good};
    assert_int_equal(flux_tensors_pack(twice, 2, NULL, 0, &bytes, &size, &err),
                     FLUX_E_MISMATCH);
    assert_string_equal(err.text, "two tensors are named a");
    static const char *const names[] = {NULL, "", "__metadata__", "\xff"};
    for (size_t i = 0; i < 4; i++) {
        flux_tensor bad = good;
        bad.name = names[i];
        assert_int_equal(
            flux_tensors_pack(&bad, 1, NULL, 0, &bytes, &size, &err),
            FLUX_E_FORMAT);
    }
    flux_tensor bad = good;
    bad.dtype = (flux_dtype)9;
    assert_int_equal(flux_tensors_pack(&bad, 1, NULL, 0, &bytes, &size, &err),
                     FLUX_E_UNSUPPORTED);
    bad = good;
    bad.rank = 9;
    assert_int_equal(flux_tensors_pack(&bad, 1, NULL, 0, &bytes, &size, &err),
                     FLUX_E_UNSUPPORTED);
    bad = (flux_tensor){"a", FLUX_F32, 2, {SIZE_MAX, 2}, x};
    assert_int_equal(flux_tensors_pack(&bad, 1, NULL, 0, &bytes, &size, &err),
                     FLUX_E_SIZE);
    bad = (flux_tensor){"a", FLUX_F32, 0, {0}, NULL};
    assert_int_equal(flux_tensors_pack(&bad, 1, NULL, 0, &bytes, &size, &err),
                     FLUX_E_NULL);
    const flux_note note = {"k", "\xff"};
    assert_int_equal(flux_tensors_pack(&good, 1, &note, 1, &bytes, &size, &err),
                     FLUX_E_FORMAT);
    assert_int_equal(flux_tensors_pack(NULL, 1, NULL, 0, &bytes, &size, &err),
                     FLUX_E_NULL);
    assert_int_equal(flux_tensors_pack(&good, 1, NULL, 0, NULL, &size, &err),
                     FLUX_E_NULL);
}

static void
save_and_load(void **unused)
{
    (void)unused;
    const char *path = in_folder("fake.safetensors");
    flux_error err = {""};
    const Fake m = {1.25, -3.0, 17};
    Fake read = {0.0, 0.0, 0};
    assert_int_equal(flux_save(&fake_model, &m, path, &err), FLUX_OK);
    assert_int_equal(flux_load(&fake_model, &read, path, &err), FLUX_OK);
    assert_true(read.a == 1.25 && read.b == -3.0 && read.steps == 17);
    /* Again over the old file, whose mode stays; nothing else is left. */
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(flux_save(&fake_model, &m, path, &err), FLUX_OK);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_int_equal(files_in_folder(), 1);
    /* Through a link: the file is replaced, not the link. */
    char link[256];
    snprintf(link, sizeof link, "%s/link", folder);
    assert_int_equal(symlink(path, link), 0);
    const Fake other = {2.0, 2.0, 2};
    assert_int_equal(flux_save(&fake_model, &other, link, &err), FLUX_OK);
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(
        flux_load(&fake_model, &read, in_folder("fake.safetensors"), &err),
        FLUX_OK);
    assert_int_equal(read.steps, 2);
    unlink(link);
    unlink(in_folder("fake.safetensors"));
}

static void
bytes_survive_no_truncation(void **unused)
{
    (void)unused;
    const Fake m = {1.25, -3.0, 17};
    void *bytes;
    size_t size;
    flux_error err;
    assert_int_equal(flux_save_bytes(&fake_model, &m, &bytes, &size, &err),
                     FLUX_OK);
    Fake read = {7.0, 7.0, 7};
    for (size_t cut = 0; cut < size; cut++) {
        unsigned char *part = malloc(cut + 1); /* its end is the end */
        part = realloc(part, cut > 0 ? cut : 1);
        memcpy(part, bytes, cut);
        assert_int_equal(flux_load_bytes(&fake_model, &read, part, cut, &err),
                         FLUX_E_FORMAT);
        free(part);
    }
    /* Every single changed byte gives an error or a model, never a crash. */
    for (size_t i = 0; i < size; i++) {
        unsigned char *b = bytes;
        unsigned char keep = b[i];
        for (unsigned value = 0; value < 256; value += 15) {
            Fake ignored;
            b[i] = (unsigned char)value;
            (void)flux_load_bytes(&fake_model, &ignored, b, size, &err);
        }
        b[i] = keep;
    }
    assert_true(read.a == 7.0 && read.b == 7.0 && read.steps == 7);
    assert_int_equal(flux_load_bytes(&fake_model, &read, bytes, size, &err),
                     FLUX_OK);
    assert_int_equal(read.steps, 17);
    free(bytes);
}

static void
mismatches_name_both_shapes(void **unused)
{
    (void)unused;
    flux_model *big = flux_affine(3, 2);
    flux_model *small = flux_affine(2, 2);
    float m[8] = {1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, 8.0f};
    float other[6] = {9.0f, 9.0f, 9.0f, 9.0f, 9.0f, 9.0f};
    void *bytes;
    size_t size;
    flux_error err;
    assert_int_equal(flux_save_bytes(big, m, &bytes, &size, &err), FLUX_OK);
    assert_int_equal(flux_load_bytes(small, other, bytes, size, &err),
                     FLUX_E_MISMATCH);
    assert_string_equal(err.text, "tensor W is f32 (2, 3) in the file, f32 "
                                  "(2, 2) in the model");
    assert_true(other[5] == 9.0f && other[0] == 9.0f);
    Fake f;
    assert_int_equal(flux_load_bytes(&fake_model, &f, bytes, size, &err),
                     FLUX_E_MISMATCH);
    assert_string_equal(err.text, "tensor a is not in the file");
    free(bytes);
    flux_model fewer = *big;
    fewer.nparam = 1;
    assert_int_equal(flux_save_bytes(big, m, &bytes, &size, &err), FLUX_OK);
    assert_int_equal(flux_load_bytes(&fewer, m, bytes, size, &err),
                     FLUX_E_MISMATCH);
    assert_string_equal(err.text, "the model has no parameter for tensor b");
    free(bytes);
    flux_param whole[3];
    memcpy(whole, fake_model.param, sizeof whole);
    whole[0].dtype = FLUX_I32;
    flux_model converted = fake_model;
    converted.param = whole;
    f = (Fake){1.0, 2.0, 3};
    assert_int_equal(flux_save_bytes(&fake_model, &f, &bytes, &size, &err),
                     FLUX_OK);
    assert_int_equal(flux_load_bytes(&converted, &f, bytes, size, &err),
                     FLUX_E_MISMATCH);
    assert_string_equal(err.text,
                        "tensor a is f64 () in the file, i32 () in the model");
    free(bytes);
    fewer = *big;
    fewer.bytes = 8;
    assert_int_equal(flux_save_bytes(&fewer, m, &bytes, &size, &err),
                     FLUX_E_SIZE);
    flux_model_free(big);
    flux_model_free(small);
}

static void
files_that_cannot_be(void **unused)
{
    (void)unused;
    const Fake m = {1.0, 2.0, 3};
    Fake read = {0};
    flux_error err;
    assert_int_equal(flux_load(&fake_model, &read, in_folder("none"), &err),
                     FLUX_E_IO);
    assert_non_null(strstr(err.text, "No such file"));
    assert_int_equal(flux_load(&fake_model, &read, folder, &err), FLUX_E_IO);
    assert_int_equal(flux_load(&fake_model, &read, "/dev/null", &err),
                     FLUX_E_IO);
    assert_int_equal(flux_save(&fake_model, &m, "/dev/full", &err), FLUX_E_IO);
    assert_non_null(strstr(err.text, "No space left"));
    assert_int_equal(flux_save(&fake_model, &m, folder, &err), FLUX_E_IO);
    assert_non_null(strstr(err.text, "is a folder"));
    assert_int_equal(flux_save(&fake_model, &m, in_folder("no/such"), &err),
                     FLUX_E_IO);
    /* Nobody, not even root, can make a file there. */
    assert_int_equal(flux_save(&fake_model, &m, "/proc/fake", &err), FLUX_E_IO);
    assert_int_equal(flux_save(&fake_model, &m, NULL, &err), FLUX_E_NULL);
    assert_int_equal(flux_load(&fake_model, &read, NULL, &err), FLUX_E_NULL);
    assert_int_equal(flux_save(NULL, &m, folder, &err), FLUX_E_NULL);
    assert_int_equal(flux_save(&fake_model, NULL, in_folder("x"), &err),
                     FLUX_E_NULL);
    assert_int_equal(files_in_folder(), 0);
}

/* A write that fails half way, by a limit on the size of files. */
static void
failed_write_keeps_the_old_file(void **unused)
{
    (void)unused;
    char path[256];
    snprintf(path, sizeof path, "%s", in_folder("kept"));
    const Fake m = {1.0, 2.0, 3};
    const Fake changed = {4.0, 5.0, 6};
    Fake read = {0};
    flux_error err;
    assert_int_equal(flux_save(&fake_model, &m, path, &err), FLUX_OK);
    struct rlimit before;
    struct rlimit small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 64;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    flux_status status = flux_save(&fake_model, &changed, path, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(status, FLUX_E_IO);
    assert_int_equal(files_in_folder(), 1);
    assert_int_equal(flux_load(&fake_model, &read, path, &err), FLUX_OK);
    assert_int_equal(read.steps, 3);
    unlink(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_file_made_by_hand),
        cmocka_unit_test(refuses_damaged_layouts),
        cmocka_unit_test(refuses_damaged_json),
        cmocka_unit_test(refuses_wrong_lengths),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(write_refuses),
        cmocka_unit_test(save_and_load),
        cmocka_unit_test(bytes_survive_no_truncation),
        cmocka_unit_test(mismatches_name_both_shapes),
        cmocka_unit_test(files_that_cannot_be),
        cmocka_unit_test(failed_write_keeps_the_old_file),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
