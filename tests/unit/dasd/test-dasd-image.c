/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "dasd/dasd-ckd.h"
#include "dasd/dasd-image.h"
#include "dasd/dasd-label.h"
#include "util/error.h"

static char *folder;
static char *path;

static void check_error(GError **error, int code, const char *pattern)
{
    g_assert_error(*error, CCW_ERROR, code);
    if (!g_pattern_match_simple(pattern, (*error)->message))
        g_error("'%s' is not like '%s'", (*error)->message, pattern);
    g_clear_error(error);
}

static gboolean probe(DasdImageInfo *info, GError **error)
{
    int fd = g_open(path, O_RDONLY | O_CLOEXEC);
    gboolean good = dasd_image_probe(fd, "the image", info, error);

    close(fd);
    return good;
}

static void models(void)
{
    static const struct {
        const char *model;
        guint32 cylinders;
        const char *name;
        guint32 expected;
        guint8 device_model;
    } rows[] = {
        { "3390-1", 0, "3390-1", 1113, 0x02 },
        { "3390-2", 0, "3390-2", 2226, 0x06 },
        { "3390-3", 0, "3390-3", 3339, 0x0a },
        { "3390-9", 0, "3390-9", 10017, 0x0c },
        { "3390-27", 0, "3390-27", 32760, 0x0c },
        { "3390-54", 0, "3390-54", 65520, 0x0c },
        { NULL, 1, "3390", 1, 0x02 },
        { NULL, 65520, "3390-54", 65520, 0x0c },
        { NULL, 1112, "3390", 1112, 0x02 },
        { NULL, 1114, "3390-1", 1114, 0x02 }, /* as dasdinit -a makes it */
        { NULL, 3340, "3390-3", 3340, 0x0a },
        { NULL, 3341, "3390", 3341, 0x0c },
        { NULL, 10020, "3390-9", 10020, 0x0c },
        { NULL, 10021, "3390", 10021, 0x0c },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        DasdImageInfo info;

        g_assert_true(dasd_image_create(path, rows[i].model, rows[i].cylinders, NULL, &error));
        g_assert_no_error(error);
        g_assert_true(probe(&info, &error));
        g_assert_cmpstr(info.name, ==, rows[i].name);
        g_assert_cmpuint(info.cylinders, ==, rows[i].expected);
        g_assert_cmphex(info.device_model, ==, rows[i].device_model);
        g_assert_cmphex(info.device_type, ==, 0x3390);
        g_assert_cmphex(info.cu_type, ==, 0x3990);
        g_assert_cmpuint(info.heads, ==, 15);
        g_assert_cmpuint(info.track_size, ==, 56832);
        g_assert_cmpuint(info.file_size, ==, 512 + (guint64)rows[i].expected * 15 * 56832);
        g_assert_cmpuint(info.allocated_size, <, 1024 * 1024);
        g_assert_cmpstr(info.volser, ==, "");
        g_assert_false(info.formatted);
        g_unlink(path);
    }
}

/* Linux' view of block 2 of a disk: of "VOL1" on a CDL volume it sees key and data; the others have no key. */
static void block_labels(void)
{
    static const struct {
        const char *start; /* EBCDIC */
        const char *volser;
    } cases[] = {
        { "\xe5\xd6\xd3\xf1\xe5\xd6\xd3\xf1\xf0\xe7\xf1\xf2\xf3\xf4", "0X1234" },
        { "\xe5\xd6\xd3\xf1\xf0\xe7\xf1\xf2\xf3\xf4", "0X1234" },
        { "\xd3\xd5\xe7\xf1\xc1\xc2\x40\x40\x40\x40", "AB" },
        { "\xc3\xd4\xe2\xf1\xc1\x07\x5b\x5b\x5b\x5b", "A?$$$$" },
        { "\xe5\xd6\xd3\xf2\xf0\xe7\xf1\xf2\xf3\xf4", "" },
        { "VOL1ABCDEF", "" },
        { "", "" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint8 block[DASD_LABEL_BLOCK_MIN] = { 0 };
        char volser[DASD_VOLSER_MAX + 1] = "before";

        memcpy(block, cases[i].start, strlen(cases[i].start));
        dasd_label_block_volser(block, volser);
        g_assert_cmpstr(volser, ==, cases[i].volser);
    }
}

static void labels(void)
{
    static const char *const good[] = { "A", "VOL001", "@#$ZZ9", "0X0150" };

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GError) error = NULL;
        DasdImageInfo info;

        g_assert_true(dasd_image_create(path, "3390-54", 0, good[i], &error));
        g_assert_true(probe(&info, &error));
        g_assert_cmpstr(info.volser, ==, good[i]);
        g_assert_true(info.formatted);
        g_assert_cmpuint(info.allocated_size, <, 1024 * 1024);
        g_unlink(path);
    }
}

static void rejected(void)
{
    static const struct {
        const char *model;
        guint32 cylinders;
        const char *volser;
        const char *pattern;
    } rows[] = {
        { "3390-4", 0, NULL, "*no model '3390-4'*3390-1, 3390-2*3390-54*" },
        { NULL, 0, NULL, "*0 cylinders are out of range*1 to 65520*" },
        { NULL, 65521, NULL, "*65521 cylinders are out of range*" },
        { NULL, 1, "", "*'' is not a volume serial*" },
        { NULL, 1, "VOL0001", "*'VOL0001' is not a volume serial*" },
        { NULL, 1, "vol001", "*'vol001' is not a volume serial*A-Z*" },
        { NULL, 1, "A B", "*'A B' is not*" },
    };
    g_autoptr(GError) error = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_false(dasd_image_create(path, rows[i].model, rows[i].cylinders, rows[i].volser, &error));
        check_error(&error, CCW_ERROR_INVALID, rows[i].pattern);
        g_assert_cmpint(g_access(path, F_OK), ==, -1);
    }
    g_assert_true(g_file_set_contents(path, "mine", 4, NULL));
    g_assert_false(dasd_image_create(path, "3390-1", 0, NULL, &error));
    check_error(&error, CCW_ERROR_SYSTEM, "*cannot create*File exists*");
    g_unlink(path);
    g_assert_false(dasd_image_create("/nonexistent/image", "3390-1", 0, NULL, &error));
    check_error(&error, CCW_ERROR_NOT_FOUND, "*cannot create /nonexistent/image*");
}

static const struct {
    goffset offset;
    const char *bytes;
    gsize length;
    const char *pattern;
} damages[] = {
    { 0, "X", 1, "the image is not a CKD image*58 4b 44 5f 50 33 37 30,*CKD_P370*virt-ccw dasd create*" },
    { 0, "CKD_X370", 8, "*is not a CKD image*43 4b 44 5f 58 33 37 30*" },
    { 0, "FBA_X370", 8, "*is not a CKD image*46 42 41 5f 58 33 37 30*" },
    { 0, "CKD_C370", 8, "*compressed*dasdcopy*" },
    { 0, "QFI\xfb", 4, "*qcow2*virt-ccw dasd create*" },
    { 8, "\0", 1, "*damaged header: 0 heads*" },
    { 8, "\xff\xff\xff\xff", 4, "*damaged header: 4294967295 heads*" },
    { 12, "\1", 1, "*damaged header*bytes a track*" },
    { 0, "CKD_S370", 8, "*shadow file*dasdcopy -lfs -o CKD IMAGE sf=SHADOW NEW'" },
    { 0, "CKD_P064", 8, "*64-bit format of Hercules 4*dasdcopy64 -lfs -o CKD IMAGE NEW'" },
    { 0, "CKD_C064", 8, "*compressed*64-bit format of Hercules 4*dasdcopy64*" },
    { 0, "CKD_S064", 8, "*shadow file*64-bit format of Hercules 4*dasdcopy64*sf=SHADOW*" },
    { 0, "FBA_P370", 8, "*an FBA image*virt-ccw dasd create*" },
    { 0, "FBA_C370", 8, "*a compressed FBA image*virt-ccw dasd create*" },
    { 0, "FBA_S370", 8, "*a shadow file of a compressed FBA image*" },
    { 0, "FBA_P064", 8, "*an FBA image in the 64-bit format*" },
    { 0, "FBA_C064", 8, "*a compressed FBA image in the 64-bit format*" },
    { 0, "FBA_S064", 8, "*a shadow file of a compressed FBA image in the 64-bit format*" },
    /* The message's advice for another format applies only to a 3390. */
    { 0, "CKD_C370\17\0\0\0\200\273\0\0\200", 17, "*compressed CKD image of device type 3380, and only 3390*" },
    { 0, "CKD_C370\17\0\0\0\0\336\0\0\167", 17, "*compressed CKD image with an unknown device type*0x77*" },
    { 0, "CKD_S064\17\0\0\0\1\336\0\0\220", 17, "*shadow file*damaged header: 15 heads, 56833 bytes*" },
    { 16, "\x80", 1, "*device type 3380*only 3390*" },
    { 16, "\x45", 1, "*device type 9345*only 3390*" },
    { 16, "\x14", 1, "*device type 2314*only 3390*" },
    { 16, "\x05", 1, "*device type 2305*only 3390*" },
    { 16, "\x77", 1, "*unknown device type: byte 16 is 0x77*0x90*" },
    { 17, "\2", 1, "*file 2 of a volume of several files*first one*dasdcopy -lfs*" },
    { 17, "\4", 1, "*file 4 of a volume of several files*" },
    { 19, "\1", 1, "*the first of several files*dasdcopy -lfs*" },
    { 17, "\4\1\0\0\0\2\0\0\0", 9, "*alcckd (byte 17 is 4)*Hercules' tools reject, too*seek=17 count=9*" },
    { 17, "\3\1\0\0\0\2\0\0\0", 9, "*alcckd (byte 17 is 3)*Hercules' tools reject, too*" },
    /* The header of Hercules 4 has a serial number from byte 20 on. */
    { 17, "\3\0\000123456789012", 15, "*file 3 of a volume of several files*" },
    { 17, "\4\2\0000123456789012", 15, "*file 4 of a volume of several files*" },
    { 17, "\4\11\0\0\0\12\0\0\0", 9, "*file 4 of a volume of several files*" },
};

/* The message names each kind of damage of the header. */
static void headers(void)
{
    g_autoptr(GError) error = NULL;
    DasdImageInfo info = { .heads = 77 };

    for (gsize i = 0; i < G_N_ELEMENTS(damages); i++) {
        int fd;

        g_assert_true(dasd_image_create(path, NULL, 2, "HDR001", NULL));
        fd = g_open(path, O_RDWR | O_CLOEXEC);
        g_assert_cmpint(pwrite(fd, damages[i].bytes, damages[i].length, damages[i].offset), ==, damages[i].length);
        close(fd);
        g_assert_false(probe(&info, &error));
        check_error(&error, CCW_ERROR_IMAGE, damages[i].pattern);
        g_unlink(path);
    }
    g_assert_cmpuint(info.heads, ==, 77);
}

static void sizes(void)
{
    static const goffset bad[] = { 0, 7, 511, 512, 513, 512 + 15 * 56832 - 1, 512 + 15 * 56832 + 1, 512 + 16 * 56832 };
    g_autoptr(GError) error = NULL;
    DasdImageInfo info;

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_true(dasd_image_create(path, NULL, 2, NULL, NULL));
        g_assert_cmpint(truncate(path, bad[i]), ==, 0);
        g_assert_false(probe(&info, &error));
        check_error(&error, CCW_ERROR_IMAGE, bad[i] < 512 ? "*too short*" : "*truncated or damaged*");
        g_unlink(path);
    }
    g_assert_true(dasd_image_create(path, NULL, 2, NULL, NULL));
    g_assert_cmpint(truncate(path, 512 + (goffset)65536 * 15 * 56832), ==, 0);
    g_assert_false(probe(&info, &error));
    check_error(&error, CCW_ERROR_IMAGE, "*65536 cylinders*at most 65535*");
    g_unlink(path);
}

/* Images larger than a new volume can be: dasdinit -a of a 3390-54, and the largest of Hercules. */
static void alternates(void)
{
    static const struct {
        guint32 cylinders;
        const char *name;
    } rows[] = { { 65521, "3390-54" }, { 65523, "3390-54" }, { 65524, "3390" }, { 65535, "3390" } };
    g_autoptr(GError) error = NULL;
    DasdImageInfo info;

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_true(dasd_image_create(path, NULL, 2, NULL, NULL));
        g_assert_cmpint(truncate(path, 512 + (goffset)rows[i].cylinders * 15 * 56832), ==, 0);
        g_assert_true(probe(&info, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(info.cylinders, ==, rows[i].cylinders);
        g_assert_cmpstr(info.name, ==, rows[i].name);
        g_assert_cmphex(info.device_model, ==, 0x0c);
        g_unlink(path);
    }
}

static void open_and_lock(void)
{
    g_autoptr(GError) error = NULL;
    DasdImageInfo info;
    DasdImageOptions options = { .read_only = FALSE };
    int fd;

    g_assert_cmpint(dasd_image_open(path, &options, &info, &error), ==, -1);
    check_error(&error, CCW_ERROR_NOT_FOUND, "*cannot open */image*");
    g_assert_true(dasd_image_create(path, "3390-1", 0, NULL, NULL));
    fd = dasd_image_open(path, &options, &info, &error);
    g_assert_no_error(error);
    g_assert_cmpint(fd, >=, 0);
    g_assert_false(options.read_only);
    g_assert_cmpuint(info.cylinders, ==, 1113);
    g_assert_cmpint(dasd_image_open(path, &options, &info, &error), ==, -1);
    check_error(&error, CCW_ERROR_BUSY, "*/image is in use by this command itself");
    g_assert_true(probe(&info, NULL));
    close(fd);
    fd = dasd_image_open(path, &options, &info, &error);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_unlink(path);
    g_assert_cmpint(dasd_image_open(folder, &options, &info, &error), ==, -1);
    g_assert_nonnull(error);
    g_clear_error(&error);
    g_assert_cmpint(dasd_image_open("/dev/null", &options, &info, &error), ==, -1);
    check_error(&error, CCW_ERROR_IMAGE, "/dev/null is not a regular file: create *");
}

static void names(void)
{
    static const struct {
        const char *text;
        const char *path;
        gboolean read_only;
        gboolean sync;
        gboolean snapshot;
    } rows[] = {
        { "disk.ckd", "disk.ckd", FALSE, FALSE },
        { "disk.ckd,ro", "disk.ckd", TRUE, FALSE },
        { "disk.ckd,read-only", "disk.ckd", TRUE, FALSE },
        { "disk.ckd,sync", "disk.ckd", FALSE, TRUE },
        { "disk.ckd,sync,ro", "disk.ckd", TRUE, TRUE },
        { "disk.ckd,snapshot", "disk.ckd", FALSE, FALSE, TRUE },
        { "disk.ckd,ro,snapshot", "disk.ckd", TRUE, FALSE, TRUE },
        { "disk.ckd,snapshot,", "disk.ckd,snapshot", FALSE, FALSE },
        { "a,b", "a,b", FALSE, FALSE },
        { "a,ro,b", "a,ro,b", FALSE, FALSE },
        { "/a,ro/b,sync", "/a,ro/b", FALSE, TRUE },
        { "a,ro,", "a,ro", FALSE, FALSE },
        { "a,ro,,sync", "a,ro", FALSE, TRUE },
        { "a,SYNC", "a,SYNC", FALSE, FALSE },
        { ",ro", "", TRUE, FALSE },
        { "", "", FALSE, FALSE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        DasdImageOptions options = { TRUE, TRUE, TRUE };
        g_autofree char *name = dasd_image_parse(rows[i].text, &options);

        g_assert_cmpstr(name, ==, rows[i].path);
        g_assert_cmpint(options.read_only, ==, rows[i].read_only);
        g_assert_cmpint(options.sync, ==, rows[i].sync);
        g_assert_cmpint(options.snapshot, ==, rows[i].snapshot);
    }
}

/* Several readers share an image, and keep a writer out. */
static void open_read_only(void)
{
    DasdImageOptions reader = { .read_only = TRUE }, writer = { .read_only = FALSE };
    g_autoptr(GError) error = NULL;
    DasdImageInfo info;
    int first, second;

    g_assert_true(dasd_image_create(path, NULL, 1, NULL, NULL));
    first = dasd_image_open(path, &reader, &info, &error);
    g_assert_no_error(error);
    second = dasd_image_open(path, &reader, &info, &error);
    g_assert_no_error(error);
    g_assert_true(reader.read_only);
    g_assert_cmpint(pwrite(first, "x", 1, 0), ==, -1);
    g_assert_cmpint(dasd_image_open(path, &writer, &info, &error), ==, -1);
    check_error(&error, CCW_ERROR_BUSY, "*/image is in use*");
    close(first);
    close(second);
    g_unlink(path);
}

/* No process can write through the descriptor, not even root. */
static void never_writable(void)
{
    DasdImageOptions options = { .read_only = FALSE };
    g_autoptr(GError) error = NULL;
    DasdImageInfo info;
    int fd;

    g_assert_true(dasd_image_create(path, NULL, 1, NULL, NULL));
    g_assert_cmpint(g_chmod(path, 0444), ==, 0);
    fd = dasd_image_open(path, &options, &info, &error);
    g_assert_no_error(error);
    g_assert_true(options.read_only);
    g_assert_cmpint(fcntl(fd, F_GETFL) & O_ACCMODE, ==, O_RDONLY);
    close(fd);

    options.read_only = FALSE;
    g_assert_cmpint(g_chmod(path, 0644), ==, 0);
    fd = dasd_image_open(path, &options, &info, &error);
    g_assert_no_error(error);
    g_assert_false(options.read_only);
    close(fd);
    g_unlink(path);
}

/* A damaged track 0 does not prevent the use of the image: a guest can format it. */
static void damaged_track(void)
{
    g_autoptr(GError) error = NULL;
    DasdImageInfo info;
    int fd;

    g_assert_true(dasd_image_create(path, NULL, 1, "RUBBIS", NULL));
    fd = g_open(path, O_RDWR | O_CLOEXEC);
    g_assert_cmpint(pwrite(fd, "\1\2\3\4\5\6\7\10\11", 9, 512), ==, 9);
    close(fd);
    g_assert_true(probe(&info, &error));
    g_assert_false(info.formatted);
    g_assert_cmpstr(info.volser, ==, "");
    g_unlink(path);
}

int main(int argc, char **argv)
{
    int rc;

    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("test-dasd-image-XXXXXX", NULL);
    path = g_build_filename(folder, "image", NULL);
    g_test_add_func("/dasd/image/models", models);
    g_test_add_func("/dasd/image/labels", labels);
    g_test_add_func("/dasd/image/block-labels", block_labels);
    g_test_add_func("/dasd/image/rejected", rejected);
    g_test_add_func("/dasd/image/headers", headers);
    g_test_add_func("/dasd/image/sizes", sizes);
    g_test_add_func("/dasd/image/alternates", alternates);
    g_test_add_func("/dasd/image/open", open_and_lock);
    g_test_add_func("/dasd/image/names", names);
    g_test_add_func("/dasd/image/open-read-only", open_read_only);
    g_test_add_func("/dasd/image/never-writable", never_writable);
    g_test_add_func("/dasd/image/damaged-track", damaged_track);
    rc = g_test_run();
    g_rmdir(folder);
    g_free(path);
    g_free(folder);
    return rc;
}
