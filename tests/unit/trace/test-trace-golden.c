/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shows records of a real Linux guest (going online, dasdfmt, reading and writing), and captures of programs that this
 * test makes, for what Linux does not do. LIBVIRT_CCW_REGENERATE=1 writes the golden files anew.
 */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "dasd/dasd-cmd.h"
#include "trace-samples.h"
#include "trace/trace-decode.h"
#include "trace/trace-file.h"
#include "trace/trace-format.h"
#include "util/endian.h"

static const TraceStyle plain = { .hex = TRUE };

static void check(const char *name, const char *suffix, const char *is)
{
    g_autofree char *path = samples_path(name, suffix);
    g_autofree char *expected = NULL;
    gsize length;

    if (g_strcmp0(g_getenv("LIBVIRT_CCW_REGENERATE"), "1") == 0)
        g_assert_true(g_file_set_contents(path, is, -1, NULL));
    expected = samples_read(path, &length);
    g_assert_cmpstr(is, ==, expected);
}

static void test_golden(gconstpointer data)
{
    const char *name = data;
    g_autofree char *path = samples_path(name, ".trace");
    g_autofree guint8 *buffer = g_malloc(TRACE_RECORD_MAX);
    g_autoptr(GString) text = g_string_new(NULL), json = g_string_new(NULL);
    FILE *file = fopen(path, "re");
    g_autoptr(GError) error = NULL;
    gsize length;

    g_assert_nonnull(file);
    for (;;) {
        TraceRecord record, again;

        trace_file_read(file, path, buffer, &length, &error);
        g_assert_no_error(error);
        if (length == 0)
            break;
        trace_record_parse(buffer, length, &record, &error);
        g_assert_no_error(error);
        again = record;
        trace_format_text(&record, &plain, text);
        trace_format_json(&again, &plain, json);
    }
    fclose(file);
    check(name, ".txt", text->str);
    check(name, ".json", json->str);
}

static void test_json(void)
{
    g_autoptr(GPtrArray) names = samples_names();

    /* This test runs before those that write the files anew. */
    for (guint i = 0; i < names->len && g_strcmp0(g_getenv("LIBVIRT_CCW_REGENERATE"), "1") != 0; i++) {
        g_autofree char *path = samples_path(names->pdata[i], ".json");
        g_autofree char *text = samples_read(path, &(gsize){ 0 });
        g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);

        for (guint j = 0; lines[j]; j++) {
            g_autoptr(GError) error = NULL;
            g_autoptr(JsonNode) node = json_from_string(lines[j], &error);

            g_assert_no_error(error);
            g_assert_cmpstr(json_object_get_string_member(json_node_get_object(node), "device"), ==, "0.0.1234");
        }
    }
}

/* Returns the text of a program that this test makes. */
static char *show(Sample *sample, const TraceStyle *style)
{
    g_autofree guint8 *buffer = g_malloc(TRACE_RECORD_MAX);
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    TraceRecord record;
    gsize length = trace_capture(&sample->capture, buffer);

    trace_record_parse(buffer, length, &record, &error);
    g_assert_no_error(error);
    trace_format_text(&record, style, text);
    return g_strdup(text->str);
}

/* A list whose first entry begins inside of its block, and the rest of a read that the device did not fill. */
static void test_idal(void)
{
    Sample *sample = sample_make(2, 6000, 0xaa);
    guint64 list[3];
    guint8 *base = sample->data + (4096 - (guintptr)sample->data % 4096);
    g_autofree char *text = NULL, *expected = NULL;

    list[0] = (guint64)(guintptr)(base + 4096 - 10);
    list[1] = (guint64)(guintptr)(base + 8192);
    list[2] = (guint64)(guintptr)(base + 4096);
    memset(sample->data, 0, sizeof(sample->data));
    memset(base + 4096 - 10, 0x11, 10);
    memset(base + 8192, 0x22, 4096);
    sample->capture.opaque = base;
    sample->program.ccw[0][CCW_OFS_FLAGS] |= CCW_FLAG_IDA;
    sample->program.cda[0] = (guint64)(guintptr)list;
    ccw_store_be32(sample->request.irb + CHANNEL_SCSW_OFS_CPA, CCW_SIZE);
    ccw_store_be16(sample->request.irb + CHANNEL_SCSW_OFS_COUNT, 6000 - 14);
    ccw_store_be16(sample->irb + CHANNEL_SCSW_OFS_COUNT, 6000 - 14);
    sample->program.cda[1] = list[2];
    text = show(sample, &plain);
    expected = g_strdup("0.0.1234 #0 SSCH fmt1 c64 lpm 00 cpa 00000000\n"
                        "    [0] 86 READ DATA, MT cc ida 6000 at {ff6 2000 1000}: 11111111 11111111 11112222 2222...\n"
                        "    [1] 86 READ DATA, MT 6000 at 1000\n"
                        "  = device ce de at [0], residual 5986, 0.000 ms\n");
    g_assert_cmpstr(text, ==, expected);
}

/* TIC, data chaining, an unknown command, a program check, the NOOP that the translation adds. */
static void test_channel(void)
{
    const TraceStyle no_data = { .hex = FALSE };
    Sample *sample = sample_make(6, 4, 0x40);
    g_autofree char *text = NULL;

    sample->program.ccw[0][CCW_OFS_CMD] = 0x31;
    memcpy(sample->program.ccw[1], (const guint8[]){ 0x08, 0, 0, 0, 0, 0, 0, 0 }, CCW_SIZE);
    sample->program.ccw[2][CCW_OFS_FLAGS] = CCW_FLAG_CD | CCW_FLAG_SKIP;
    sample->program.ccw[3][CCW_OFS_CMD] = 0xff;
    sample->program.ccw[4][CCW_OFS_CMD] = 0xfe;
    sample->program.ccw[4][CCW_OFS_FLAGS] = CCW_FLAG_PCI;
    memcpy(sample->program.ccw[5], (const guint8[]){ 0x03, CCW_FLAG_SLI, 0, 0, 0, 0, 8, 0 }, CCW_SIZE);
    sample->program.cda[5] = 0;
    ccw_store_be32(sample->request.irb + CHANNEL_SCSW_OFS_CPA, 5 * CCW_SIZE);
    sample->irb[CHANNEL_SCSW_OFS_DSTAT] = 0;
    sample->irb[CHANNEL_SCSW_OFS_CSTAT] = CHANNEL_CSTAT_PROGRAM_CHECK | CHANNEL_CSTAT_PCI;
    text = show(sample, &no_data);
    g_assert_cmpstr(text, ==,
                    "0.0.1234 #0 SSCH fmt1 c64 lpm 00 cpa 00000000\n"
                    "    [0] 31 SEARCH ID EQUAL cc 4 at 0\n"
                    "    [1] 08 TRANSFER IN CHANNEL to [0]\n"
                    "    [2] 86 READ DATA, MT cd skip 4 at 0\n"
                    "    [3] ff (data chained) cc 4 at 0\n"
                    "    [4] fe UNKNOWN pci 4 at 0\n"
                    "  = channel pci program-check at [4], residual 0, 0.000 ms\n");
}

/* A program that did not reach the device, and one that was rejected. */
static void test_no_program(void)
{
    Sample *sample = sample_make(0, 0, 0);
    g_autofree char *text = NULL, *rejected = NULL;

    sample->irb[CHANNEL_SCSW_OFS_DSTAT] = 0;
    sample->irb[CHANNEL_SCSW_OFS_CSTAT] = CHANNEL_CSTAT_PROGRAM_CHECK;
    ccw_store_be32(sample->irb + CHANNEL_SCSW_OFS_CPA, 0x1008);
    text = show(sample, &plain);
    g_assert_cmpstr(text, ==,
                    "0.0.1234 #0 SSCH fmt1 c64 lpm 00 cpa 00000000\n"
                    "  = channel program-check, cpa 00001008, 0.000 ms\n");
    sample->capture.error = 95;
    sample->capture.irb = NULL;
    sample->capture.function = TRACE_REQUEST;
    rejected = show(sample, &plain);
    g_assert_cmpstr(rejected, ==,
                    "0.0.1234 #0 REQUEST fmt1 c64 lpm 00\n"
                    "  = error 95 (Operation not supported), 0.000 ms\n");
}

/* Both tables have the device's commands by the same names, and agree on which of them write. */
static void test_commands(void)
{
    for (guint code = 0; code < 256; code++) {
        const DasdCmd *command = dasd_cmd_find((guint8)code);
        TraceCommandKind kind = trace_command_kind((guint8)code);

        if (!command)
            continue;
        g_assert_cmpstr(trace_command_name((guint8)code), ==, command->name);
        g_assert_cmpint(kind == TRACE_COMMAND_WRITES, ==, (command->flags & (DASD_CMD_UPDATE | DASD_CMD_FORMAT)) != 0);
        if (kind == TRACE_COMMAND_READS)
            g_assert_cmpint(strncmp(command->name, "READ ", 5), ==, 0);
    }
}

int main(int argc, char **argv)
{
    g_autoptr(GPtrArray) names = samples_names();

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_strconcat("/trace/golden/", names->pdata[i], NULL);

        g_test_add_data_func(path, names->pdata[i], test_golden);
    }
    g_test_add_func("/trace/json", test_json);
    g_test_add_func("/trace/commands", test_commands);
    g_test_add_func("/trace/idal", test_idal);
    g_test_add_func("/trace/channel", test_channel);
    g_test_add_func("/trace/no-program", test_no_program);
    return g_test_run();
}
