/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "dasd-bench.h"
#include "dasd/dasd-ckd.h"
#include "dasd/dasd-verify.h"
#include "util/endian.h"

#define TRACK 17 /* cylinder 1, head 2 */
#define SLOT ((guint64)512 + TRACK * 56832)

static GString *findings;
static guint32 seen_tracks;

static void found(const DasdFinding *finding, gpointer opaque G_GNUC_UNUSED)
{
    g_string_append_printf(findings, "%s %u %d %" G_GINT64_FORMAT " %s\n", finding->warning ? "warning" : "error",
                           finding->track, finding->record,
                           (gint64)(finding->offset - (512 + (guint64)finding->track * 56832)), finding->text);
}

static void progress(guint32 tracks, gpointer opaque G_GNUC_UNUSED)
{
    g_assert_cmpuint(tracks, >, seen_tracks);
    seen_tracks = tracks;
}

static DasdVerifyResult verify(const char *path)
{
    static const DasdVerifyEvents events = { found, progress, NULL };

    g_string_truncate(findings, 0);
    seen_tracks = 0;
    return bench_verify(path, &events);
}

/* Three records with four bytes of key and 100 of data, from byte 21 of the slot on; the end marker is at 357. */
static void open_formatted(Bench *bench)
{
    bench_open(bench, 2, "CHECK1");
    bench_format(bench, TRACK, 3, 4, 100);
    bench_close_device(bench);
}

static void patch(const Bench *bench, guint64 offset, const void *bytes, gsize length)
{
    int fd = g_open(bench->path, O_WRONLY | O_CLOEXEC);

    g_assert_cmpint(pwrite(fd, bytes, length, (off_t)offset), ==, length);
    close(fd);
}

static void clean(void)
{
    DasdVerifyResult result;
    Bench bench;

    open_formatted(&bench);
    result = verify(bench.path);
    g_assert_cmpstr(findings->str, ==, "");
    g_assert_cmpuint(result.written, ==, 3);
    g_assert_cmpuint(result.records, ==, 8);
    g_assert_cmpuint(result.errors + result.warnings, ==, 0);
    g_assert_cmpuint(seen_tracks, >=, TRACK);
    bench_close(&bench);
}

/* 56 GB of holes. */
static void large(void)
{
    DasdVerifyResult result;
    g_autoptr(GError) error = NULL;
    Bench bench;

    bench_open(&bench, 1, NULL);
    bench_close_device(&bench);
    g_unlink(bench.path);
    g_assert_true(dasd_image_create(bench.path, "3390-54", 0, "CHECK2", &error));
    patch(&bench, 512 + (guint64)982799 * 56832, "x", 1);
    result = verify(bench.path);
    g_assert_cmpstr(findings->str, ==, "error 982799 -1 1 the home address is that of cylinder 0 head 0\n");
    g_assert_cmpuint(result.written, ==, 3);
    bench_close(&bench);
}

static void damages(void)
{
    static const struct {
        guint offset;
        const char *bytes;
        gsize length;
        const char *expected;
    } rows[] = {
        { 1, "\0\2", 2, "error 17 -1 1 the home address is that of cylinder 2 head 2\n" },
        { 0, "\1", 1, "warning 17 -1 0 the home address has flags 01: a defective or an alternate track\n" },
        { 9, "\5", 1, "warning 17 0 5 the first record has number 5, not 0\n" },
        { 5, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, "error 17 -1 5 the track has no R0\n" },
        { 27, "\xff\xff", 2,
          "error 17 1 21 the record, with a key of 4 and data of 65535 bytes, extends beyond the track\n" },
        { 139, "\xdd\x7c", 2,
          "error 17 2 133 the record, with a key of 4 and data of 56700 bytes, extends beyond the track\n" },
        { 137, "\1", 1, "warning 17 2 133 the track has two records of number 1\n" },
        { 137, "\0", 1, "warning 17 2 133 the record has number 0\n" },
        { 134, "\7", 1, "warning 17 2 133 the count is that of cylinder 7 head 2\n" },
        { 247, "\1\1", 2, "warning 17 3 245 the count is that of cylinder 1 head 257\n" },
        { 357, "", 1, "error 17 4 357 *extends beyond the track\n" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        DasdVerifyResult result;
        Bench bench;

        open_formatted(&bench);
        patch(&bench, SLOT + rows[i].offset, rows[i].bytes, rows[i].length);
        result = verify(bench.path);
        if (!g_pattern_match_simple(rows[i].expected, findings->str))
            g_error("row %zu: '%s' is not '%s'", i, findings->str, rows[i].expected);
        g_assert_cmpuint(result.errors + result.warnings, ==, 1);
        g_assert_cmpuint(result.errors, ==, rows[i].expected[0] == 'e');
        bench_close(&bench);
    }
}

/* A slot full of records. */
static void fill_track(const Bench *bench, guint n, guint8 kl, guint16 dl)
{
    g_autofree guint8 *slot = g_malloc0(56832);
    guint at = 5;

    slot[2] = 1;
    slot[4] = 2;
    for (guint i = 0; i <= n; i++) {
        guint8 *count = slot + at;

        memcpy(count, (const guint8[]){ 0, 1, 0, 2, (guint8)i, 0, 0, 8 }, 8);
        if (i) {
            count[5] = kl;
            ccw_store_be16(count + 6, dl);
        }
        at += 8 + (i ? kl + dl : 8u);
        g_assert_cmpuint(at, <=, 56824);
    }
    memset(slot + at, 0xff, 8);
    patch(bench, SLOT, slot, 56832);
}

static void capacity(void)
{
    static const struct {
        guint records;
        guint8 kl;
        guint16 dl;
        const char *expected;
    } rows[] = {
        { 12, 0, 4096, "" },
        { 13, 0, 4096, "error 17 -1 * the records take 18?? cells, a track of a 3390 has 1729\n" },
        { 86, 0, 0, "" },
        { 87, 0, 0, "error 17 -1 * cells, *\n" },
        { 255, 0, 1, "error 17 -1 * cells, *\n" },
        { 260, 0, 0, "*error 17 256 * the track has more than 256 records\n" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        Bench bench;

        open_formatted(&bench);
        fill_track(&bench, rows[i].records, rows[i].kl, rows[i].dl);
        verify(bench.path);
        if (!g_pattern_match_simple(rows[i].expected, findings->str))
            g_error("row %zu: '%s' is not '%s'", i, findings->str, rows[i].expected);
        bench_close(&bench);
    }
}

/* The state that dasd_track_cut() recognises is reported, and does not count as damage. */
static void interrupted(void)
{
    DasdVerifyResult result;
    guint8 data[1100];
    Bench bench;
    guint16 dl = 0;

    open_formatted(&bench);
    while ((SLOT + 29 + dl) % 512 != 512 - 3)
        dl++;
    fill_track(&bench, 1, 0, dl);
    memset(data, 0xff, sizeof(data));
    memcpy(data, (const guint8[]){ 0, 1, 0 }, 3);
    patch(&bench, SLOT + 29 + dl, data, sizeof(data));
    result = verify(bench.path);
    g_assert_true(g_pattern_match_simple("warning 17 -1 * a write was interrupted here*", findings->str));
    g_assert_cmpuint(result.errors, ==, 0);
    bench_close(&bench);
}

/* A track of random bytes is reported in a few lines. */
static void rubbish(void)
{
    g_auto(GStrv) lines = NULL;
    DasdVerifyResult result;
    Bench bench;

    open_formatted(&bench);
    patch(&bench, SLOT + 133, "\0\0\0\0\0\0\0\0", 8);
    result = verify(bench.path);
    lines = g_strsplit(findings->str, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 3 + 1);
    g_assert_true(g_str_has_prefix(findings->str, "warning 17 2 133 the record has number 0\n"));
    g_assert_cmpuint(result.warnings, ==, 2 * 14);
    g_assert_cmpuint(result.errors, ==, 0);
    bench_close(&bench);
}

static void shrunk(void)
{
    static const DasdVerifyEvents events = { found, progress, NULL };
    DasdImageOptions options = { .read_only = TRUE };
    DasdVerifyResult result;
    DasdImageInfo info;
    Bench bench;
    int fd;

    open_formatted(&bench);
    fd = dasd_image_open(bench.path, &options, &info, NULL);
    g_assert_cmpint(truncate(bench.path, (off_t)SLOT + 100), ==, 0);
    g_string_truncate(findings, 0);
    seen_tracks = 0;
    dasd_verify(fd, &info, &events, &result);
    close(fd);
    g_assert_cmpstr(findings->str, ==, "error 17 -1 100 the file cannot be read: it has shrunk\n");
    bench_close(&bench);
}

static void by_hercules(void)
{
    g_autofree char *folder = g_dir_make_tmp("test-dasd-verify-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "h.ckd", NULL);
    char *argv[] = { (char *)"dasdinit", (char *)"-lfs", path, (char *)"3390", (char *)"HERC01", (char *)"20", NULL };
    DasdVerifyResult result;
    int status;

    if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                      NULL, NULL, NULL, NULL, &status, NULL)) {
        g_test_skip("dasdinit is not installed");
    } else {
        g_assert_true(g_spawn_check_wait_status(status, NULL));
        result = verify(path);
        g_assert_cmpstr(findings->str, ==, "");
        g_assert_cmpuint(result.written, ==, 20 * 15);
    }
    g_unlink(path);
    g_rmdir(folder);
}

int main(int argc, char **argv)
{
    int rc;

    g_test_init(&argc, &argv, NULL);
    findings = g_string_new(NULL);
    g_test_add_func("/dasd/verify/clean", clean);
    g_test_add_func("/dasd/verify/large", large);
    g_test_add_func("/dasd/verify/damages", damages);
    g_test_add_func("/dasd/verify/capacity", capacity);
    g_test_add_func("/dasd/verify/interrupted", interrupted);
    g_test_add_func("/dasd/verify/rubbish", rubbish);
    g_test_add_func("/dasd/verify/shrunk", shrunk);
    g_test_add_func("/dasd/verify/by-hercules", by_hercules);
    rc = g_test_run();
    g_string_free(findings, TRUE);
    return rc;
}
