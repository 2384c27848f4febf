/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of writes: the data that a record takes, the effect of a short count and of a program check in the middle,
 * and the repair of a damaged track. docs/dasd.md lists the rules and their sources.
 */
#include <string.h>

#include "dasd-bench.h"
#include "util/endian.h"

#define TRACK 7
#define SIZE 100
#define KEY 4
#define PAGE 4096
#define GOOD_BYTES 16 /* bytes before the invalid address */
#define REJECT 0x80
#define PARAMETER 0x04 /* a message of a command reject */
#define UNIT_EXCEPTION CHANNEL_DSTAT_UNIT_EXCEPTION

static Bench bench;
static guint8 seek_track[6] = { [5] = TRACK };
static guint8 id[5] = { [3] = TRACK, [4] = 1 };

static void begin_domain(guint8 mask, guint8 operation, guint8 count, guint8 record)
{
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(mask, 0, 29), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(operation, count, TRACK, record), 16);
}

static void read_track(guint8 track[2 * PAGE])
{
    memset(track, 0, 2 * PAGE);
    begin_domain(0x40, 0x4c, 1, 0);
    bench_ccw(&bench, DASD_CODE_READ_TRACK, SLI, track, 2 * PAGE);
}

/* A locate record for a format of a damaged track writes nothing. Later programs still see the damage. */
static void repair(void)
{
    static guint8 track[2 * PAGE];
    static const guint8 ones[8] = { 255, 255, 255, 255, 255, 255, 255, 255 };

    bench_open(&bench, 2, NULL);
    bench_format(&bench, TRACK, 3, 0, SIZE);
    bench_close_device(&bench);
    bench_damage(&bench, TRACK);
    bench_reopen(&bench, FALSE);
    for (guint i = 0; i < 4; i++) {
        if (i == 3) {
            bench_close_device(&bench);
            bench_reopen(&bench, TRUE);
        }
        begin_domain(i == 0 ? 0x40 : 0xc0, i == 1 ? 0x43 : 0x03, 1, 0);
        if (i >= 2)
            bench_ccw(&bench, DASD_CODE_WRITE_CKD, SLI, ones, 8);
        else
            bench.program.ccw[1][CCW_OFS_FLAGS] = 0;
        if (i < 2)
            bench_run_check(&bench, 1, REJECT | 0x01, 0, 0);
        else
            bench_run_check(&bench, 2, REJECT, i == 3 ? 0x02 : 0, i == 3 ? 0 : PARAMETER);
        read_track(track);
        bench_run_check(&bench, 1, 0, 0x40, 0);
    }
    bench_close_device(&bench);
    bench_reopen(&bench, FALSE);
    bench_format(&bench, TRACK, 1, 0, SIZE);
    read_track(track);
    bench_run_good(&bench);
    g_assert_cmpuint(bench.residual, ==, 2 * PAGE - 16 - 8 - SIZE - 8);
    bench_close(&bench);
}

/* R0 is standard: the address of its track, record 0, no key, eight bytes of data. */
static void write_r0(void)
{
    static const struct {
        guint at;
        guint8 value;
        guint8 message;
    } rows[] = {
        { 0, 0, 0 },         { 1, 1, PARAMETER }, { 3, TRACK + 1, PARAMETER }, { 4, 1, PARAMETER },
        { 5, 1, PARAMETER }, { 6, 1, PARAMETER }, { 7, 0, PARAMETER },         { 7, 7, PARAMETER },
    };
    static guint8 track[2][2 * PAGE];

    bench_open(&bench, 2, NULL);
    bench_format(&bench, TRACK, 3, 0, SIZE);
    read_track(track[0]);
    bench_run_good(&bench);
    for (gsize i = G_N_ELEMENTS(rows); i-- > 0;) {
        guint8 r0[16] = { [3] = TRACK, [7] = 8, [15] = 0x5a };

        r0[rows[i].at] = rows[i].value;
        begin_domain(0xc0, 0x43, 1, 0);
        bench_ccw(&bench, DASD_CODE_WRITE_R0, SLI, r0, 16);
        if (rows[i].message)
            bench_run_check(&bench, 2, REJECT, 0, rows[i].message);
        else
            bench_run_good(&bench);
        read_track(track[1]);
        bench_run_good(&bench);
        g_assert_cmpint(memcmp(track[0], track[1], sizeof(track[0])) == 0, ==, rows[i].message != 0);
        g_assert_cmphex(track[1][15], ==, rows[i].message ? 0 : 0x5a);
    }
    bench_close(&bench);
}

/* Writes with this factor to the record that has no data, in an extent with or without CKD conversion. */
static void write_empty(guint8 cmd, guint16 factor, gboolean converts)
{
    static guint8 data[SIZE], extent[16], locate[16];

    memcpy(extent, bench_extent(0x80, 0, 29), sizeof(extent));
    memcpy(locate, bench_locate(0x01, 1, TRACK, 1), sizeof(locate));
    extent[1] |= converts ? 0x20 : 0;
    locate[1] = 0x80;
    ccw_store_be16(locate + 14, factor);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, extent, 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, locate, 16);
    bench_ccw(&bench, cmd, SLI, data, SIZE);
}

/* The length of a record without data differs from the factor. Only CKD conversion makes this an end of file. */
static void record_without_data(void)
{
    static const guint8 commands[] = { DASD_CODE_WRITE_DATA, DASD_CODE_WRITE_UPDATE_DATA, DASD_CODE_WRITE_KEY_AND_DATA,
                                       DASD_CODE_WRITE_UPDATE_KEY_AND_DATA };

    bench_open(&bench, 2, NULL);
    bench_format(&bench, TRACK, 1, KEY, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        write_empty(commands[i], SIZE, FALSE);
        bench_run_check(&bench, 2, 0, 0x40, 0);
        write_empty(commands[i], SIZE, TRUE);
        bench_run(&bench);
        g_assert_cmphex(bench.dstat, ==, STATUS_END | UNIT_EXCEPTION);
        g_assert_cmpuint(bench.residual, ==, SIZE);
    }
    /* The factor is the length of the key alone. */
    write_empty(DASD_CODE_WRITE_UPDATE_KEY_AND_DATA, KEY, FALSE);
    bench_run(&bench);
    g_assert_cmphex(bench.dstat, ==, STATUS_END | UNIT_EXCEPTION);
    g_assert_cmpuint(bench.residual, ==, SIZE - KEY);
    bench_close(&bench);
}

static void write_behind_search(guint8 cmd, const void *data, guint16 count)
{
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_SET_FILE_MASK, CC, "\xc0", 1);
    bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_track, 6);
    bench_ccw(&bench, DASD_CODE_SEARCH_ID_EQUAL, CC, id, sizeof(id));
    bench_tic(&bench, 2);
    bench_ccw(&bench, cmd, SLI, data, count);
    bench_run_good(&bench);
    g_assert_cmpuint(bench.residual, ==, 0);
}

/* A 3990 pads each write with zeros from the first missing byte on. An erase needs no complete count either. */
static void short_counts(void)
{
    static guint8 track[2 * PAGE], data[SIZE];
    static const guint8 nothing[SIZE];

    bench_open(&bench, 2, NULL);
    bench_format(&bench, TRACK, 3, 0, SIZE);
    write_behind_search(DASD_CODE_WRITE_DATA, memset(data, 0x77, SIZE), SIZE);
    write_behind_search(DASD_CODE_WRITE_DATA, data, 0);
    read_track(track);
    bench_run_good(&bench);
    g_assert_cmpmem(track + 24, SIZE, nothing, SIZE);
    write_behind_search(DASD_CODE_WRITE_CKD, data, 0);
    read_track(track);
    bench_run_good(&bench);
    g_assert_cmpmem(track + 24 + SIZE, 8, nothing, 8);
    g_assert_cmphex(ccw_load_be64(track + 24 + SIZE + 8), ==, G_MAXUINT64);
    for (guint16 count = 0; count <= 4; count += 4) {
        bench_format(&bench, TRACK, 3, 0, SIZE);
        write_behind_search(DASD_CODE_ERASE, data, count);
        read_track(track);
        bench_run_good(&bench);
        g_assert_cmphex(ccw_load_be64(track + 24 + SIZE), ==, G_MAXUINT64);
        begin_domain(0xc0, 0x0b, 1, 0);
        bench_ccw(&bench, DASD_CODE_ERASE, SLI, data, count);
        bench_run_good(&bench);
        read_track(track);
        bench_run_good(&bench);
        g_assert_cmphex(ccw_load_be64(track + 16), ==, G_MAXUINT64);
    }
    bench_close(&bench);
}

/* The factor of a finished domain does not apply to later writes. */
static void after_a_domain(void)
{
    guint8 data[SIZE] = { 0 };

    bench_open(&bench, 2, NULL);
    bench_format(&bench, TRACK, 3, 0, SIZE);
    begin_domain(0xc0, 0x06, 1, 1);
    bench_ccw(&bench, DASD_CODE_READ_DATA_MT, CC, data, SIZE);
    bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_track, 6);
    bench_ccw(&bench, DASD_CODE_SEARCH_ID_EQUAL, CC, id, sizeof(id));
    bench_tic(&bench, 4);
    bench_ccw(&bench, DASD_CODE_WRITE_DATA, 0, data, SIZE);
    bench_run_good(&bench);
    bench_close(&bench);
}

/*
 * Adds a CCW with a list of addresses: the first GOOD_BYTES bytes are at the end of a page, and the next address is 0.
 */
static void add_invalid(guint8 cmd, const void *bytes, guint16 count)
{
    static guint64 list[2];
    static guint8 *pages;

    if (!pages)
        pages = g_malloc(3 * PAGE);
    list[0] = ((guint64)(gsize)pages + 2 * PAGE - 1) / PAGE * PAGE - GOOD_BYTES;
    memcpy((guint8 *)(gsize)list[0], bytes, GOOD_BYTES);
    bench_ccw(&bench, cmd, SLI | CCW_FLAG_IDA, list, count);
}

static void run_program_check(void)
{
    bench_run(&bench);
    g_assert_cmphex(bench.cstat, ==, CHANNEL_CSTAT_PROGRAM_CHECK);
    g_assert_cmphex(bench.dstat, ==, STATUS_END);
    g_assert_null(bench.sense);
}

/* Returns a prefix for the operation 3f/11 or 3f/23. */
static const guint8 *prefix_of(guint8 extended)
{
    static guint8 pfx[66];

    memset(pfx, 0, sizeof(pfx));
    pfx[0] = 1;
    pfx[1] = 0x80;
    memcpy(pfx + 12, bench_extent(0xc0, 0, 29), 16);
    memcpy(pfx + 44, bench_locate(0x3f, 1, TRACK, 1), 16);
    pfx[44 + 17] = extended;
    if (extended == 0x11) {
        pfx[44 + 19] = 2;
        pfx[64] = 0x80;
    } else {
        pfx[45] = 0x80;
        ccw_store_be16(pfx + 58, SIZE);
    }
    return pfx;
}

/* A program check in the middle of the data leaves the record and the track unchanged. */
static void program_check(void)
{
    static const guint8 record[GOOD_BYTES] = { [3] = TRACK, [4] = 2, [7] = SIZE };
    static const guint8 r0[GOOD_BYTES] = { [3] = TRACK, [7] = 8, [15] = 1 };
    static const guint8 some[GOOD_BYTES] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    static const guint8 long_count[GOOD_BYTES] = { [3] = TRACK, [4] = 2, [6] = 1 };
    static const struct {
        guint8 operation, record;
        guint8 cmd;
        const guint8 *bytes;
        guint16 count;
    } rows[] = {
        { 0x01, 1, DASD_CODE_WRITE_UPDATE_DATA, some, SIZE },
        { 0x01, 1, DASD_CODE_WRITE_DATA, some, SIZE },
        { 0x01, 1, DASD_CODE_WRITE_UPDATE_KEY_AND_DATA, some, SIZE },
        { 0x03, 1, DASD_CODE_WRITE_CKD, record, 8 + SIZE },
        { 0x03, 1, DASD_CODE_WRITE_CKD, long_count, 8 + 256 },
        { 0x0b, 1, DASD_CODE_ERASE, record, 8 + SIZE },
        { 0x3f, 0x11, DASD_CODE_WRITE_FULL_TRACK, r0, 24 },
        { 0x3f, 0x23, DASD_CODE_WRITE_TRACK_DATA, some, SIZE },
    };
    static guint8 track[2][2 * PAGE];

    bench_open(&bench, 2, NULL);
    bench_format(&bench, TRACK, 3, 0, SIZE);
    read_track(track[0]);
    bench_run_good(&bench);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("operation %02x, command %02x", rows[i].operation, rows[i].cmd);
        if (rows[i].operation == 0x3f) {
            bench_begin(&bench);
            bench_ccw(&bench, DASD_CODE_PREFIX, CC, prefix_of(rows[i].record), 66);
        } else {
            begin_domain(0xc0, rows[i].operation, 1, rows[i].record);
        }
        add_invalid(rows[i].cmd, rows[i].bytes, rows[i].count);
        run_program_check();
        g_assert_cmpuint(bench.residual, ==, rows[i].count - GOOD_BYTES);
        read_track(track[1]);
        bench_run_good(&bench);
        g_assert_cmpmem(track[0], sizeof(track[0]), track[1], sizeof(track[1]));
    }
    /* The record was complete before the invalid address, so it is written. */
    begin_domain(0xc0, 0x43, 1, 0);
    add_invalid(DASD_CODE_WRITE_R0, r0, 40);
    bench_run_good(&bench);
    g_assert_cmpuint(bench.residual, ==, 40 - GOOD_BYTES);
    bench_close(&bench);
}

/* With a program check, the device does not also report parameters that it has not received. */
static void parameters_cut_short(void)
{
    guint8 extent[16], lre[22] = { 0 };

    bench_open(&bench, 2, NULL);
    bench_begin(&bench);
    add_invalid(DASD_CODE_PREFIX, prefix_of(0x23), 64);
    run_program_check();
    memcpy(extent, bench_extent(0x20, 0, 29), sizeof(extent)); /* these parameters are invalid, too */
    bench_begin(&bench);
    add_invalid(DASD_CODE_DEFINE_EXTENT, extent, 32);
    run_program_check();
    memcpy(lre, bench_locate(0x3f, 1, TRACK, 1), 16);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0xc0, 0, 29), 16);
    add_invalid(DASD_CODE_LOCATE_RECORD_EXTENDED, lre, 22);
    run_program_check();
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_SENSE, SLI, extent, 16);
    bench_run_good(&bench);
    g_assert_cmphex(extent[0] | extent[1], ==, 0);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dasd/writes/repair", repair);
    g_test_add_func("/dasd/writes/write-r0", write_r0);
    g_test_add_func("/dasd/writes/record-without-data", record_without_data);
    g_test_add_func("/dasd/writes/short-counts", short_counts);
    g_test_add_func("/dasd/writes/after-a-domain", after_a_domain);
    g_test_add_func("/dasd/writes/program-check", program_check);
    g_test_add_func("/dasd/writes/parameters-cut-short", parameters_cut_short);
    return g_test_run();
}
