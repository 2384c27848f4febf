/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A volume with data sets of MVS, which Linux does not write. Hercules' dasdload makes it, our device reads it and adds
 * a member to its library, and Hercules' programs read that, also from a compressed copy and after decompressing it.
 * Formats: a directory block has the number of used bytes (two bytes), then entries of a name (eight), the member's
 * first record (track of the data set, two bytes; record number) and flags. The last name is all ones. A record without
 * data ends a member.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "dasd-bench.h"
#include "dasd/dasd-ebcdic.h"
#include "dasd/dasd-verify.h"
#include "util/endian.h"

#define LIBRARY 1 /* the track where dasdload puts the first data set */
#define SEQUENTIAL 4
#define DIRECTORY_SIZE 256
#define KEY_SIZE 8
#define LINE 80
#define BLOCK (10 * LINE)
#define LOADED 30 /* number of lines in the sequential data set */

static const char *const lines[] = { "A MEMBER THAT A DEVICE", "OF OURS WROTE", "0123456789 @#$" };

static char *in_folder(const Bench *bench, const char *name)
{
    return g_build_filename(bench->folder, name, NULL);
}

static void store_line(guint8 *at, const char *text)
{
    dasd_ebcdic_store(at, LINE, text);
}

static void load(Bench *bench)
{
    g_autofree char *control = NULL, *data = NULL, *text = NULL, *out = NULL;
    guint8 records[LOADED * LINE];

    bench_open(bench, 1, NULL);
    bench_close_device(bench);
    g_unlink(bench->path);
    control = in_folder(bench, "control");
    data = in_folder(bench, "data");
    text = g_strdup_printf("HERC01 3390 2\nlib.one EMPTY TRK 3 0 2 PO FB %u %u\nseq.one SEQ %s TRK 2 0 0 PS FB %u %u\n",
                           LINE, BLOCK, data, LINE, BLOCK);
    for (guint i = 0; i < LOADED; i++) {
        g_autofree char *line = g_strdup_printf("LINE %u", i);

        store_line(records + i * LINE, line);
    }
    g_assert_true(g_file_set_contents(data, (const char *)records, sizeof(records), NULL));
    g_assert_true(g_file_set_contents(control, text, -1, NULL));
    out = bench_spawn((const char *const[]){ "dasdload", "-lfs", control, bench->path, NULL }, 0);
    g_unlink(control);
    g_unlink(data);
    bench_reopen(bench, FALSE);
}

/* Reads the third block of ten lines, as dasdload wrote it. */
static void read_sequential(Bench *bench)
{
    guint8 data[BLOCK], line[LINE];

    bench_begin(bench);
    bench_ccw(bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, SEQUENTIAL, SEQUENTIAL), 16);
    bench_ccw(bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 1, SEQUENTIAL, 3), 16);
    bench_ccw(bench, DASD_CODE_READ_DATA_MT, 0, data, BLOCK);
    bench_run_good(bench);
    store_line(line, "LINE 29");
    g_assert_cmpmem(data + BLOCK - LINE, LINE, line, LINE);
}

/* Writes a block of lines, and the record that ends the member, to the library's second track. */
static void write_records(Bench *bench)
{
    guint8 record[8 + G_N_ELEMENTS(lines) * LINE] = { 0, 0, 0, LIBRARY + 1, 1 };
    guint8 end[8] = { 0, 0, 0, LIBRARY + 1, 2 };

    ccw_store_be16(record + 6, sizeof(record) - 8);
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
        store_line(record + 8 + i * LINE, lines[i]);
    bench_begin(bench);
    bench_ccw(bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0, LIBRARY + 1, LIBRARY + 1), 16);
    bench_ccw(bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x03, 2, LIBRARY + 1, 0), 16);
    bench_ccw(bench, DASD_CODE_WRITE_CKD, CC, record, sizeof(record));
    bench_ccw(bench, DASD_CODE_WRITE_CKD, 0, end, sizeof(end));
    bench_run_good(bench);
}

/* Updates the only used directory block. Its key, the highest name in it, stays all ones. */
static void write_directory(Bench *bench)
{
    guint8 block[KEY_SIZE + DIRECTORY_SIZE] = { 0 };
    guint8 *entry = block + KEY_SIZE + 2;

    memset(block, 0xff, KEY_SIZE);
    ccw_store_be16(block + KEY_SIZE, 2 + 12 + KEY_SIZE);
    dasd_ebcdic_store(entry, KEY_SIZE, "MEMBER");
    ccw_store_be16(entry + 8, 1); /* the track's number from the start of the data set */
    entry[10] = 1;
    memset(entry + 12, 0xff, KEY_SIZE);
    bench_begin(bench);
    bench_ccw(bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x80, LIBRARY, LIBRARY), 16);
    bench_ccw(bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x01, 1, LIBRARY, 1), 16);
    bench_ccw(bench, DASD_CODE_WRITE_UPDATE_KEY_AND_DATA, 0, block, sizeof(block));
    bench_run_good(bench);
}

static void found(const DasdFinding *finding, gpointer opaque G_GNUC_UNUSED)
{
    g_error("track %u: %s", finding->track, finding->text);
}

static void progress(guint32 tracks G_GNUC_UNUSED, gpointer opaque G_GNUC_UNUSED)
{
}

static void assert_clean(const char *path)
{
    static const DasdVerifyEvents events = { found, progress, NULL };

    g_assert_cmpuint(bench_verify(path, &events).written, ==, 30);
}

/* dasdcat exits with 1 in all cases. */
static void assert_lists(const char *path)
{
    g_autofree char *list = bench_spawn((const char *const[]){ "dasdls", path, NULL }, 0);
    g_autofree char *members = bench_spawn((const char *const[]){ "dasdcat", "-i", path, "LIB.ONE/?", NULL }, 1);
    g_autofree char *text = bench_spawn((const char *const[]){ "dasdcat", "-i", path, "LIB.ONE/MEMBER:ac", NULL }, 1);

    g_assert_nonnull(strstr(list, "VOLSER=HERC01"));
    g_assert_nonnull(strstr(list, "LIB.ONE"));
    g_assert_nonnull(strstr(list, "SEQ.ONE"));
    g_assert_nonnull(strstr(members, "member"));
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
        g_assert_nonnull(strstr(text, lines[i]));
}

static void they_load_we_write_they_read(void)
{
    Bench bench;

    load(&bench);
    read_sequential(&bench);
    write_records(&bench);
    write_directory(&bench);
    bench_close_device(&bench);
    assert_clean(bench.path);
    assert_lists(bench.path);
    bench_close(&bench);
}

/* dasdcopy parses each track and rebuilds it. Our device rejects a compressed image, and the message has advice. */
static void copies(void)
{
    g_autofree char *packed = NULL, *out = NULL, *back = NULL;
    DasdImageOptions options = { .read_only = FALSE };
    g_autoptr(GError) error = NULL;
    DasdImageInfo info;
    Bench bench;

    load(&bench);
    write_records(&bench);
    write_directory(&bench);
    bench_close_device(&bench);
    packed = in_folder(&bench, "packed");
    out = bench_spawn((const char *const[]){ "dasdcopy", "-q", "-o", "CCKD", bench.path, packed, NULL }, 0);
    assert_lists(packed);
    g_assert_cmpint(dasd_image_open(packed, &options, &info, &error), ==, -1);
    g_assert_nonnull(strstr(error->message, "dasdcopy"));
    g_unlink(bench.path);
    back = bench_spawn((const char *const[]){ "dasdcopy", "-q", "-lfs", "-o", "CKD", packed, bench.path, NULL }, 0);
    g_unlink(packed);

    assert_clean(bench.path);
    assert_lists(bench.path);
    bench_reopen(&bench, FALSE);
    read_sequential(&bench);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dasd/datasets/load-write-read", they_load_we_write_they_read);
    g_test_add_func("/dasd/datasets/copies", copies);
    return g_test_run();
}
