/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Snapshots: several devices write over one image at the same time, each its own data, and the image does not change.
 * The state after a kill or on a full disk, the locks of the image meanwhile, and that no file remains.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dasd-bench.h"
#include "dasd/dasd-image.h"
#include "dasd/dasd-label.h"
#include "dasd/dasd-snapshot.h"
#include "dasd/dasd-track.h"
#include "util/error.h"

#define CYLINDERS 4
#define TRACKS (CYLINDERS * 15)
#define FORMATTED 50 /* the tracks of the image that have records; the others are holes */
#define RECORDS 6
#define SIZE 512
#define RUNS 4

static Bench image;                   /* has no device: the image below the snapshots */
static guint writes_left = G_MAXUINT; /* later writes are lost, or fail with write_error */
static int write_error;
static gsize bytes_read;

ssize_t pread(int fd, void *buffer, size_t length, off_t offset)
{
    bytes_read += length;
    return (ssize_t)syscall(SYS_pread64, fd, buffer, length, offset);
}

ssize_t pwrite(int fd, const void *buffer, size_t length, off_t offset)
{
    if (writes_left) {
        writes_left--;
        return (ssize_t)syscall(SYS_pwrite64, fd, buffer, length, offset);
    }
    if (!write_error)
        return (ssize_t)length;
    errno = write_error;
    return -1;
}

/* Writes or reads n records of a track, from @record on. */
static void access_track(Bench *bench, gboolean writes, guint32 track, guint8 record, guint8 n, guint8 *data)
{
    bench_begin(bench);
    bench_ccw(bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x80, track, track), 16);
    bench_ccw(bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(writes ? 0x01 : 0x06, n, track, record), 16);
    for (guint8 i = 0; i < n; i++)
        bench_ccw(bench, writes ? DASD_CODE_WRITE_UPDATE_DATA : DASD_CODE_READ_DATA_MT, i + 1 < n ? CC : 0,
                  data + i * SIZE, SIZE);
}

static void write_records(Bench *bench, guint32 track, guint8 record, guint8 n, guint8 byte)
{
    guint8 data[RECORDS * SIZE];

    memset(data, byte, sizeof(data));
    access_track(bench, TRUE, track, record, n, data);
    bench_run_good(bench);
}

static void expect_records(Bench *bench, guint32 track, guint8 record, guint8 n, guint8 byte)
{
    guint8 data[RECORDS * SIZE], expected[RECORDS * SIZE];

    memset(data, ~byte, sizeof(data));
    memset(expected, byte, sizeof(expected));
    access_track(bench, FALSE, track, record, n, data);
    bench_run_good(bench);
    g_assert_cmpmem(data, (gsize)n * SIZE, expected, (gsize)n * SIZE);
}

static guint8 byte_of_image(guint32 track)
{
    return (guint8)(track + 1);
}

static char *hash_image(void)
{
    g_autofree char *bytes = NULL;
    g_autoptr(GError) error = NULL;
    gsize length;

    g_file_get_contents(image.path, &bytes, &length, &error);
    g_assert_no_error(error);
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, length);
}

/* Makes the image, and returns its checksum. */
static char *set_up(void)
{
    bench_open(&image, CYLINDERS, NULL);
    for (guint32 track = 0; track < FORMATTED; track++) {
        bench_format(&image, track, RECORDS, 0, SIZE);
        write_records(&image, track, 1, RECORDS, byte_of_image(track));
    }
    bench_close_device(&image);
    return hash_image();
}

static guint count_names(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    guint count = 0;

    while (g_dir_read_name(dir))
        count++;
    return count;
}

static void tear_down(const char *hash)
{
    g_autofree char *now = hash_image();

    g_assert_cmpstr(now, ==, hash);
    g_assert_cmpuint(count_names(image.folder), ==, 1); /* the image */
    bench_close(&image);
}

static int open_image(void)
{
    DasdImageOptions options = { .snapshot = TRUE };
    g_autoptr(GError) error = NULL;
    DasdImageInfo info;
    int fd = dasd_image_open(image.path, &options, &info, &error);

    g_assert_no_error(error);
    g_assert_false(options.read_only);
    return fd;
}

static int make_snapshot(void)
{
    g_autoptr(GError) error = NULL;
    int fd = dasd_snapshot_create(image.folder, CYLINDERS, &error);

    g_assert_no_error(error);
    return fd;
}

/* Makes a device on a duplicate of the snapshot's descriptor, so that the snapshot outlives the device. */
static void start(Bench *bench, int snapshot_fd)
{
    const DasdDeviceConfig config = { .bus_id = { 0, 0, 0x1234 }, .chpid = 0x42 };
    g_autoptr(GError) error = NULL;

    memset(bench, 0, sizeof(*bench));
    bench->device = dasd_device_new_snapshot(open_image(), dup(snapshot_fd), &config, &error);
    g_assert_no_error(error);
}

static guint8 byte_of_run(guint run, guint32 track)
{
    return (guint8)(0x80 + run * 16 + track % 16);
}

static void own_writes(void)
{
    g_autofree char *hash = set_up();
    Bench runs[RUNS];
    int fds[RUNS];

    for (guint run = 0; run < RUNS; run++) {
        fds[run] = make_snapshot();
        start(&runs[run], fds[run]);
    }
    /* More tracks than the cache holds: updated, formatted anew, and formatted where the image has a hole. */
    for (guint32 track = 0; track < TRACKS; track++)
        for (guint run = 0; run < RUNS; run++) {
            if (track >= FORMATTED || track % 3 == 1)
                bench_format(&runs[run], track, RECORDS, 0, SIZE);
            if (track >= FORMATTED || track % 3)
                write_records(&runs[run], track, 2, RECORDS - 1, byte_of_run(run, track));
        }
    for (guint run = 0; run < RUNS; run++) {
        for (guint32 track = 0; track < TRACKS; track++) {
            gboolean is_new = track >= FORMATTED || track % 3 == 1;

            expect_records(&runs[run], track, 1, 1, is_new ? 0 : byte_of_image(track));
            expect_records(&runs[run], track, 2, RECORDS - 1,
                           is_new || track % 3 ? byte_of_run(run, track) : byte_of_image(track));
        }
        bench_close_device(&runs[run]);
        close(fds[run]);
    }
    tear_down(hash);
}

/* A guest detaches the device and attaches it again in one run: its writes are still there. */
static void next_device(void)
{
    g_autofree char *hash = set_up();
    int fd = make_snapshot();
    Bench bench;

    start(&bench, fd);
    write_records(&bench, 3, 2, 1, 0xaa);
    bench_format(&bench, FORMATTED + 1, RECORDS, 0, SIZE);
    bench_close_device(&bench);
    start(&bench, fd);
    expect_records(&bench, 3, 2, 1, 0xaa);
    expect_records(&bench, 3, 3, 1, byte_of_image(3));
    expect_records(&bench, FORMATTED + 1, 1, RECORDS, 0);
    expect_records(&bench, 4, 1, RECORDS, byte_of_image(4));
    bench_close_device(&bench);
    close(fd);
    tear_down(hash);
}

static void expect_volser(int image_fd, int snapshot_fd, const char *expected)
{
    char volser[DASD_VOLSER_MAX + 1] = "before";

    dasd_image_read_volser(image_fd, snapshot_fd, volser);
    g_assert_cmpstr(volser, ==, expected);
}

/* The serial is that of the label in the snapshot, after a guest has written a label there. */
static void volser(void)
{
    g_autofree char *hash = set_up();
    g_autofree guint8 *slot = g_malloc0(DASD_3390_TRACK_SIZE);
    g_autofree DasdTrack *track = g_new0(DasdTrack, 1);
    const guint8 present = 1;
    int image_fd = open_image(), fd = make_snapshot();

    track->slot = slot;
    dasd_label_make_track(track, 0, "SNAP01", CYLINDERS);
    expect_volser(image_fd, -1, "");
    expect_volser(image_fd, fd, "");
    g_assert_cmpint(pwrite(fd, slot, DASD_3390_TRACK_SIZE, (off_t)dasd_track_file_offset(0)), ==, DASD_3390_TRACK_SIZE);
    expect_volser(image_fd, fd, "");
    g_assert_cmpint(pwrite(fd, &present, 1, (off_t)dasd_track_file_offset(TRACKS)), ==, 1);
    expect_volser(image_fd, fd, "SNAP01");
    expect_volser(image_fd, -1, "");
    expect_volser(fd, -1, "");
    expect_volser(-1, -1, "");
    close(fd);
    close(image_fd);
    tear_down(hash);
}

/* Returns the bytes of a track as a device would read them, up to and including the end marker. */
static GBytes *read_track(int image_fd, int snapshot_fd, guint32 number)
{
    g_autofree guint8 *slot = g_malloc(DASD_3390_TRACK_SIZE);
    g_autofree DasdTrack *track = g_new0(DasdTrack, 1);
    guint8 has = 0;
    int fd;

    if (snapshot_fd >= 0)
        g_assert_cmpint(pread(snapshot_fd, &has, 1, (off_t)dasd_track_file_offset(TRACKS) + number), ==, 1);
    fd = has ? snapshot_fd : image_fd;
    track->slot = slot;
    g_assert_cmpint(pread(fd, slot, DASD_3390_TRACK_SIZE, (off_t)dasd_track_file_offset(number)), ==,
                    DASD_3390_TRACK_SIZE);
    g_assert_true(dasd_track_parse(track, number));
    return g_bytes_new(slot, track->end + DASD_END_SIZE);
}

static void copy_image(const char *path)
{
    g_autofree char *bytes = NULL;
    gsize length;

    g_assert_true(g_file_get_contents(image.path, &bytes, &length, NULL));
    g_assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
}

/* Runs one random operation on both devices. */
static void do_random(Bench *both[2])
{
    guint32 track = (guint32)g_test_rand_int_range(0, TRACKS);
    guint8 n = (guint8)g_test_rand_int_range(1, 10), record = (guint8)g_test_rand_int_range(1, RECORDS);
    guint16 length = (guint16)(g_test_rand_int_range(1, 4) * SIZE);
    guint8 byte = (guint8)g_test_rand_int();
    gboolean formats = g_test_rand_int_range(0, 3) == 0;
    guint8 data[2][SIZE];

    for (guint i = 0; i < 2; i++) {
        if (formats) {
            bench_format(both[i], track, n, 0, length);
            continue;
        }
        memset(data[i], byte, SIZE);
        access_track(both[i], byte & 1, track, record, 1, data[i]);
        bench_run(both[i]);
    }
    if (formats)
        return;
    g_assert_cmphex(both[0]->dstat, ==, both[1]->dstat);
    g_assert_cmpuint(both[0]->residual, ==, both[1]->residual);
    g_assert_cmpmem(data[0], SIZE, data[1], SIZE);
}

/* A guest cannot distinguish a snapshot from a copy of the image. */
static void as_copy(void)
{
    g_autofree char *hash = set_up();
    g_autofree char *path = g_strconcat(image.path, ".copy", NULL);
    int fd = make_snapshot(), image_fd, copy_fd;
    Bench snapshot, copy = { .path = path };
    Bench *both[] = { &snapshot, &copy };

    copy_image(path);
    start(&snapshot, fd);
    bench_reopen(&copy, FALSE);
    for (guint i = 0; i < 3000; i++)
        do_random(both);
    bench_close_device(&snapshot);
    bench_close_device(&copy);
    image_fd = open_image();
    copy_fd = g_open(path, O_RDONLY | O_CLOEXEC);
    for (guint32 track = 0; track < TRACKS; track++) {
        g_autoptr(GBytes) one = read_track(image_fd, fd, track);
        g_autoptr(GBytes) other = read_track(copy_fd, -1, track);

        g_assert_true(g_bytes_equal(one, other));
    }
    close(image_fd);
    close(copy_fd);
    close(fd);
    g_unlink(path);
    tear_down(hash);
}

/* Returns the first byte of the record, all of whose bytes must be the same, as a new device reads it. */
static guint8 read_after(int fd, guint32 track)
{
    guint8 data[SIZE];
    Bench bench;

    start(&bench, fd);
    access_track(&bench, FALSE, track, 2, 1, data);
    bench_run_good(&bench);
    bench_close_device(&bench);
    for (gsize i = 1; i < SIZE; i++)
        g_assert_cmphex(data[i], ==, data[0]);
    return data[0];
}

/*
 * From a certain number on, writes do not reach the file, as if the process had been killed before them: the track is
 * the image's or the new one, and never a mixture.
 */
static void killed(void)
{
    g_autofree char *hash = set_up();
    guint with_old = 0, with_new = 0;
    guint8 now = byte_of_image(7);

    for (guint survive = 0; now != 0x99; survive++) {
        int fd = make_snapshot();
        Bench bench;

        start(&bench, fd);
        writes_left = survive;
        write_records(&bench, 7, 2, 1, 0x99);
        bench_close_device(&bench);
        writes_left = G_MAXUINT;
        now = read_after(fd, 7);
        g_assert_true(now == byte_of_image(7) || now == 0x99);
        with_old += now != 0x99;
        with_new += now == 0x99;
        close(fd);
    }
    g_assert_cmpuint(with_old, >=, 3); /* before the records, before the count, before the map */
    g_assert_cmpuint(with_new, ==, 1);
    tear_down(hash);
}

/* A snapshot never waits for an operator: its guest gets an error. */
static void full(gconstpointer argument)
{
    g_autofree char *hash = set_up();
    int fd = make_snapshot();
    guint8 data[SIZE] = { 0 };
    Bench bench;

    start(&bench, fd);
    write_records(&bench, 8, 1, 1, 0x55);
    g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING,
                          "the snapshot of image */image has no room in */test-dasd-* (*): the guest gets an equipment "
                          "check *");
    write_error = GPOINTER_TO_INT(argument);
    for (guint turn = 0; turn < 3; turn++) {
        writes_left = turn;
        access_track(&bench, TRUE, 9, 1, 1, data);
        bench_run_failure(&bench);
    }
    g_test_assert_expected_messages();
    writes_left = G_MAXUINT;
    write_error = 0;
    expect_records(&bench, 9, 1, RECORDS, byte_of_image(9));
    expect_records(&bench, 8, 1, 1, 0x55);
    write_records(&bench, 9, 1, 1, 0x66);
    expect_records(&bench, 9, 1, 1, 0x66);
    bench_close_device(&bench);
    close(fd);
    tear_down(hash);
}

static void expect_error(GError **error, gint code, const char *pattern)
{
    g_assert_error(*error, CCW_ERROR, code);
    g_test_message("%s", (*error)->message);
    g_assert_true(g_pattern_match_simple(pattern, (*error)->message));
    g_clear_error(error);
}

static void locks(void)
{
    g_autofree char *hash = set_up();
    DasdImageOptions reader = { .read_only = TRUE }, writer = { .read_only = FALSE }, snapshot = { .snapshot = TRUE };
    g_autoptr(GError) error = NULL;
    DasdImageInfo info;
    int first = open_image(), second = open_image(), third;

    third = dasd_image_open(image.path, &reader, &info, &error);
    g_assert_no_error(error);
    close(third);
    g_assert_cmpint(pwrite(first, "x", 1, 0), ==, -1);
    close(first);
    g_assert_cmpint(dasd_image_open(image.path, &writer, &info, &error), ==, -1);
    expect_error(&error, CCW_ERROR_BUSY, "*/image is in use by this command itself");
    close(second);
    first = dasd_image_open(image.path, &writer, &info, &error);
    g_assert_no_error(error);
    g_assert_cmpint(dasd_image_open(image.path, &snapshot, &info, &error), ==, -1);
    expect_error(&error, CCW_ERROR_BUSY, "*/image is in use by this command itself");
    close(first);
    g_assert_cmpint(g_chmod(image.path, 0444), ==, 0);
    close(open_image());
    tear_down(hash);
}

static void options(void)
{
    static const struct {
        DasdImageOptions options;
        const char *message;
    } rows[] = {
        { { .snapshot = TRUE, .read_only = TRUE }, "*/image: snapshot and ro exclude each other: *" },
        { { .snapshot = TRUE, .sync = TRUE }, "*/image: snapshot and sync exclude each other: *" },
        { { .snapshot = TRUE, .sync = TRUE, .read_only = TRUE }, "*/image: snapshot and ro exclude each other: *" },
    };
    g_autofree char *hash = set_up();

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        DasdImageOptions given = rows[i].options;
        g_autoptr(GError) error = NULL;
        DasdImageInfo info;

        g_assert_cmpint(dasd_image_open(image.path, &given, &info, &error), ==, -1);
        expect_error(&error, CCW_ERROR_INVALID, rows[i].message);
    }
    tear_down(hash);
}

/* The snapshot's folder is the given one, that of TMPDIR, or /var/tmp, and never has a visible file. */
static void folders(void)
{
    g_autofree char *hash = set_up();
    g_autofree char *missing = g_build_filename(image.folder, "missing", NULL);
    g_autofree char *given = NULL, *of_user = NULL, *by_default = NULL;
    g_autoptr(GError) error = NULL;
    struct stat st;
    int fd = make_snapshot();

    given = dasd_file_path(fd);
    g_assert_true(g_str_has_prefix(given, image.folder));
    g_assert_cmpuint(count_names(image.folder), ==, 1); /* the image */
    g_assert_cmpint(fstat(fd, &st), ==, 0);
    g_assert_cmpuint(st.st_nlink, ==, 0);
    g_assert_cmpuint(st.st_mode & 077, ==, 0);
    close(fd);

    g_setenv("TMPDIR", image.folder, TRUE);
    fd = dasd_snapshot_create(NULL, CYLINDERS, &error);
    g_assert_no_error(error);
    of_user = dasd_file_path(fd);
    g_assert_true(g_str_has_prefix(of_user, image.folder));
    close(fd);
    g_assert_cmpint(dasd_snapshot_create(missing, CYLINDERS, &error), ==, -1);
    expect_error(&error, CCW_ERROR_NOT_FOUND, "cannot make a snapshot of 4 cylinders in */missing (*");
    g_unsetenv("TMPDIR");
    fd = dasd_snapshot_create(NULL, CYLINDERS, &error);
    g_assert_no_error(error);
    by_default = dasd_file_path(fd);
    g_assert_true(g_str_has_prefix(by_default, "/var/tmp/"));
    close(fd);
    tear_down(hash);
}

static void of_other_image(void)
{
    const DasdDeviceConfig config = { .bus_id = { 0, 0, 0x1234 } };
    g_autofree char *hash = set_up();
    g_autoptr(GError) error = NULL;
    int fd = open_image(), other = dasd_snapshot_create(image.folder, CYLINDERS + 1, NULL);

    g_assert_null(dasd_device_new_snapshot(fd, other, &config, &error));
    expect_error(&error, CCW_ERROR_IMAGE, "the snapshot belongs to another image: *");
    close(fd);
    close(other);
    tear_down(hash);
}

/* Another program truncates the image below the snapshot: lost tracks give an error, the others are intact. */
static void truncated(void)
{
    g_autofree char *hash = set_up();
    guint8 data[SIZE];
    Bench bench;
    int fd = make_snapshot();

    start(&bench, fd);
    write_records(&bench, 2, 1, 1, 0x44);
    g_assert_cmpint(truncate(image.path, (off_t)dasd_track_file_offset(20)), ==, 0);
    g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "image */image was truncated while a guest uses it*");
    access_track(&bench, FALSE, 30, 1, 1, data);
    bench_run(&bench);
    g_assert_cmphex(bench.dstat, ==, STATUS_CHECK);
    g_assert_cmphex(bench.sense[0], ==, 0x10);
    g_test_assert_expected_messages();
    expect_records(&bench, 2, 1, 1, 0x44);
    expect_records(&bench, 5, 1, RECORDS, byte_of_image(5));
    bench_close_device(&bench);
    close(fd);
    bench_close(&image);
}

/*
 * The device does not read a track whose layout it knows, as without a snapshot. A change reads the rest of the track
 * once.
 */
static void reads(void)
{
    g_autofree char *hash = set_up();
    Bench bench;
    int fd = make_snapshot();

    start(&bench, fd);
    expect_records(&bench, 1, 1, 1, byte_of_image(1));
    write_records(&bench, 1, 1, 1, 0x11);
    bytes_read = 0;
    for (guint8 record = 1; record <= RECORDS; record++)
        write_records(&bench, 1, record, 1, 0x22);
    bench_format(&bench, FORMATTED + 2, RECORDS, 0, SIZE);
    g_assert_cmpuint(bytes_read, ==, 0);
    bench_close_device(&bench);
    close(fd);
    tear_down(hash);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dasd/snapshot/own-writes", own_writes);
    g_test_add_func("/dasd/snapshot/next-device", next_device);
    g_test_add_func("/dasd/snapshot/volser", volser);
    g_test_add_func("/dasd/snapshot/as-copy", as_copy);
    g_test_add_func("/dasd/snapshot/killed", killed);
    g_test_add_data_func("/dasd/snapshot/full", GINT_TO_POINTER(ENOSPC), full);
    g_test_add_data_func("/dasd/snapshot/quota", GINT_TO_POINTER(EDQUOT), full);
    g_test_add_func("/dasd/snapshot/locks", locks);
    g_test_add_func("/dasd/snapshot/options", options);
    g_test_add_func("/dasd/snapshot/folders", folders);
    g_test_add_func("/dasd/snapshot/of-other-image", of_other_image);
    g_test_add_func("/dasd/snapshot/truncated", truncated);
    g_test_add_func("/dasd/snapshot/reads", reads);
    return g_test_run();
}
