/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables of docs/dasd-commands.md agree with the command table: it has each command that the page calls done, under
 * its name, and no other command. Each command that the page calls refused is rejected as it says. Argument: the page.
 */
#include <string.h>

#include "dasd-bench.h"
#include "dasd/dasd-cmd.h"
#include "doc-table.h"
#include "trace/trace-decode.h"

enum { CODES, NAME };

static const char *page;

/* Returns the codes of a row, such as "06 86". */
static GArray *read_codes(const char *cell)
{
    g_auto(GStrv) words = g_strsplit(cell, " ", -1);
    GArray *codes = g_array_new(FALSE, FALSE, sizeof(guint8));

    for (guint i = 0; words[i]; i++) {
        guint64 value = 0;
        guint8 code;

        g_assert_true(g_ascii_string_to_unsigned(words[i], 16, 1, 0xff, &value, NULL));
        code = (guint8)value;
        g_array_append_val(codes, code);
    }
    return codes;
}

/* A command's second code is its multi-track form. */
static void assert_named(const char *found, const char *name, guint8 code, gboolean multi)
{
    g_autofree char *expected = g_strconcat(name, multi ? ", MT" : "", NULL);

    if (g_strcmp0(found, expected) != 0)
        g_test_message("%02x", code);
    g_assert_cmpstr(found, ==, expected);
}

static void done(void)
{
    g_autoptr(GPtrArray) rows = doc_table_read(page, "## Done");
    gboolean listed[256] = { FALSE };

    for (guint i = 0; i < rows->len; i++) {
        char **row = rows->pdata[i];
        g_autoptr(GArray) codes = read_codes(row[CODES]);

        for (guint k = 0; k < codes->len; k++) {
            guint8 code = g_array_index(codes, guint8, k);
            const DasdCmd *cmd = dasd_cmd_find(code);

            g_assert_false(listed[code]);
            listed[code] = TRUE;
            assert_named(cmd ? cmd->name : NULL, row[NAME], code, k > 0);
            g_assert_cmphex(code & 0x80, ==, k > 0 ? 0x80 : code & 0x80);
            /* The tracer uses the same name. */
            assert_named(trace_command_name(code), row[NAME], code, k > 0);
        }
    }
    for (guint code = 0; code < 256; code++)
        if (dasd_cmd_find((guint8)code) && !listed[code])
            g_error("docs/dasd-commands.md does not list %02x, %s", code, dasd_cmd_find((guint8)code)->name);
}

/* Wherever these commands are: alone, after a seek, in a domain. */
static void rejected(void)
{
    static guint8 data[512], seek[6];
    g_autoptr(GPtrArray) rows = doc_table_read(page, "## Refused");
    Bench bench;

    bench_open(&bench, 1, "REJECT");
    for (guint i = 0; i < rows->len; i++) {
        char **row = rows->pdata[i];
        g_autoptr(GArray) codes = read_codes(row[CODES]);

        for (guint k = 0; k < codes->len; k++) {
            guint8 code = g_array_index(codes, guint8, k);

            g_assert_null(dasd_cmd_find(code));
            assert_named(trace_command_name(code), row[NAME], code, k > 0);
            for (guint place = 0; place < 3; place++) {
                bench_begin(&bench);
                if (place == 1)
                    bench_ccw(&bench, DASD_CODE_SEEK, CC, seek, sizeof(seek));
                if (place == 2)
                    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0xc0, 0, 14), 16);
                if (place == 2)
                    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 1, 0, 1), 16);
                bench_ccw(&bench, code, SLI, data, sizeof(data));
                bench_run_check(&bench, place, 0x80, 0, 0x01);
                g_assert_cmpuint(bench.residual, ==, sizeof(data));
            }
        }
    }
    bench_close(&bench);
}

/* The device rejects each code that is in neither table. */
static void no_others(void)
{
    static guint8 data[64];
    Bench bench;

    bench_open(&bench, 1, NULL);
    for (guint code = 1; code < 256; code++) {
        if (dasd_cmd_find((guint8)code) || (code & 0x0f) == 0 || (code & 0x0f) == CCW_CMD_TIC)
            continue;
        bench_begin(&bench);
        bench_ccw(&bench, (guint8)code, SLI, data, sizeof(data));
        bench_run_check(&bench, 0, 0x80, 0, 0x01);
    }
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(argc, ==, 2);
    page = argv[1];
    g_test_add_func("/dasd/tables/done", done);
    g_test_add_func("/dasd/tables/rejected", rejected);
    g_test_add_func("/dasd/tables/no-others", no_others);
    return g_test_run();
}
