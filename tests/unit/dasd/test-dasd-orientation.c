/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where reads begin and continue: after the record that was searched, on the next track, past empty tracks. Track 7 has
 * five records, track 8 has no record, track 9 has two. docs/dasd.md lists the rules and the source of each.
 */
#include <string.h>

#include "dasd-bench.h"
#include "util/endian.h"

#define SIZE 100
#define COUNT_SIZE 8
#define R0_SIZE 16
#define HOME_SIZE 5

static Bench bench;
static guint8 seek_7[6] = { [5] = 7 };
static guint8 back[8][COUNT_SIZE];

static void open_tracks(void)
{
    bench_open(&bench, 2, NULL);
    bench_format(&bench, 7, 5, 0, SIZE);
    bench_format(&bench, 9, 2, 0, SIZE);
}

static void begin(void)
{
    memset(back, 0, sizeof(back));
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, 0, 29), 16);
}

static void assert_count(guint i, guint8 head, guint8 record)
{
    g_assert_cmpuint(back[i][3], ==, head);
    g_assert_cmpuint(back[i][4], ==, record);
}

static void add_counts(guint8 cmd, guint n)
{
    for (guint i = 0; i < n; i++)
        bench_ccw(&bench, cmd, i + 1 < n ? CC : 0, back[i], COUNT_SIZE);
}

/* Outside of a domain, reads continue past the empty track, to the end of the cylinder. */
static void past_empty_tracks(void)
{
    guint8 first[8];

    open_tracks();
    begin();
    bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_7, 6);
    add_counts(DASD_CODE_READ_COUNT_MT, 7);
    bench_run_good(&bench);
    for (guint i = 0; i < 7; i++)
        assert_count(i, i < 5 ? 7 : 9, (guint8)(i < 5 ? i + 1 : i - 4));
    begin();
    bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_7, 6);
    add_counts(DASD_CODE_READ_COUNT_MT, 8);
    bench_run_check(&bench, 9, 0, 0x20, 0);
    /* The same for reads of data. */
    begin();
    bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_7, 6);
    for (guint i = 0; i < 7; i++)
        bench_ccw(&bench, DASD_CODE_READ_DATA_MT, i < 6 ? CC | SLI : SLI, first, sizeof(first));
    bench_run_good(&bench);
    bench_close(&bench);
}

/* In a domain, the first track may be empty, but the next one must have a record. */
static void in_a_domain(void)
{
    open_tracks();
    for (guint i = 0; i < 2; i++) {
        begin();
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(i ? 0x16 : 0x06, 7, 7, 1), 16);
        add_counts(DASD_CODE_READ_COUNT_MT, 7);
        bench_run_check(&bench, 6, 0, 0x08, 0);
        g_assert_cmpuint(bench.sense[31], ==, 8);
        assert_count(3, 7, 5);
        begin();
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(i ? 0xd6 : 0x06, 2, 8, 0), 16);
        add_counts(DASD_CODE_READ_COUNT_MT, 2);
        bench_run_good(&bench);
        assert_count(0, 9, 1);
        assert_count(1, 9, 2);
    }
    bench_close(&bench);
}

/* READ TRACK begins after the record that was searched. The next one begins with R0. */
static void read_track(void)
{
    static const struct {
        guint8 operation, record;
        guint8 expected; /* number of the first record; 0xff: only the end of the track */
        guint16 length;
    } rows[] = {
        { 0x4c, 0, 0, R0_SIZE + 5 * (COUNT_SIZE + SIZE) + 8 },
        { 0x0c, 0, 1, 5 * (COUNT_SIZE + SIZE) + 8 },
        { 0x0c, 2, 3, 3 * (COUNT_SIZE + SIZE) + 8 },
        { 0x0c, 5, 0xff, 8 },
    };
    static guint8 track[2][4096];

    open_tracks();
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        memset(track, 0, sizeof(track));
        begin();
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(rows[i].operation, 2, 7, rows[i].record), 16);
        bench_ccw(&bench, DASD_CODE_READ_TRACK, CC | SLI, track[0], sizeof(track[0]));
        bench_ccw(&bench, DASD_CODE_READ_TRACK, SLI, track[1], sizeof(track[1]));
        bench_run_good(&bench);
        g_assert_cmphex(track[0][4], ==, rows[i].expected);
        g_assert_cmphex(ccw_load_be64(track[0] + rows[i].length - 8), ==, G_MAXUINT64);
        g_assert_cmphex(track[0][rows[i].length], ==, 0);
        /* R0 of track 8, and the end of the track. */
        g_assert_cmpuint(track[1][3], ==, 8);
        g_assert_cmpuint(track[1][4], ==, 0);
        g_assert_cmpuint(bench.residual, ==, sizeof(track[1]) - R0_SIZE - 8);
    }
    bench_close(&bench);
}

/* A multi-track form reads the home address or R0 of the next track, except R0 directly after a home address. */
static void home_and_r0(void)
{
    guint8 home[2][HOME_SIZE], r0[R0_SIZE];

    open_tracks();
    for (guint multi = 0; multi < 2; multi++) {
        const guint8 bit = multi ? 0x80 : 0;

        begin();
        bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_7, 6);
        bench_ccw(&bench, DASD_CODE_READ_HOME_ADDRESS | bit, CC, home[0], HOME_SIZE);
        bench_ccw(&bench, DASD_CODE_READ_R0 | bit, CC, r0, R0_SIZE);
        bench_ccw(&bench, DASD_CODE_READ_HOME_ADDRESS | bit, 0, home[1], HOME_SIZE);
        bench_run_good(&bench);
        g_assert_cmpuint(home[0][4], ==, multi ? 8 : 7);
        g_assert_cmpuint(r0[3], ==, multi ? 8 : 7);
        g_assert_cmpuint(home[1][4], ==, multi ? 9 : 7);
        begin();
        bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_7, 6);
        bench_ccw(&bench, DASD_CODE_READ_R0 | bit, 0, r0, R0_SIZE);
        bench_run_good(&bench);
        g_assert_cmpuint(r0[3], ==, multi ? 8 : 7);
        /* The same in a domain. Read home address begins with the track to which the domain is oriented. */
        begin();
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0xd6, 3, 7, 0), 16);
        bench_ccw(&bench, DASD_CODE_READ_HOME_ADDRESS | bit, CC, home[0], HOME_SIZE);
        bench_ccw(&bench, DASD_CODE_READ_R0 | bit, CC, r0, R0_SIZE);
        bench_ccw(&bench, DASD_CODE_READ_R0 | bit, 0, r0, R0_SIZE);
        bench_run_good(&bench);
        g_assert_cmpuint(home[0][4], ==, 7);
        g_assert_cmpuint(r0[3], ==, multi ? 8 : 7);
    }
    bench_close(&bench);
}

static void search_home(void)
{
    static const guint8 track_7[4] = { [3] = 7 }, track_8[4] = { [3] = 8 };
    guint8 r0[R0_SIZE];

    open_tracks();
    for (guint multi = 0; multi < 2; multi++) {
        begin();
        bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_7, 6);
        bench_ccw(&bench, multi ? DASD_CODE_SEARCH_HOME_ADDRESS_MT : DASD_CODE_SEARCH_HOME_ADDRESS, CC,
                  multi ? track_8 : track_7, 4);
        bench_ccw(&bench, DASD_CODE_NO_OPERATION, 0, NULL, 0); /* skipped if the home address is equal */
        bench_ccw(&bench, DASD_CODE_READ_R0_MT, 0, r0, R0_SIZE);
        bench_run_good(&bench);
        g_assert_cmpuint(bench.cpa, ==, 5 * CCW_SIZE);
        g_assert_cmpuint(r0[3], ==, multi ? 8 : 7);
    }
    bench_close(&bench);
}

/*
 * A search of the home address repeats until it has passed the home address twice. Records that other searches pass do
 * not count for it.
 */
static void search_home_again(void)
{
    static const guint8 track_7[4] = { [3] = 7 }, track_8[4] = { [3] = 8 }, record_1[5] = { [3] = 7, [4] = 1 };
    static const guint8 record_5[5] = { [3] = 7, [4] = 5 };

    open_tracks();
    begin();
    bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_7, 6);
    for (guint i = 0; i < 2; i++) {
        bench_ccw(&bench, DASD_CODE_SEARCH_ID_EQUAL, CC, record_1, 5);
        bench_tic(&bench, bench.n - 1);
    }
    bench_ccw(&bench, DASD_CODE_SEARCH_HOME_ADDRESS, CC, track_7, 4);
    bench_ccw(&bench, DASD_CODE_NO_OPERATION, 0, NULL, 0);
    bench_ccw(&bench, DASD_CODE_NO_OPERATION, 0, NULL, 0);
    bench_run_good(&bench);
    /* A home address that was found does not count as a passed index for the following searches. */
    begin();
    bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_7, 6);
    for (guint i = 0; i < 3; i++) {
        bench_ccw(&bench, DASD_CODE_SEARCH_ID_EQUAL, CC, record_5, 5);
        bench_tic(&bench, bench.n - 1);
        if (i == 0) {
            bench_ccw(&bench, DASD_CODE_SEARCH_HOME_ADDRESS, CC, track_7, 4);
            bench_ccw(&bench, DASD_CODE_NO_OPERATION, 0, NULL, 0);
        }
    }
    bench_ccw(&bench, DASD_CODE_NO_OPERATION, 0, NULL, 0);
    bench_run_good(&bench);
    begin();
    bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_7, 6);
    bench_ccw(&bench, DASD_CODE_SEARCH_HOME_ADDRESS, CC, track_8, 4);
    bench_tic(&bench, bench.n - 1);
    bench_run_check(&bench, bench.n - 2, 0, 0x08, 0);
    bench_close(&bench);
}

/*
 * SET SECTOR, DEFINE EXTENT and READ DEVICE CHARACTERISTICS reset the orientation: the next command begins at the
 * index. Without them, it continues after the record that was read.
 */
static void lost_orientation(void)
{
    static const guint8 commands[] = { DASD_CODE_READ_SECTOR, DASD_CODE_SET_SECTOR, DASD_CODE_DEFINE_EXTENT,
                                       DASD_CODE_READ_DEVICE_CHARACTERISTICS };
    static const guint8 id[5] = { [3] = 7, [4] = 2 };

    open_tracks();
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        static guint8 data[SIZE];

        memset(data, 0, sizeof(data));
        if (commands[i] == DASD_CODE_DEFINE_EXTENT)
            memcpy(data, bench_extent(0x40, 0, 29), 16);
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_7, 6);
        bench_ccw(&bench, DASD_CODE_SEARCH_ID_EQUAL, CC, id, sizeof(id));
        bench_tic(&bench, 1);
        bench_ccw(&bench, commands[i], CC | SLI, data, commands[i] == DASD_CODE_DEFINE_EXTENT ? 16 : 64);
        bench_ccw(&bench, DASD_CODE_READ_COUNT, 0, back[0], COUNT_SIZE);
        bench_run_good(&bench);
        assert_count(0, 7, commands[i] == DASD_CODE_READ_SECTOR ? 3 : 1);
    }
    bench_close(&bench);
}

/*
 * The second index that a chain passes ends it with no record found. READ SECTOR and searches keep the count. Reads of
 * a home address or of data, and control commands, begin a new one.
 */
static void index_passes(void)
{
    static const struct {
        guint8 cmd;
        gboolean keeps;
    } between[] = {
        { DASD_CODE_READ_SECTOR, TRUE }, { DASD_CODE_SEARCH_KEY_EQUAL, TRUE }, { DASD_CODE_READ_HOME_ADDRESS, FALSE },
        { DASD_CODE_READ_DATA, FALSE },  { DASD_CODE_NO_OPERATION, FALSE },
    };
    static const guint8 last[5] = { [3] = 7, [4] = 5 };

    open_tracks();
    for (gsize i = 0; i < G_N_ELEMENTS(between); i++) {
        guint8 data[SIZE] = { 0 };

        begin();
        bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_7, 6);
        for (guint pass = 0; pass < 2; pass++) {
            bench_ccw(&bench, DASD_CODE_SEARCH_ID_EQUAL, CC, last, sizeof(last));
            bench_tic(&bench, bench.n - 1);
        }
        bench_ccw(&bench, between[i].cmd, CC | SLI, data, 1);
        bench_ccw(&bench, DASD_CODE_SEARCH_ID_EQUAL, CC, last, sizeof(last));
        bench_tic(&bench, bench.n - 1);
        bench_ccw(&bench, DASD_CODE_READ_DATA, SLI, data, 1);
        if (between[i].keeps)
            bench_run_check(&bench, bench.n - 3, 0, 0x08, 0);
        else
            bench_run_good(&bench);
    }
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dasd/orientation/past-empty-tracks", past_empty_tracks);
    g_test_add_func("/dasd/orientation/in-a-domain", in_a_domain);
    g_test_add_func("/dasd/orientation/read-track", read_track);
    g_test_add_func("/dasd/orientation/home-and-r0", home_and_r0);
    g_test_add_func("/dasd/orientation/search-home", search_home);
    g_test_add_func("/dasd/orientation/search-home-again", search_home_again);
    g_test_add_func("/dasd/orientation/lost", lost_orientation);
    g_test_add_func("/dasd/orientation/index-passes", index_passes);
    return g_test_run();
}
