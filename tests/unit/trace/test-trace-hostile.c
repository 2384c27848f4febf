/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hostile records and files: they are rejected, or shown within bounds. */
#include <stdio.h>
#include <string.h>

#include "trace-samples.h"
#include "trace/trace-decode.h"
#include "trace/trace-file.h"
#include "trace/trace-format.h"
#include "util/endian.h"
#include "util/error.h"

#define TEXT_MAX (CHANNEL_PROGRAM_MAX * 16384)
#define MUTANTS 1500

/* Shows the bytes in every style if they are a valid record. */
static gboolean try_record(const guint8 *bytes, gsize length)
{
    static const TraceStyle styles[] = { { TRUE, 0 }, { FALSE, 0 }, { TRUE, TRACE_DATA_MAX } };
    TraceRecord record;

    if (!trace_record_parse(bytes, length, &record, NULL))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(styles); i++) {
        g_autoptr(GString) text = g_string_new(NULL), json = g_string_new(NULL);
        TraceRecord again = record, other = record;

        trace_format_text(&again, &styles[i], text);
        trace_format_json(&other, &styles[i], json);
        g_assert_cmpuint(text->len, <, TEXT_MAX);
        g_assert_cmpuint(json->len, <, TEXT_MAX);
        g_assert_cmpint(json->str[json->len - 1], ==, '\n');
    }
    return TRUE;
}

/* The buffer ends with the record, so that a sanitizer finds a read beyond it. */
static gboolean try_exact(const guint8 *bytes, gsize length)
{
    g_autofree guint8 *copy = g_memdup2(bytes, length);

    return try_record(copy, length);
}

static void test_mutants(void)
{
    g_autoptr(GPtrArray) names = samples_names();
    guint shown = 0;

    g_random_set_seed(3390);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = samples_path(names->pdata[i], ".trace");
        gsize length, at = 0;
        g_autofree char *bytes = samples_read(path, &length);

        while (at < length) {
            gsize size = trace_record_length((const guint8 *)bytes + at);

            g_assert_cmpuint(size, >, 0);
            for (guint n = 0; n < MUTANTS / 30; n++) {
                g_autofree guint8 *copy = g_memdup2(bytes + at, size);

                for (guint changes = 0; changes < 3; changes++)
                    copy[8 + g_random_int() % (size - 8)] = (guint8)g_random_int();
                shown += try_record(copy, size);
            }
            at += size;
        }
    }
    /* Most changes are in the data: the decoders must have run. */
    g_assert_cmpuint(shown, >, 100);
}

static void test_cut(void)
{
    Sample *sample = sample_make(3, 40, 7);
    g_autofree guint8 *buffer = g_malloc0(TRACE_RECORD_MAX);
    gsize length = trace_capture(&sample->capture, buffer);

    g_assert_true(try_exact(buffer, length));
    for (gsize n = 0; n < length; n++)
        g_assert_false(try_exact(buffer, n));
    /* A short record with a matching length. */
    for (gsize n = TRACE_RECORD_SIZE; n < length; n += 8) {
        ccw_store_be32(buffer + TRACE_OFS_LENGTH, (guint32)n);
        g_assert_false(try_exact(buffer, n));
    }
    /* Longer than its CCWs. */
    ccw_store_be32(buffer + TRACE_OFS_LENGTH, (guint32)length + 8);
    g_assert_false(try_exact(buffer, length + 8));
}

static void test_fields(void)
{
    static const struct {
        gsize offset;
        guint16 value;
    } bad[] = {
        { TRACE_OFS_FUNCTION, 0xff00 },
        { TRACE_OFS_CCWS, 2 },
        { TRACE_OFS_CCWS, 257 },
        { TRACE_OFS_CCWS, 0xffff },
        { TRACE_OFS_ERRNO, 1 },
        { TRACE_OFS_ERRNO + 2, 4096 },
        { TRACE_RECORD_SIZE + TRACE_CCW_OFS_ADDRESSES, 34 },
        { TRACE_RECORD_SIZE + TRACE_CCW_OFS_ADDRESSES, 0xffff },
        { TRACE_RECORD_SIZE + TRACE_CCW_OFS_DATA, 1025 },
        { TRACE_RECORD_SIZE + TRACE_CCW_OFS_DATA, 0xffff },
    };
    g_autofree guint8 *buffer = g_malloc0(TRACE_RECORD_MAX);

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        gsize length = trace_capture(&sample_make(1, 16, 1)->capture, buffer);

        ccw_store_be16(buffer + bad[i].offset, bad[i].value);
        g_assert_false(try_exact(buffer, length));
    }
}

/* Every command with every length of data, and with extreme values. */
static void test_decoders(void)
{
    static const guint8 fills[] = { 0x00, 0xff, 0x80, 0x7f };

    for (guint cmd = 0; cmd < 256; cmd++) {
        for (gsize i = 0; i < G_N_ELEMENTS(fills); i++) {
            for (gsize length = 0; length < 80; length++) {
                g_autofree guint8 *data = g_malloc(length + 1);
                g_autofree guint8 *exact = NULL;
                TraceFields fields;

                memset(data, fills[i], length);
                exact = g_memdup2(data, length);
                if (trace_decode((guint8)cmd, exact, length, &fields))
                    g_assert_cmpuint(fields.n, >, 0);
            }
        }
    }
}

static void check_file(const void *bytes, gsize length, const char *problem)
{
    g_autofree guint8 *buffer = g_malloc(TRACE_RECORD_MAX);
    g_autoptr(GError) error = NULL;
    FILE *file = fmemopen((void *)bytes, length, "r");
    gsize size;

    while (trace_file_read(file, "FILE", buffer, &size, &error) && size > 0)
        ;
    g_assert_error(error, CCW_ERROR, CCW_ERROR_PROTOCOL);
    g_assert_cmpstr(error->message, ==, problem);
    fclose(file);
}

static void test_files(void)
{
    g_autofree guint8 *buffer = g_malloc0(TRACE_RECORD_MAX);
    gsize length = trace_capture(&sample_make(1, 16, 1)->capture, buffer);

    check_file(buffer, length - 1, "FILE: the last record is cut off");
    check_file(buffer, length + 3, "FILE: the last record is cut off");
    check_file("no trace at all", 15, "FILE: this is not a file of trace records");
    ccw_store_be32(buffer + TRACE_OFS_LENGTH, 0xfffffff8);
    check_file(buffer, length, "FILE: this is not a file of trace records");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trace/hostile/mutants", test_mutants);
    g_test_add_func("/trace/hostile/cut", test_cut);
    g_test_add_func("/trace/hostile/fields", test_fields);
    g_test_add_func("/trace/hostile/decoders", test_decoders);
    g_test_add_func("/trace/hostile/files", test_files);
    return g_test_run();
}
