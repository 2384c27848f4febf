/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "dasd/dasd-track.h"
#include "util/endian.h"

static guint8 slot[DASD_3390_TRACK_SIZE];
static DasdTrack track;

static void clear(void)
{
    memset(slot, 0, sizeof(slot));
    memset(&track, 0, sizeof(track));
    track.slot = slot;
}

static gboolean append(guint8 number, guint8 kl, guint16 dl)
{
    guint8 count[DASD_COUNT_SIZE] = { 0 };

    count[DASD_COUNT_OFS_RECORD] = number;
    count[DASD_COUNT_OFS_KL] = kl;
    ccw_store_be16(count + DASD_COUNT_OFS_DL, dl);
    return dasd_track_append(&track, track.n_records - 1, count);
}

static void hole(void)
{
    clear();
    g_assert_true(dasd_track_parse(&track, 31));
    g_assert_true(track.unwritten);
    g_assert_cmpuint(track.n_records, ==, 1);
    g_assert_cmpuint(track.end, ==, 21);
    g_assert_cmphex(ccw_load_be16(slot + 1), ==, 2);
    g_assert_cmphex(ccw_load_be16(slot + 3), ==, 1);
    g_assert_cmpuint(track.records[0].dl, ==, 8);
    /* A synthesised track is valid. */
    g_assert_true(dasd_track_parse(&track, 31));
    g_assert_false(track.unwritten);
}

static void append_and_parse(void)
{
    clear();
    dasd_track_make_empty(&track, 0);
    for (guint8 i = 1; i <= 3; i++)
        g_assert_true(append(i, 4, 20 + i));
    memset(dasd_track_data(&track, &track.records[3]), 0xff, 23);
    g_assert_true(dasd_track_parse(&track, 0));
    g_assert_cmpuint(track.n_records, ==, 4);
    g_assert_cmpuint(track.records[3].number, ==, 3);
    g_assert_cmpuint(track.records[3].kl, ==, 4);
    g_assert_cmpuint(track.records[3].dl, ==, 23);
    g_assert_cmpuint(track.end, ==, 21 + 3 * 12 + 21 + 22 + 23);
    dasd_track_truncate(&track, 1);
    g_assert_true(dasd_track_parse(&track, 0));
    g_assert_cmpuint(track.n_records, ==, 2);
}

/* The numbers of records of one length on a track, from drivers/s390/block/dasd_eckd.c and IBM's reference cards. */
static void capacity(void)
{
    static const struct {
        guint8 kl;
        guint16 dl;
        guint records;
    } rows[] = {
        { 0, 512, 49 },  { 0, 1024, 33 }, { 0, 2048, 21 }, { 0, 4096, 12 }, { 0, 56664, 1 },
        { 0, 56665, 0 }, { 0, 27998, 2 }, { 44, 96, 50 },  { 0, 0, 86 },    { 8, 4096, 11 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint n = 0;

        clear();
        dasd_track_make_empty(&track, 5);
        while (append((guint8)(n + 1), rows[i].kl, rows[i].dl))
            n++;
        g_assert_cmpuint(n, ==, rows[i].records);
        g_assert_true(dasd_track_parse(&track, 5));
        g_assert_cmpuint(track.n_records, ==, n + 1);
    }
}

static void damaged(void)
{
    static const struct {
        guint offset;
        guint8 value;
        const char *what;
    } rows[] = {
        { 2, 1, "another cylinder" },
        { 4, 9, "another head" },
        { 27, 0xff, "data too long" },
        { 30, 7, "no end marker" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        clear();
        dasd_track_make_empty(&track, 1);
        g_assert_true(append(1, 0, 0));
        g_test_message("%s", rows[i].what);
        slot[rows[i].offset] = rows[i].value;
        g_assert_false(dasd_track_parse(&track, 1));
        g_assert_cmpuint(track.n_records, ==, 0);
    }
}

/* Counts of length zero up to the end of the slot, and one record too many: the parser must end in both cases. */
static void endless(void)
{
    clear();
    dasd_track_make_empty(&track, 0);
    memset(slot + 21, 1, sizeof(slot) - 21);
    for (guint32 at = 21; at + 8 <= sizeof(slot); at += 8)
        ccw_store_be32(slot + at + 4, 0x01000000);
    g_assert_false(dasd_track_parse(&track, 0));
}

static void random_slots(void)
{
    GRand *rand = g_rand_new_with_seed(3390);

    for (guint round = 0; round < 3000; round++) {
        clear();
        dasd_track_make_empty(&track, 0);
        for (guint32 at = 21; at < 2048; at++)
            slot[at] = (guint8)(g_rand_boolean(rand) ? 0xff : g_rand_int_range(rand, 0, 4));
        if (dasd_track_parse(&track, 0))
            for (guint32 i = 0; i < track.n_records; i++)
                g_assert_cmpuint(track.records[i].offset + dasd_record_size(&track.records[i]), <=, track.end);
    }
    g_rand_free(rand);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dasd/track/hole", hole);
    g_test_add_func("/dasd/track/append", append_and_parse);
    g_test_add_func("/dasd/track/capacity", capacity);
    g_test_add_func("/dasd/track/damaged", damaged);
    g_test_add_func("/dasd/track/endless", endless);
    g_test_add_func("/dasd/track/random", random_slots);
    return g_test_run();
}
