/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images in both directions: the programs of the package hercules read ours, and we read theirs. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "dasd-bench.h"

static char *folder;
static char *path;

static void dasdls_reads_ours(void)
{
    const char *const argv[] = { "dasdls", path, NULL };
    g_autoptr(GError) error = NULL;
    g_autofree char *out = NULL;

    g_assert_true(dasd_image_create(path, "3390-9", 0, "CCW001", &error));
    out = bench_spawn(argv, 0);
    g_assert_nonnull(strstr(out, "VOLSER=CCW001"));
    g_unlink(path);
}

/* dasdls reports that a volume has no label, and does not crash. */
static void dasdls_rejects_unlabelled(void)
{
    const char *const argv[] = { "dasdls", path, NULL };
    g_autoptr(GError) error = NULL;
    g_autofree char *err = NULL;
    int status = 0;

    g_assert_true(dasd_image_create(path, "3390-1", 0, NULL, &error));
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &err, &status, &error);
    g_assert_no_error(error);
    g_assert_nonnull(strstr(err, "VOL1 record not found"));
    g_unlink(path);
}

static void we_read_theirs(void)
{
    const char *const argv[] = { "dasdinit", "-lfs", path, "3390", "HERC01", "5", NULL };
    g_autoptr(GError) error = NULL;
    g_autofree char *out = bench_spawn(argv, 0);
    DasdImageInfo info;
    DasdImageOptions options = { .read_only = FALSE };
    int fd = dasd_image_open(path, &options, &info, &error);

    g_assert_no_error(error);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpuint(info.cylinders, ==, 5);
    g_assert_cmpstr(info.volser, ==, "HERC01");
    g_assert_true(info.formatted);
    close(fd);
    g_unlink(path);
}

/* Each disk type of dasdinit is rejected by its name, not by the type byte in the header. */
static void other_types(void)
{
    static const char *const types[] = { "2305", "2311", "2314", "3330", "3340", "3350", "3375", "3380", "9345" };

    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        const char *const argv[] = { "dasdinit", "-lfs", path, types[i], "HERC01", "5", NULL };
        g_autofree char *out = bench_spawn(argv, 0);
        g_autofree char *wanted =
            g_strdup_printf("is a CKD image of device type %s, and only 3390 is supported", types[i]);
        g_autoptr(GError) error = NULL;
        DasdImageInfo info;
        DasdImageOptions options = { .read_only = FALSE };

        g_assert_cmpint(dasd_image_open(path, &options, &info, &error), ==, -1);
        g_assert_nonnull(error);
        g_assert_nonnull(strstr(error->message, wanted));
        g_unlink(path);
    }
}

static void refuse(const char *image, const char *wanted)
{
    g_autoptr(GError) error = NULL;
    DasdImageOptions options = { .read_only = FALSE };
    DasdImageInfo info;

    g_assert_cmpint(dasd_image_open(image, &options, &info, &error), ==, -1);
    g_assert_nonnull(error);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, wanted));
}

static void make_volume(const char *image, const char *serial)
{
    const char *const argv[] = { "dasdinit", "-lfs", image, "3390", serial, "4", NULL };
    g_autofree char *out = bench_spawn(argv, 0);
}

/* Writes cylinders of a volume to a file of their own. */
static void write_part(const char *part, const guint8 *volume, guint8 number, guint16 first, guint16 last)
{
    gsize cylinder = 15 * 56832;
    g_autofree guint8 *bytes = g_malloc0(512 + (last - first + 1u) * cylinder);

    memcpy(bytes, volume, 512);
    bytes[17] = number;
    bytes[18] = number == 1 ? (guint8)last : 0;
    memcpy(bytes + 512, volume + 512 + first * cylinder, (last - first + 1u) * cylinder);
    g_assert_true(g_file_set_contents(part, (char *)bytes, (gssize)(512 + (last - first + 1u) * cylinder), NULL));
}

static void assert_serial(const char *image, const char *serial, guint32 cylinders)
{
    g_autoptr(GError) error = NULL;
    DasdImageOptions options = { .read_only = TRUE };
    DasdImageInfo info;
    int fd = dasd_image_open(image, &options, &info, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(info.volser, ==, serial);
    g_assert_cmpuint(info.cylinders, ==, cylinders);
    close(fd);
}

/* The message for a volume of two files tells how to make one file of it. */
static void split_volume(void)
{
    g_autofree char *first = g_strconcat(path, "_1", NULL), *second = g_strconcat(path, "_2", NULL), *volume = NULL;

    make_volume(path, "SPLIT1");
    g_assert_true(g_file_get_contents(path, &volume, NULL, NULL));
    g_unlink(path);
    write_part(first, (guint8 *)volume, 1, 0, 1);
    write_part(second, (guint8 *)volume, 2, 2, 3);
    refuse(first, "is the first of several files of a volume: make it one file with Hercules' 'dasdcopy -lfs -o CKD");
    refuse(second, "is file 2 of a volume of several files: give the first one to Hercules' 'dasdcopy -lfs -o CKD");
    {
        const char *const argv[] = { "dasdcopy", "-q", "-lfs", "-o", "CKD", first, path, NULL };
        g_autofree char *out = bench_spawn(argv, 0);
    }
    assert_serial(path, "SPLIT1", 4);
    g_unlink(first);
    g_unlink(second);
    g_unlink(path);
}

/* The message for the header of alcckd tells how to make an image from the file. */
static void alcckd_header(void)
{
    int fd;

    make_volume(path, "ALCCKD");
    fd = g_open(path, O_RDWR | O_CLOEXEC);
    g_assert_cmpint(pwrite(fd, "\4\3\0\0\0\4\0\0\0", 9, 17), ==, 9);
    close(fd);
    refuse(path, "seek=17 count=9 conv=notrunc'");
    {
        g_autofree char *of = g_strconcat("of=", path, NULL);
        const char *const argv[] = { "dd", "if=/dev/zero", of, "bs=1", "seek=17", "count=9", "conv=notrunc", NULL };
        g_autofree char *out = bench_spawn(argv, 0);
    }
    assert_serial(path, "ALCCKD", 4);
    g_unlink(path);
}

/* A new image has the same header as one of dasdinit. */
static void header_as_theirs(void)
{
    const char *const argv[] = { "dasdinit", "-lfs", "-r", path, "3390", "5", NULL };
    g_autofree char *ours = g_strconcat(path, ".ours", NULL);
    g_autofree char *out = bench_spawn(argv, 0);
    char theirs_header[512], our_header[512];
    int fd;

    g_assert_true(dasd_image_create(ours, NULL, 5, NULL, NULL));
    fd = g_open(ours, O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(read(fd, our_header, 512), ==, 512);
    close(fd);
    fd = g_open(path, O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(read(fd, theirs_header, 512), ==, 512);
    close(fd);
    g_assert_cmpmem(our_header, 512, theirs_header, 512);
    g_unlink(path);
    g_unlink(ours);
}

static void read_block(Bench *bench, guint32 track, guint8 record, guint8 *data)
{
    bench_begin(bench);
    bench_ccw(bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, track, track), 16);
    bench_ccw(bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 1, track, record), 16);
    bench_ccw(bench, DASD_CODE_READ_DATA_MT, 0, data, 4096);
    bench_run_good(bench);
}

/*
 * The device reads each track's last block, and nothing after it, of a volume that dasdinit made as Linux formats it.
 */
static void device_reads_theirs(void)
{
    Bench bench;
    guint8 data[4096];

    bench_open(&bench, 1, NULL);
    bench_close_device(&bench);
    g_unlink(bench.path);
    {
        const char *const argv[] = { "dasdinit", "-lfs", "-linux", bench.path, "3390", "HLNX01", "2", NULL };
        g_autofree char *out = bench_spawn(argv, 0);
    }
    bench_reopen(&bench, FALSE);
    for (guint32 track = 2; track < 30; track++)
        read_block(&bench, track, 12, data);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, 2, 2), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, 0, bench_locate(0x06, 1, 2, 13), 16);
    bench_run_check(&bench, 1, 0, 0x08, 0);
    bench_close(&bench);
}

/* dasdcopy parses every track that the device wrote; the copy has the same data. */
static void dasdcopy_reads_ours(void)
{
    Bench bench;
    guint8 data[4096], back[4096];
    g_autofree char *copy = NULL;

    bench_open(&bench, 1, NULL);
    copy = g_strconcat(bench.path, ".copy", NULL);
    for (guint32 track = 0; track < 15; track++) {
        bench_format(&bench, track, 12, 0, 4096);
        memset(data, 0xa0 + (int)track, sizeof(data));
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x80, track, track), 16);
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x01, 1, track, 7), 16);
        bench_ccw(&bench, DASD_CODE_WRITE_UPDATE_DATA, 0, data, 4096);
        bench_run_good(&bench);
    }
    bench_close_device(&bench);
    {
        const char *const argv[] = { "dasdcopy", "-q", "-lfs", "-o", "CKD", bench.path, copy, NULL };
        g_autofree char *out = bench_spawn(argv, 0);
    }
    g_assert_cmpint(g_rename(copy, bench.path), ==, 0);
    bench_reopen(&bench, FALSE);
    for (guint32 track = 0; track < 15; track++) {
        memset(data, 0xa0 + (int)track, sizeof(data));
        read_block(&bench, track, 7, back);
        g_assert_cmpmem(back, 4096, data, 4096);
    }
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    int rc;

    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("test-dasd-hercules-XXXXXX", NULL);
    path = g_build_filename(folder, "image", NULL);
    g_test_add_func("/dasd/hercules/dasdls", dasdls_reads_ours);
    g_test_add_func("/dasd/hercules/dasdls-unlabelled", dasdls_rejects_unlabelled);
    g_test_add_func("/dasd/hercules/dasdinit", we_read_theirs);
    g_test_add_func("/dasd/hercules/other-types", other_types);
    g_test_add_func("/dasd/hercules/split-volume", split_volume);
    g_test_add_func("/dasd/hercules/alcckd-header", alcckd_header);
    g_test_add_func("/dasd/hercules/header", header_as_theirs);
    g_test_add_func("/dasd/hercules/dasdinit-linux", device_reads_theirs);
    g_test_add_func("/dasd/hercules/dasdcopy", dasdcopy_reads_ours);
    rc = g_test_run();
    g_rmdir(folder);
    g_free(path);
    g_free(folder);
    return rc;
}
