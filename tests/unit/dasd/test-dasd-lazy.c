/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The device does not read a track whose layout it knows before it writes, and reads only those parts that the guest
 * asks for. Counts the bytes that are read from the image, and checks that the result is the same. There are twice as
 * many tracks as the cache holds.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "dasd-bench.h"

#define TRACKS 60 /* the tracks of four cylinders */
#define RECORDS 12
#define SIZE 512
#define EQUIPMENT_CHECK 0x10
#define PERMANENT_ERROR 0x80

static gsize bytes_read;
static gboolean failing;
static Bench bench;
static guint8 model[TRACKS][RECORDS + 1][SIZE]; /* expected data, by track and record number */

ssize_t pread(int fd, void *buffer, size_t length, off_t offset)
{
    bytes_read += length;
    errno = EIO;
    return failing ? -1 : (ssize_t)syscall(SYS_pread64, fd, buffer, length, offset);
}

static void begin(guint32 track)
{
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x80, track, track), 16);
}

/* Reads or writes consecutive records. Compares with the model, or updates it. */
static void access_records(gboolean writes, guint32 track, guint8 record, guint8 n)
{
    static guint8 data[RECORDS * SIZE];

    for (gsize i = 0; i < sizeof(data); i++)
        data[i] = (guint8)g_test_rand_int();
    if (writes)
        memcpy(model[track][record], data, (gsize)n * SIZE);
    begin(track);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(writes ? 0x01 : 0x06, n, track, record), 16);
    for (guint8 i = 0; i < n; i++)
        bench_ccw(&bench, writes ? DASD_CODE_WRITE_UPDATE_DATA : DASD_CODE_READ_DATA_MT, i + 1 < n ? CC : 0,
                  data + i * SIZE, SIZE);
    bench_run_good(&bench);
    g_assert_cmpmem(data, (gsize)n * SIZE, model[track][record], (gsize)n * SIZE);
}

/* Begins a program for two records of a track that are not adjacent. */
static void begin_two(guint32 track, guint8 first, guint8 second, guint8 *data)
{
    begin(track);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x01, 1, track, first), 16);
    bench_ccw(&bench, DASD_CODE_WRITE_UPDATE_DATA, CC, data, SIZE);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x01, 1, track, second), 16);
    bench_ccw(&bench, DASD_CODE_WRITE_UPDATE_DATA, 0, data + SIZE, SIZE);
}

static void check_all(void)
{
    for (guint32 track = 0; track < TRACKS; track++)
        access_records(FALSE, track, 1, RECORDS);
}

static void set_up(void)
{
    bench_open(&bench, TRACKS / 15, NULL);
    for (guint32 track = 0; track < TRACKS; track++) {
        bench_format(&bench, track, RECORDS, 0, SIZE);
        access_records(TRUE, track, 1, RECORDS);
    }
}

/* Track 0 has left the cache before the test, and other tracks leave it during the test. */
static void known_tracks(void)
{
    set_up();
    bytes_read = 0;
    access_records(TRUE, 0, 5, 1);
    g_assert_cmpuint(bytes_read, ==, 0);
    access_records(FALSE, 1, 7, 1);
    g_assert_cmpuint(bytes_read, ==, SIZE);
    bytes_read = 0;
    access_records(TRUE, 2, 1, RECORDS);
    access_records(FALSE, 2, 3, 4);
    g_assert_cmpuint(bytes_read, ==, 0);
    /* A new device reads each track once, as a whole. */
    bench_close_device(&bench);
    bench_reopen(&bench, FALSE);
    bytes_read = 0;
    check_all();
    g_assert_cmpuint(bytes_read, ==, TRACKS * 56832);
    bytes_read = 0;
    check_all();
    g_assert_cmpuint(bytes_read, <=, TRACKS * RECORDS * (SIZE + 8));
    bench_close(&bench);
}

static void gaps(void)
{
    static guint8 data[2 * SIZE];

    set_up();
    memset(data, 0x5a, sizeof(data));
    begin_two(3, 2, 9, data);
    bench_run_good(&bench);
    memset(model[3][2], 0x5a, SIZE);
    memset(model[3][9], 0x5a, SIZE);
    begin_two(4, 11, 1, data);
    bench_run_good(&bench);
    memset(model[4][11], 0x5a, SIZE);
    memset(model[4][1], 0x5a, SIZE);
    check_all();
    bench_close_device(&bench);
    bench_reopen(&bench, FALSE);
    check_all();
    bench_close(&bench);
}

/* The bytes between two written records cannot be read: neither write is acknowledged, and no other data is lost. */
static void failures(void)
{
    static guint8 data[2 * SIZE];

    set_up();
    failing = TRUE;
    begin_two(3, 2, 9, data);
    bench_run_check(&bench, 4, EQUIPMENT_CHECK, PERMANENT_ERROR, 0x10);
    begin(4);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 1, 4, 1), 16);
    bench_ccw(&bench, DASD_CODE_READ_DATA_MT, 0, data, SIZE);
    bench_run_check(&bench, 2, EQUIPMENT_CHECK, PERMANENT_ERROR, 0x10);
    access_records(TRUE, 5, 4, 2);
    failing = FALSE;
    check_all();
    bench_close(&bench);
}

/* Formats a track anew after R4. The remaining records were only in the image before that. */
static void formatting(void)
{
    const guint8 count[] = { 0, 0, 0, 6, 5, 0, 0, 100 };
    guint8 data[SIZE], key[108];

    set_up();
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0xc0, 6, 6), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x03, 1, 6, 4), 16);
    bench_ccw(&bench, DASD_CODE_WRITE_CKD, SLI, count, sizeof(count));
    bench_run_good(&bench);
    bench_close_device(&bench);
    bench_reopen(&bench, FALSE);
    access_records(FALSE, 6, 1, 4);
    for (guint turn = 0; turn < 2; turn++) {
        begin(6);
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 2, 6, 4), 16);
        bench_ccw(&bench, DASD_CODE_READ_DATA, CC, data, SIZE);
        bench_ccw(&bench, DASD_CODE_READ_CKD, 0, key, sizeof(key));
        bench_run_good(&bench);
        g_assert_cmpmem(key, 8, count, 8);
        for (guint32 track = 10; track < 50; track++)
            access_records(FALSE, track, 1, 1);
    }
    bench_close(&bench);
}

static gboolean is_same_time(struct timespec one, struct timespec other)
{
    return one.tv_sec == other.tv_sec && one.tv_nsec == other.tv_nsec;
}

/*
 * Writes in a later tick of the kernel's clock, until the file's time of last modification has changed. The device sees
 * the write only then, as it checks the file once in a tick. qemu-user 10 shows a file's time in whole seconds.
 */
static void write_at_another_time(int fd, const void *data, gsize length, off_t offset)
{
    gint64 deadline = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    struct timespec first, tick;
    struct stat before, now;

    g_assert_cmpint(fstat(fd, &before), ==, 0);
    clock_gettime(CLOCK_REALTIME_COARSE, &first);
    do {
        clock_gettime(CLOCK_REALTIME_COARSE, &tick);
        g_assert_cmpint(pwrite(fd, data, length, offset), ==, length);
        g_assert_cmpint(fstat(fd, &now), ==, 0);
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
    } while (is_same_time(tick, first) || is_same_time(now.st_mtim, before.st_mtim));
}

/*
 * Formatting a hole reads nothing, and no format reads what it replaces. A track that another program writes into a
 * hole is seen.
 */
static void holes(void)
{
    const guint8 whole[] = { 0, 0, 0, 2, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 255, 255, 255, 255, 255, 255, 255, 255 };
    guint8 locate[22] = { [17] = 0x11, [19] = 2, [20] = 0x80 }, back[8] = { 0 };
    static guint8 slot[56832];
    int fd;

    bench_open(&bench, TRACKS / 15, NULL);
    bytes_read = 0;
    for (guint turn = 0; turn < 2; turn++)
        for (guint32 track = 1; track < 40; track++)
            bench_format(&bench, track, RECORDS, 0, SIZE);
    /* Writing a whole track reads nothing either. Track 2 is no longer in the cache. */
    memcpy(locate, bench_locate(0x3f, 1, 2, 0), 16);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0xc0, 2, 2), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD_EXTENDED, CC, locate, sizeof(locate));
    bench_ccw(&bench, DASD_CODE_WRITE_FULL_TRACK, 0, whole, sizeof(whole));
    bench_run_good(&bench);
    g_assert_cmpuint(bytes_read, ==, 0);
    fd = open(bench.path, O_RDWR | O_CLOEXEC);
    g_assert_cmpint(pread(fd, slot, sizeof(slot), 512 + 56832), ==, sizeof(slot));
    /* Makes track 50 (cylinder 3, head 5) of track 1. */
    for (gsize at = 1; at < 5 + 8 + 8 + RECORDS * (8 + SIZE); at += at == 1 ? 4 : at == 5 ? 16 : 8 + SIZE) {
        slot[at + 1] = 3;
        slot[at + 3] = 5;
    }
    write_at_another_time(fd, slot, sizeof(slot), 512 + 50 * 56832);
    close(fd);
    begin(50);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 1, 50, 7), 16);
    bench_ccw(&bench, DASD_CODE_READ_COUNT, 0, back, sizeof(back));
    bench_run_good(&bench);
    g_assert_cmpuint(back[4], ==, 8);
    bench_close(&bench);
}

/* A record that does not fit leaves the records after it unchanged. */
static void format_rejected(void)
{
    const guint8 count[] = { 0, 0, 0, 6, 5, 0, 0xdd, 0x58 };

    set_up();
    for (guint turn = 0; turn < 2; turn++) {
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0xc0, 6, 6), 16);
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x03, 1, 6, 4), 16);
        bench_ccw(&bench, DASD_CODE_WRITE_CKD, SLI, count, sizeof(count));
        bench_run_check(&bench, 2, 0, 0x40, 0);
        access_records(FALSE, 6, 1, RECORDS);
    }
    check_all();
    bench_close(&bench);
}

static void random_access(void)
{
    set_up();
    for (guint i = 0; i < 3000; i++) {
        guint8 record = (guint8)g_test_rand_int_range(1, RECORDS + 1);

        access_records(g_test_rand_bit(), (guint32)g_test_rand_int_range(0, TRACKS), record,
                       (guint8)g_test_rand_int_range(1, RECORDS + 2 - record));
    }
    bench_close_device(&bench);
    bench_reopen(&bench, FALSE);
    check_all();
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dasd/lazy/known-tracks", known_tracks);
    g_test_add_func("/dasd/lazy/gaps", gaps);
    g_test_add_func("/dasd/lazy/failures", failures);
    g_test_add_func("/dasd/lazy/formatting", formatting);
    g_test_add_func("/dasd/lazy/holes", holes);
    g_test_add_func("/dasd/lazy/format-rejected", format_rejected);
    g_test_add_func("/dasd/lazy/random", random_access);
    return g_test_run();
}
