/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Another program truncates, deletes or replaces the image file under a device, or the host reads and writes it in
 * pieces. The device does not acknowledge a write that does not reach the image, and then does not change the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dasd-bench.h"
#include "dasd/dasd-track.h"
#include "dasd/dasd-verify.h"
#include "dasd/dasd-volume.h"

#define SIZE 512
#define NEAR 3   /* a track before the new end of the file */
#define FAR 40   /* a track after it */
#define EMPTY 20 /* a track that was never formatted */
#define CYLINDERS 4

static Bench bench;
static guint8 data[DASD_VOLUME_CACHE + 1][SIZE];
static gsize piece_max = G_MAXSIZE; /* the most bytes that one read or write transfers */
static guint reads;
static gint clock_ahead; /* seconds by which the clock of the file system's server is ahead */

int fstat(int fd, struct stat *st)
{
    int rc = fstatat(fd, "", st, AT_EMPTY_PATH);

    st->st_mtim.tv_sec += clock_ahead;
    return rc;
}

ssize_t pread(int fd, void *buffer, size_t length, off_t offset)
{
    reads++;
    return (ssize_t)syscall(SYS_pread64, fd, buffer, MIN(length, piece_max), offset);
}

ssize_t pwrite(int fd, const void *buffer, size_t length, off_t offset)
{
    return (ssize_t)syscall(SYS_pwrite64, fd, buffer, MIN(length, piece_max), offset);
}

static void begin(gboolean writes, guint32 track)
{
    memset(data[0], (int)track + 1, SIZE);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x80, track, track), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(writes ? 0x01 : 0x06, 1, track, 1), 16);
    bench_ccw(&bench, writes ? DASD_CODE_WRITE_UPDATE_DATA : DASD_CODE_READ_DATA_MT, 0, data[0], SIZE);
}

static void write_good(guint32 track)
{
    begin(TRUE, track);
    bench_run_good(&bench);
}

static void read_good(guint32 track)
{
    guint8 expected[SIZE];

    begin(FALSE, track);
    memcpy(expected, data[0], SIZE);
    memset(data[0], 0, SIZE);
    bench_run_good(&bench);
    g_assert_cmpmem(data[0], SIZE, expected, SIZE);
}

static void expect_failure(gboolean writes, guint32 track)
{
    begin(writes, track);
    bench_run_failure(&bench);
}

/* Formats two tracks. The device knows the layout of both, so that a write needs no read. */
static void set_up(void)
{
    bench_open(&bench, CYLINDERS, NULL);
    bench_format(&bench, NEAR, 4, 0, SIZE);
    bench_format(&bench, FAR, 4, 0, SIZE);
    write_good(NEAR);
    write_good(FAR);
}

static void expect_warning(const char *pattern)
{
    g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, pattern);
}

static off_t file_size(void)
{
    struct stat st;

    g_assert_cmpint(stat(bench.path, &st), ==, 0);
    return st.st_size;
}

/* Returns the first byte of the data of record 1. */
static guint8 byte_at(guint32 track)
{
    off_t at = (off_t)dasd_track_file_offset(track) + DASD_HA_SIZE + 2 * DASD_COUNT_SIZE + DASD_R0_DL;
    int fd = g_open(bench.path, O_RDONLY | O_CLOEXEC);
    guint8 byte;

    g_assert_cmpint(pread(fd, &byte, 1, at), ==, 1);
    close(fd);
    return byte;
}

static void ignore_finding(const DasdFinding *finding G_GNUC_UNUSED, gpointer opaque G_GNUC_UNUSED)
{
}

static void ignore_progress(guint32 tracks G_GNUC_UNUSED, gpointer opaque G_GNUC_UNUSED)
{
}

static guint64 count_errors(void)
{
    const DasdVerifyEvents events = { ignore_finding, ignore_progress, NULL };
    g_autoptr(GError) error = NULL;
    DasdVerifyResult result;
    DasdImageInfo info;
    int fd = g_open(bench.path, O_RDONLY | O_CLOEXEC);

    dasd_image_probe(fd, "image", &info, &error);
    g_assert_no_error(error);
    dasd_verify(fd, &info, &events, &result);
    close(fd);
    return result.errors + result.warnings;
}

static void truncated(gconstpointer argument)
{
    off_t left = (off_t)dasd_track_file_offset(FAR) + GPOINTER_TO_INT(argument);
    off_t whole;

    set_up();
    whole = file_size();
    g_assert_cmpint(truncate(bench.path, left), ==, 0);
    expect_warning("image */image was truncated while a guest uses it*");
    for (guint turn = 0; turn < 3; turn++) {
        expect_failure(TRUE, FAR);
        expect_failure(FALSE, FAR);
        write_good(NEAR);
        read_good(NEAR);
        g_assert_cmpint(file_size(), ==, left);
    }
    g_test_assert_expected_messages(); /* there is one warning, not nine */
    /* After the file has grown again, the track was never formatted: the device must forget what it knew. */
    g_assert_cmpint(truncate(bench.path, whole), ==, 0);
    read_good(NEAR);
    if (GPOINTER_TO_INT(argument) == 0) {
        begin(TRUE, FAR);
        bench_run_check(&bench, 1, 0, 0x08, 0);
        bench_format(&bench, FAR, 4, 0, SIZE);
        write_good(FAR);
        read_good(FAR);
        g_assert_cmpuint(count_errors(), ==, 0);
    }
    bench_close(&bench);
}

/* The device checks the file's times once in each tick of the kernel's clock, and its size each time. */
static void wait_for_tick(void)
{
    struct timespec start, now;

    clock_gettime(CLOCK_REALTIME_COARSE, &start);
    do {
        g_thread_yield();
        clock_gettime(CLOCK_REALTIME_COARSE, &now);
    } while (now.tv_sec == start.tv_sec && now.tv_nsec == start.tv_nsec);
}

/* A write of another program changes the file's time, unless it is in the same tick as a write of the device. */
static void set_later_mtime(void)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW } };

    wait_for_tick();
    g_assert_cmpint(utimensat(AT_FDCWD, bench.path, times, 0), ==, 0);
    times[1] = (struct timespec){ .tv_sec = g_get_real_time() / G_USEC_PER_SEC + 2 };
    g_assert_cmpint(utimensat(AT_FDCWD, bench.path, times, 0), ==, 0);
}

/* As "cp other.ckd disk.ckd" between two writes of the guest: the size does not change. */
static void emptied_and_grown(void)
{
    off_t whole;

    set_up();
    whole = file_size();
    g_assert_cmpint(truncate(bench.path, 0), ==, 0);
    g_assert_cmpint(truncate(bench.path, whole), ==, 0);
    set_later_mtime();
    expect_failure(TRUE, FAR);
    begin(TRUE, FAR);
    bench_run_check(&bench, 1, 0, 0x08, 0);
    bench_format(&bench, FAR, 4, 0, SIZE);
    write_good(FAR);
    read_good(FAR);
    bench_close(&bench);
}

/* Another program puts a record of another length in the place of the device's records. */
static void write_over(guint32 number)
{
    g_autofree guint8 *slot = g_malloc(DASD_3390_TRACK_SIZE);
    g_autofree DasdTrack *track = g_new0(DasdTrack, 1);
    int fd = g_open(bench.path, O_RDWR | O_CLOEXEC);

    track->slot = slot;
    dasd_track_make_empty(track, number);
    g_assert_true(dasd_track_append(track, 0, (const guint8[]){ 0, number / 15, 0, number % 15, 1, 0, 4, 0 }));
    g_assert_cmpint(pwrite(fd, slot, DASD_3390_TRACK_SIZE, (off_t)dasd_track_file_offset(number)), ==,
                    DASD_3390_TRACK_SIZE);
    close(fd);
    set_later_mtime();
}

static void written_over(void)
{
    set_up();
    write_over(FAR);
    expect_failure(TRUE, FAR);
    write_good(NEAR);
    read_good(NEAR);
    g_assert_cmpuint(count_errors(), ==, 0);
    bench_close(&bench);
}

/* Another program has damaged a track. A write that replaces the whole track repairs it. */
static void damaged(void)
{
    set_up();
    bench_damage(&bench, EMPTY);
    set_later_mtime();
    bench_format(&bench, EMPTY, 4, 0, SIZE);
    write_good(EMPTY);
    read_good(EMPTY);
    g_assert_cmpuint(count_errors(), ==, 0);
    bench_close(&bench);
}

/* Another program replaces the track and truncates the file; the device finds out when it reads beyond the end. */
static void written_over_and_truncated(void)
{
    set_up();
    bench_close_device(&bench);
    bench_reopen(&bench, FALSE);
    write_good(NEAR);
    write_over(NEAR);
    g_assert_cmpint(truncate(bench.path, (off_t)dasd_track_file_offset(FAR)), ==, 0);
    memset(data[0], 0xee, SIZE);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x80, NEAR, FAR), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x01, 1, NEAR, 1), 16);
    bench_ccw(&bench, DASD_CODE_WRITE_UPDATE_DATA, CC, data[0], SIZE);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 1, FAR, 1), 16);
    bench_ccw(&bench, DASD_CODE_READ_DATA_MT, 0, data[1], SIZE);
    expect_warning("image */image was truncated*");
    bench_run(&bench);
    g_assert_cmphex(bench.dstat, ==, STATUS_CHECK);
    g_test_assert_expected_messages();
    g_assert_cmpuint(byte_at(NEAR), ==, 0);
    bench_close(&bench);
}

/* The file's time changes, but its tracks do not: the device continues to write. */
static void touched(void)
{
    set_up();
    set_later_mtime();
    write_good(FAR);
    set_later_mtime();
    bench_format(&bench, FAR, 4, 0, SIZE);
    write_good(FAR);
    read_good(FAR);
    g_assert_cmpuint(count_errors(), ==, 0);
    bench_close(&bench);
}

/*
 * The device's own writes change the file's time, too. The device recognises them and reads nothing again, also where
 * the file system's clock differs from the kernel's.
 */
static void own_writes(gconstpointer argument)
{
    clock_ahead = GPOINTER_TO_INT(argument);
    set_up();
    reads = 0;
    for (guint turn = 0; turn < 5; turn++) {
        write_good(NEAR);
        write_good(FAR);
        wait_for_tick();
    }
    g_assert_cmpuint(reads, ==, 0);
    write_over(FAR);
    expect_failure(TRUE, FAR);
    g_assert_cmpuint(reads, >, 0);
    write_good(NEAR);
    read_good(NEAR);
    bench_close(&bench);
    clock_ahead = 0;
}

/* A write of several tracks, only the last of which is beyond the end of the file: nothing is written. */
static void partly_truncated(void)
{
    guint8 before[SIZE] = { 0 }, after[SIZE] = { 0 };
    off_t at = (off_t)dasd_track_file_offset(NEAR) + DASD_HA_SIZE + 2 * DASD_COUNT_SIZE + DASD_R0_DL;
    int fd;

    set_up();
    fd = g_open(bench.path, O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(pread(fd, before, SIZE, at), ==, SIZE);
    g_assert_cmphex(before[0], ==, NEAR + 1);
    g_assert_cmpint(truncate(bench.path, (off_t)dasd_track_file_offset(FAR)), ==, 0);
    memset(data[1], 0xee, SIZE);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x80, NEAR, FAR), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x01, 1, NEAR, 1), 16);
    bench_ccw(&bench, DASD_CODE_WRITE_UPDATE_DATA, CC, data[1], SIZE);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x01, 1, FAR, 1), 16);
    bench_ccw(&bench, DASD_CODE_WRITE_UPDATE_DATA, 0, data[1], SIZE);
    expect_warning("image */image was truncated*");
    bench_run_check(&bench, 4, 0x10, 0x80, 0x10);
    g_assert_cmpint(pread(fd, after, SIZE, at), ==, SIZE);
    g_assert_cmpmem(after, SIZE, before, SIZE);
    g_test_assert_expected_messages();
    close(fd);
    bench_close(&bench);
}

/* Writes to a file without a name are lost at the end of the device. Until then the device reads them back. */
static void deleted(void)
{
    set_up();
    g_unlink(bench.path);
    wait_for_tick();
    expect_warning("image */image*was deleted or replaced while a guest uses it*");
    expect_failure(TRUE, NEAR);
    expect_failure(TRUE, FAR);
    read_good(NEAR);
    g_test_assert_expected_messages();
    bench_close(&bench);
}

static void replaced(void)
{
    g_autofree char *other = NULL;

    set_up();
    other = g_strconcat(bench.path, ".new", NULL);
    g_assert_true(dasd_image_create(other, NULL, CYLINDERS, NULL, NULL));
    g_assert_cmpint(g_rename(other, bench.path), ==, 0);
    wait_for_tick();
    expect_warning("image */image*was deleted or replaced while a guest uses it*");
    expect_failure(TRUE, NEAR);
    read_good(FAR);
    g_test_assert_expected_messages();
    bench_close(&bench);
}

static void in_pieces(void)
{
    piece_max = 100;
    set_up();
    bench_close_device(&bench);
    bench_reopen(&bench, FALSE);
    read_good(NEAR);
    read_good(FAR);
    piece_max = 0; /* the device must not wait for ever for a host that makes no progress */
    expect_failure(TRUE, NEAR);
    piece_max = G_MAXSIZE;
    write_good(NEAR);
    g_assert_cmpuint(count_errors(), ==, 0);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/dasd/file/truncated", GINT_TO_POINTER(0), truncated);
    g_test_add_data_func("/dasd/file/truncated-in-track", GINT_TO_POINTER(1000), truncated);
    g_test_add_func("/dasd/file/partly-truncated", partly_truncated);
    g_test_add_func("/dasd/file/emptied-and-grown", emptied_and_grown);
    g_test_add_func("/dasd/file/written-over", written_over);
    g_test_add_func("/dasd/file/written-over-and-truncated", written_over_and_truncated);
    g_test_add_func("/dasd/file/damaged", damaged);
    g_test_add_func("/dasd/file/touched", touched);
    g_test_add_data_func("/dasd/file/own-writes", GINT_TO_POINTER(0), own_writes);
    g_test_add_data_func("/dasd/file/own-writes-another-clock", GINT_TO_POINTER(100), own_writes);
    g_test_add_func("/dasd/file/deleted", deleted);
    g_test_add_func("/dasd/file/replaced", replaced);
    g_test_add_func("/dasd/file/in-pieces", in_pieces);
    return g_test_run();
}
