/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process is killed in the middle of a channel program that writes, at each point where the kernel can end it:
 * before a write, and between two pages of one. In all cases the image then has a valid track: the old one, the new
 * one, or the old one up to where the new records would begin. A program that ended well is in the image.
 *
 * The same for a host that loses its power under a device with sync. Then any of the blocks written since the last
 * fdatasync may be missing.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dasd-bench.h"
#include "dasd/dasd-volume.h"
#include "util/endian.h"

#define TRACK 7
#define NEVER G_MAXUINT

/* The code under test calls these instead of the C library. */
static guint pages_until_death = NEVER;
static int failure; /* the errno of every write; 0: writes succeed */

/* Receives all writes while it is not NULL, each block or part of a block as one; a length of 0 is an fdatasync. */
typedef struct {
    off_t offset;
    gsize length;
    guint8 bytes[DASD_FILE_BLOCK];
} Written;

static GArray *recorded;

static void record(const void *bytes, gsize length, off_t offset)
{
    Written written = { .offset = offset, .length = length };

    if (!recorded)
        return;
    memcpy(written.bytes, bytes, length);
    g_array_append_val(recorded, written);
}

int fdatasync(int fd G_GNUC_UNUSED)
{
    record("", 0, 0);
    return 0;
}

ssize_t pwrite(int fd, const void *buffer, size_t length, off_t offset)
{
    size_t done = 0;

    if (failure) {
        errno = failure;
        return -1;
    }
    while (done < length) {
        size_t piece = MIN(length - done, DASD_FILE_BLOCK - (size_t)(offset + (off_t)done) % DASD_FILE_BLOCK);

        if (pages_until_death == 0)
            return (ssize_t)length; /* the process is dead by now, and cannot see the result */
        if (pages_until_death != NEVER)
            pages_until_death--;
        if (syscall(SYS_pwrite64, fd, (const char *)buffer + done, piece, offset + (off_t)done) != (ssize_t)piece)
            return -1;
        record((const char *)buffer + done, piece, offset + (off_t)done);
        done += piece;
    }
    return (ssize_t)length;
}

/* Reserves space on the disk, and does not change the image. */
int fallocate(int fd, int mode, off_t offset, off_t length)
{
    if (failure) {
        errno = failure;
        return -1;
    }
    return (int)syscall(SYS_fallocate, fd, mode, offset, length);
}

static guint8 data[4][60000];
static guint8 counts[4][8];
static guint16 first_length; /* the length of R1's data */

static guint8 *count_of(guint8 record, guint16 dl)
{
    guint8 *count = counts[record];

    count[DASD_COUNT_OFS_HEAD + 1] = TRACK;
    count[DASD_COUNT_OFS_RECORD] = record;
    ccw_store_be16(count + DASD_COUNT_OFS_DL, dl);
    return count;
}

/* Formats the records `from` to `last`, after the one before `from`, with data of one byte value. */
static void build_format(Bench *bench, guint8 from, guint8 last, guint16 dl, guint8 fill)
{
    bench_begin(bench);
    bench_ccw(bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0, TRACK, TRACK), 16);
    bench_ccw(bench, DASD_CODE_LOCATE_RECORD, CC,
              bench_locate(0x03, (guint8)(last - from + 1), TRACK, (guint8)(from - 1)), 16);
    for (guint8 i = from; i <= last; i++) {
        guint16 length = i == 1 ? first_length : dl;

        memset(data[i], i == 1 ? 0x11 : fill, sizeof(data[i]));
        memcpy(data[i], count_of(i, length), 8);
        bench_ccw(bench, DASD_CODE_WRITE_CKD, i < last ? CC : 0, data[i], (guint16)(length + 8));
    }
}

static void append(Bench *bench)
{
    build_format(bench, 2, 3, 700, 0x77);
}

static void shorter(Bench *bench)
{
    build_format(bench, 2, 2, 30, 0x77);
}

static void longer(Bench *bench)
{
    build_format(bench, 2, 3, 9000, 0x77);
}

static void whole(Bench *bench)
{
    build_format(bench, 1, 3, 700, 0x77);
}

/* Formats the track with its present layout: the records keep their positions and get other data. */
static void again(Bench *bench)
{
    build_format(bench, 2, 3, first_length, 0x77);
}

static void erase(Bench *bench)
{
    bench_begin(bench);
    bench_ccw(bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0, TRACK, TRACK), 16);
    bench_ccw(bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x0b, 1, TRACK, 1), 16);
    bench_ccw(bench, DASD_CODE_ERASE, SLI, count_of(2, 0), 8);
}

static void update(Bench *bench)
{
    memset(data[3], 0x33, sizeof(data[3]));
    bench_begin(bench);
    bench_ccw(bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x80, TRACK, TRACK), 16);
    bench_ccw(bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x01, 1, TRACK, 3), 16);
    bench_ccw(bench, DASD_CODE_WRITE_DATA, 0, data[3], 5000);
}

static const struct {
    const char *name;
    guint8 old_last; /* number of records on the track before; 0: never written */
    guint16 old_dl;  /* the length of their data; 0: that of R1 */
    void (*build)(Bench *bench);
    guint8 keeps; /* number of records that must survive in all cases */
} scenarios[] = {
    { "append", 1, 0, append, 1 },    { "shorter", 3, 5000, shorter, 1 }, { "longer", 3, 5000, longer, 1 },
    { "whole", 3, 5000, whole, 0 },   { "hole", 0, 0, whole, 0 },         { "erase", 3, 5000, erase, 1 },
    { "update", 3, 5000, update, 3 }, { "again", 3, 0, again, 3 },
};

/* Returns the length of R1 at which this many bytes of R2's count are in the first of two pages. */
static guint16 length_for_split(guint split)
{
    guint16 dl = 1000;

    while (dasd_track_split(TRACK, 29 + dl) != split)
        dl++;
    return dl;
}

typedef struct {
    guint8 slot[DASD_3390_TRACK_SIZE];
    guint32 end;
    guint32 records[5]; /* where the records begin, and the end of the last */
} Snapshot;

/* Reads the track as another program finds it in the file. */
static void take_snapshot(const Bench *bench, Snapshot *snapshot)
{
    DasdVolume *volume = dasd_volume_new(g_open(bench->path, O_RDONLY | O_CLOEXEC), 1, FALSE);
    const DasdTrack *track = dasd_volume_load(volume, TRACK);

    g_assert_cmpuint(track->n_records, >, 0);
    g_assert_cmpuint(track->n_records, <=, 4);
    memcpy(snapshot->slot, track->slot, DASD_3390_TRACK_SIZE);
    snapshot->end = track->end;
    for (guint i = 0; i < G_N_ELEMENTS(snapshot->records); i++)
        snapshot->records[i] = i < track->n_records ? track->records[i].offset : track->end;
    dasd_volume_free(volume);
}

static gboolean same(const Snapshot *a, const Snapshot *b, guint32 end)
{
    return a->end == end && memcmp(a->slot, b->slot, end) == 0;
}

/* Restores the track to its state before the scenario. */
static void prepare(Bench *bench, guint i)
{
    bench_open(bench, 1, NULL);
    if (scenarios[i].old_last) {
        build_format(bench, 1, scenarios[i].old_last, scenarios[i].old_dl ? scenarios[i].old_dl : first_length, 0x55);
        bench_run_good(bench);
    }
}

static void run_killed(Bench *bench, guint i, guint pages)
{
    scenarios[i].build(bench);
    pages_until_death = pages;
    bench_run(bench);
    bench_close_device(bench);
}

/* Data was written in place: all counts are the old ones, and each byte of data is old or new. */
static gboolean is_mixture(const Snapshot *found, const Snapshot *old, const Snapshot *new)
{
    guint32 differing = 0;

    for (guint32 at = 0; at < old->end; at++)
        differing += found->slot[at] != old->slot[at] && found->slot[at] != new->slot[at];
    return found->end == old->end && old->end == new->end &&differing == 0;
}

static gboolean is_known(guint i, const Snapshot *found, const Snapshot *old, const Snapshot *new)
{
    guint32 updated = scenarios[i].build == update ? old->records[3] + DASD_COUNT_SIZE : G_MAXUINT32;

    return same(found, old, old->end) || same(found, new, new->end) ||
           same(found, old, old->records[scenarios[i].keeps + 1]) ||
           (scenarios[i].build == again && is_mixture(found, old, new)) ||
           (found->end == old->end && updated < found->end && memcmp(found->slot, old->slot, updated) == 0);
}

/* Returns TRUE if the program was killed before its end. */
static gboolean kill_at(guint i, guint pages, const Snapshot *old, const Snapshot *new)
{
    static Snapshot found;
    gboolean was_killed;
    Bench bench;

    prepare(&bench, i);
    run_killed(&bench, i, pages);
    was_killed = pages_until_death == 0;
    pages_until_death = NEVER;
    take_snapshot(&bench, &found);
    if (!is_known(i, &found, old, new) || (!was_killed && !same(&found, new, new->end)))
        g_error("%s, R1 of %u bytes: killed after %u pages, the track ends at %u; before %u, afterwards %u",
                scenarios[i].name, first_length, pages, found.end, old->end, new->end);
    bench_close(&bench);
    return was_killed;
}

static void killed(gconstpointer argument)
{
    guint i = GPOINTER_TO_UINT(argument);
    static Snapshot old, new;
    guint kills = 0;

    for (guint split = 0; split < DASD_COUNT_SIZE; split++) {
        Bench bench;
        guint pages = 0;

        first_length = length_for_split(split);
        prepare(&bench, i);
        take_snapshot(&bench, &old);
        scenarios[i].build(&bench);
        bench_run_good(&bench);
        bench_close_device(&bench);
        take_snapshot(&bench, &new);
        bench_close(&bench);
        while (kill_at(i, pages, &old, &new))
            pages++;
        kills += pages;
    }
    g_test_message("%u kills", kills);
}

/* After a kill in the middle of a count, the old records still exist, and the program can run again. */
static void written_again(void)
{
    static Snapshot old, new;

    for (guint i = 0; i < 4; i++) {
        for (guint split = 1; split < DASD_COUNT_SIZE; split++) {
            Bench bench;

            first_length = length_for_split(split);
            prepare(&bench, i);
            take_snapshot(&bench, &old);
            for (guint pages = 0; pages < 40; pages++) {
                run_killed(&bench, i, pages);
                pages_until_death = NEVER;
                bench_reopen(&bench, FALSE);
            }
            scenarios[i].build(&bench);
            bench_run_good(&bench);
            bench_close_device(&bench);
            take_snapshot(&bench, &new);
            g_assert_true(memcmp(old.slot, new.slot, old.records[2]) == 0 || scenarios[i].keeps == 0);
            bench_close(&bench);
        }
    }
}

/* Replays into the file those writes from first to the next sync that mask selects. Returns the index of the sync. */
static guint replay(const Bench *bench, guint first, guint64 mask)
{
    int fd = g_open(bench->path, O_WRONLY | O_CLOEXEC);
    guint at = first;

    for (; at < recorded->len && g_array_index(recorded, Written, at).length; at++) {
        const Written *written = &g_array_index(recorded, Written, at);

        if (mask >> (at - first) % 64 & 1)
            g_assert_cmpint(syscall(SYS_pwrite64, fd, written->bytes, written->length, written->offset), ==,
                            (gssize)written->length);
    }
    close(fd);
    return at;
}

static void copy_track(const Bench *bench, guint8 *slot, gboolean back)
{
    int fd = g_open(bench->path, O_RDWR | O_CLOEXEC);
    off_t offset = (off_t)dasd_track_file_offset(TRACK);

    g_assert_cmpint(back ? syscall(SYS_pwrite64, fd, slot, DASD_3390_TRACK_SIZE, offset)
                         : pread(fd, slot, DASD_3390_TRACK_SIZE, offset),
                    ==, DASD_3390_TRACK_SIZE);
    close(fd);
}

/* Tries all subsets of a few writes, or some of many. */
static void lose_some(Bench *bench, guint i, guint first, GRand *rand, const Snapshot *old, const Snapshot *new)
{
    static guint8 before[DASD_3390_TRACK_SIZE];
    static Snapshot found;
    guint n = replay(bench, first, 0) - first;

    copy_track(bench, before, FALSE);
    for (guint64 k = 0; k < (n <= 6 ? 1u << n : 64); k++) {
        replay(bench, first, n <= 6 ? k : (guint64)g_rand_int(rand) << 32 | g_rand_int(rand));
        take_snapshot(bench, &found);
        if (!is_known(i, &found, old, new))
            g_error("%s, R1 of %u bytes: power cut behind write %u, the track ends at %u; before %u, afterwards %u",
                    scenarios[i].name, first_length, first, found.end, old->end, new->end);
        copy_track(bench, before, TRUE);
    }
}

static void record_program(Bench *bench, guint i)
{
    bench_close_device(bench);
    bench->sync = TRUE;
    bench_reopen(bench, FALSE);
    recorded = g_array_new(FALSE, FALSE, sizeof(Written));
    scenarios[i].build(bench);
    bench_run_good(bench);
    bench_close_device(bench);
}

static void power_cut(gconstpointer argument)
{
    guint i = GPOINTER_TO_UINT(argument);
    static guint8 slot[DASD_3390_TRACK_SIZE];
    static Snapshot old, new, found;
    GRand *rand = g_rand_new_with_seed(3390);

    for (guint split = 0; split < DASD_COUNT_SIZE; split++) {
        Bench bench;

        first_length = length_for_split(split);
        prepare(&bench, i);
        take_snapshot(&bench, &old);
        copy_track(&bench, slot, FALSE);
        record_program(&bench, i);
        take_snapshot(&bench, &new);
        /* The device acknowledges only what is on the disk. */
        g_assert_cmpuint(g_array_index(recorded, Written, recorded->len - 1).length, ==, 0);
        copy_track(&bench, slot, TRUE);
        for (guint at = 0; at < recorded->len; at = replay(&bench, at, G_MAXUINT64) + 1)
            lose_some(&bench, i, at, rand, &old, &new);
        take_snapshot(&bench, &found);
        g_assert_true(same(&found, &new, new.end));
        g_clear_pointer(&recorded, g_array_unref);
        bench_close(&bench);
    }
    g_rand_free(rand);
}

/*
 * A failed write is an equipment check. A full disk is an intervention required. When the host can write again, the
 * device continues, and after an intervention required it raises an unsolicited interrupt.
 */
static void host_fails(void)
{
    static const struct {
        int errnum;
        guint8 sense0, sense1;
    } failures[] = {
        { ENOSPC, 0x40, 0 }, { EIO, 0x10, 0x80 }, { EFBIG, 0x10, 0x80 }, { EDQUOT, 0x40, 0 }, { EROFS, 0x40, 0 }
    };
    static Snapshot old, found, new;

    first_length = 1000;
    for (guint i = 0; i < G_N_ELEMENTS(scenarios); i++) {
        for (guint f = 0; f < G_N_ELEMENTS(failures); f++) {
            Bench bench;

            prepare(&bench, i);
            take_snapshot(&bench, &old);
            scenarios[i].build(&bench);
            failure = failures[f].errnum;
            bench_run(&bench);
            g_assert_cmphex(bench.dstat, ==, STATUS_CHECK);
            g_assert_nonnull(bench.sense);
            g_assert_cmphex(bench.sense[0], ==, failures[f].sense0);
            g_assert_cmphex(bench.sense[1], ==, failures[f].sense1);
            g_assert_cmpint(dasd_device_waits(bench.device), ==, failures[f].sense0 == 0x40);
            g_assert_false(dasd_device_check_ready(bench.device));
            failure = 0;
            g_assert_cmpint(dasd_device_check_ready(bench.device), ==, failures[f].sense0 == 0x40);
            g_assert_false(dasd_device_waits(bench.device) || dasd_device_check_ready(bench.device));
            take_snapshot(&bench, &found);
            g_assert_true(same(&found, &old, old.end));
            scenarios[i].build(&bench);
            bench_run_good(&bench);
            take_snapshot(&bench, &new);
            g_assert_false(same(&new, &old, old.end));
            bench_close(&bench);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(scenarios); i++) {
        g_autofree char *kill_name = g_strdup_printf("/dasd/kill/%s", scenarios[i].name);
        g_autofree char *cut_name = g_strdup_printf("/dasd/power-cut/%s", scenarios[i].name);

        g_test_add_data_func(kill_name, GUINT_TO_POINTER(i), killed);
        g_test_add_data_func(cut_name, GUINT_TO_POINTER(i), power_cut);
    }
    g_test_add_func("/dasd/kill/written-again", written_again);
    g_test_add_func("/dasd/kill/host-fails", host_fails);
    return g_test_run();
}
