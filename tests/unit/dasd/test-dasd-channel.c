/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The channel's part of a device: chaining, counts, addresses, invalid and endless programs. */
#include <errno.h>
#include <string.h>

#include "dasd-bench.h"
#include "util/endian.h"

static Bench bench;

static void status(void)
{
    guint8 id[20];

    bench_open(&bench, 1, NULL);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_NO_OPERATION, CC, NULL, 0);
    bench_ccw(&bench, DASD_CODE_SENSE_ID, 0, id, 20);
    bench_run_good(&bench);
    g_assert_cmpuint(bench.cpa, ==, 16);
    g_assert_cmphex(bench.scsw_flags, ==, 0x00c0);
    g_assert_cmphex(bench.request.irb[CHANNEL_IRB_OFS_ESW + 1], ==, 0x80);
    /* A unit check has sense in the ECW, its length in the ERW, and the flags L and E. */
    bench_begin(&bench);
    bench_ccw(&bench, 0xff, 0, id, 20);
    bench_run_check(&bench, 0, 0x80, 0, 0x01);
    g_assert_cmphex(bench.scsw_flags, ==, 0x00c0 | 0x0402);
    g_assert_cmphex(ccw_load_be32(bench.request.irb + CHANNEL_IRB_OFS_ESW + 4), ==, 0x01200000);
    bench_close(&bench);
}

static void lengths(void)
{
    static const struct {
        guint16 count;
        guint8 flags;
        guint8 cstat;
        guint16 residual;
    } rows[] = {
        { 64, 0, 0, 0 },   { 65, 0, 0x40, 1 }, { 63, 0, 0x40, 0 }, { 65, SLI, 0, 1 },
        { 63, SLI, 0, 0 }, { 0, SLI, 0, 0 },   { 0, 0, 0x40, 0 },  { 64, CCW_FLAG_SKIP, 0, 0 },
    };
    guint8 data[66];

    bench_open(&bench, 1, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        memset(data, 0xaa, sizeof(data));
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_READ_DEVICE_CHARACTERISTICS, rows[i].flags | CC, data, rows[i].count);
        bench_ccw(&bench, DASD_CODE_NO_OPERATION, 0, NULL, 0);
        bench_run(&bench);
        g_assert_cmphex(bench.dstat, ==, STATUS_END);
        g_assert_cmphex(bench.cstat, ==, rows[i].cstat);
        g_assert_cmpuint(bench.cpa, ==, rows[i].cstat ? 8 : 16);
        if (rows[i].cstat)
            g_assert_cmpuint(bench.residual, ==, rows[i].residual);
        g_assert_cmphex(data[MIN(rows[i].count, 64)], ==, 0xaa);
        if (rows[i].flags & CCW_FLAG_SKIP)
            g_assert_cmphex(data[0], ==, 0xaa);
    }
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, 0, bench_extent(0, 0, 0), 15);
    bench_run_check(&bench, 0, 0x80, 0, 0x03);
    bench_close(&bench);
}

static void data_chaining(void)
{
    guint8 whole[64], parts[64] = { 0 };

    bench_open(&bench, 1, NULL);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_READ_DEVICE_CHARACTERISTICS, 0, whole, 64);
    bench_run_good(&bench);
    /* In three parts, the second of which is skipped, with a transfer in channel in between. */
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_READ_DEVICE_CHARACTERISTICS, CD, parts, 10);
    bench_tic(&bench, 3);
    bench_ccw(&bench, 0xff, 0, parts, 1);
    bench_ccw(&bench, 0x00, CD | CCW_FLAG_SKIP, NULL, 4);
    bench_ccw(&bench, 0x00, CC, parts + 14, 50);
    bench_ccw(&bench, DASD_CODE_NO_OPERATION, 0, NULL, 0);
    bench_run_good(&bench);
    g_assert_cmpuint(bench.cpa, ==, 48);
    g_assert_cmpmem(parts, 10, whole, 10);
    g_assert_cmpuint(parts[10] | parts[13], ==, 0);
    g_assert_cmpmem(parts + 14, 50, whole + 14, 50);
    /* The first CCW takes all the data: the second one has a residual count, and its length is incorrect. */
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_READ_DEVICE_CHARACTERISTICS, CD, parts, 64);
    bench_ccw(&bench, 0x00, CC, parts, 5);
    bench_ccw(&bench, DASD_CODE_NO_OPERATION, 0, NULL, 0);
    bench_run(&bench);
    g_assert_cmphex(bench.cstat, ==, CHANNEL_CSTAT_INCORRECT_LENGTH);
    g_assert_cmpuint(bench.residual, ==, 5);
    g_assert_cmpuint(bench.cpa, ==, 16);
    /* A count of 0 in a data chain. */
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_READ_DEVICE_CHARACTERISTICS, CD, parts, 10);
    bench_ccw(&bench, 0x00, 0, parts, 0);
    bench_run(&bench);
    g_assert_cmphex(bench.cstat, ==, CHANNEL_CSTAT_PROGRAM_CHECK);
    bench_close(&bench);
}

/*
 * A command's parameters may be divided by data chaining. If all parts together are too short, that is an error as in
 * one CCW.
 */
static void short_chains(void)
{
    static const guint8 commands[] = {
        DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD, DASD_CODE_LOCATE_RECORD_EXTENDED,
        DASD_CODE_PREFIX,        DASD_CODE_SEEK,          DASD_CODE_SET_PATH_GROUP_ID
    };
    guint8 data[64] = { 0 };

    bench_open(&bench, 1, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        for (guint tic = 0; tic < 2; tic++) {
            bench_begin(&bench);
            if (commands[i] == DASD_CODE_LOCATE_RECORD || commands[i] == DASD_CODE_LOCATE_RECORD_EXTENDED)
                bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, 0, 14), 16);
            bench_ccw(&bench, commands[i], CD, data, 3);
            if (tic)
                bench_tic(&bench, bench.n + 1);
            bench_ccw(&bench, 0x00, SLI, data, 2);
            bench_run_check(&bench,
                            commands[i] == DASD_CODE_LOCATE_RECORD || commands[i] == DASD_CODE_LOCATE_RECORD_EXTENDED,
                            0x80, 0, 0x03);
        }
    }
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CD, bench_extent(0x40, 0, 14), 8);
    bench_ccw(&bench, 0x00, 0, bench_extent(0x40, 0, 14) + 8, 8);
    bench_run_good(&bench);
    bench_close(&bench);
}

/* Lists of IDAWs in blocks of 4 KiB and of 2 KiB; the first address of any alignment. */
static void idaws(void)
{
    static const guint32 blocks[] = { 4096, 2048 };
    g_autofree guint8 *memory = g_malloc(8 * 4096);
    guint8 *page = (guint8 *)(((gsize)memory + 4095) & ~(gsize)4095);
    guint8 data[4096], back[4096];

    bench_open(&bench, 1, NULL);
    bench_format(&bench, 3, 2, 0, 4096);
    for (gsize i = 0; i < sizeof(data); i++)
        data[i] = (guint8)(i * 3 + i / 256);
    for (gsize i = 0; i < G_N_ELEMENTS(blocks); i++) {
        guint64 list[3];

        memset(memory, 0, 8 * 4096);
        list[0] = (gsize)(page + 4 * 4096 + blocks[i] - 100);
        list[1] = (gsize)(page + 2 * 4096);
        list[2] = (gsize)(page + blocks[i]);
        memcpy(GSIZE_TO_POINTER(list[0]), data, 100);
        memcpy(GSIZE_TO_POINTER(list[1]), data + 100, MIN(blocks[i], 3996));
        if (blocks[i] < 3996)
            memcpy(GSIZE_TO_POINTER(list[2]), data + 100 + blocks[i], 3996 - blocks[i]);
        bench_begin(&bench);
        if (blocks[i] == 2048)
            ccw_store_be32(bench.request.orb + CHANNEL_ORB_OFS_FLAGS,
                           CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_C64 | CHANNEL_ORB_T2K | 0x80 << CHANNEL_ORB_LPM_SHIFT);
        bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x80, 3, 3), 16);
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x01, 1, 3, 2), 16);
        bench_ccw(&bench, DASD_CODE_WRITE_UPDATE_DATA, CCW_FLAG_IDA, list, 4096);
        bench_run_good(&bench);
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, 3, 3), 16);
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 1, 3, 2), 16);
        bench_ccw(&bench, DASD_CODE_READ_DATA_MT, 0, back, 4096);
        bench_run_good(&bench);
        g_assert_cmpmem(back, 4096, data, 4096);
        /* An entry that is not the start of a block. */
        list[1]++;
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, 3, 3), 16);
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 1, 3, 2), 16);
        bench_ccw(&bench, DASD_CODE_READ_DATA_MT, CCW_FLAG_IDA, list, 4096);
        bench_run(&bench);
        g_assert_cmphex(bench.cstat, ==, CHANNEL_CSTAT_PROGRAM_CHECK);
    }
    bench_close(&bench);
}

/* Searches until equal, then reads. A search for a record that does not exist ends. */
static void searching(void)
{
    guint8 id[5] = { 0, 0, 0, 0, 3 }, seek[6] = { 0 }, data[80], written[80];

    bench_open(&bench, 1, "SRCH01");
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_SEEK, CC, seek, 6);
    bench_ccw(&bench, DASD_CODE_SEARCH_ID_EQUAL, CC, id, 5);
    bench_tic(&bench, 1);
    bench_ccw(&bench, DASD_CODE_READ_DATA, 0, data, 80);
    bench_run_good(&bench);
    g_assert_cmphex(ccw_load_be32(data), ==, 0xe5d6d3f1);
    memset(written, 0x5a, sizeof(written));
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_SEEK, CC, seek, 6);
    bench_ccw(&bench, DASD_CODE_SEARCH_ID_EQUAL, CC, id, 5);
    bench_tic(&bench, 1);
    bench_ccw(&bench, DASD_CODE_WRITE_DATA, CC, written, 80);
    bench_ccw(&bench, DASD_CODE_SEARCH_ID_EQUAL, CC, id, 5);
    bench_tic(&bench, 4);
    bench_ccw(&bench, DASD_CODE_READ_DATA, 0, data, 80);
    bench_run_good(&bench);
    g_assert_cmpmem(data, 80, written, 80);
    id[4] = 9;
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_SEEK, CC, seek, 6);
    bench_ccw(&bench, DASD_CODE_SEARCH_ID_EQUAL, CC, id, 5);
    bench_tic(&bench, 1);
    bench_ccw(&bench, DASD_CODE_READ_DATA, 0, data, 80);
    bench_run_check(&bench, 1, 0, 0x08, 0);
    bench_close(&bench);
}

static void end_of_cylinder(void)
{
    guint8 count[8], seek[6] = { 0, 0, 0, 0, 0, 14 };

    bench_open(&bench, 2, NULL);
    bench_format(&bench, 14, 1, 0, 512);
    bench_format(&bench, 15, 1, 0, 512);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_SEEK, CC, seek, 6);
    bench_ccw(&bench, DASD_CODE_READ_COUNT_MT, CC, count, 8);
    bench_ccw(&bench, DASD_CODE_READ_COUNT_MT, 0, count, 8);
    bench_run_check(&bench, 2, 0, 0x20, 0);
    seek[5] = 15;
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_SEEK, 0, seek, 6);
    bench_run_check(&bench, 0, 0x80, 0, 0x04);
    bench_close(&bench);
}

static void read_ipl(void)
{
    guint8 psw[24];

    bench_open(&bench, 1, "IPL001");
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_READ_IPL, SLI, psw, 24);
    bench_run_good(&bench);
    g_assert_cmphex(ccw_load_be64(psw), ==, 0x000600000000000fu);
    bench_close(&bench);
}

static void program_checks(void)
{
    static const struct {
        guint8 cmd;
        guint8 flags;
        guint16 count;
    } rows[] = { { 0x00, 0, 1 },
                 { 0x10, 0, 1 },
                 { 0x18, 0, 1 },
                 { DASD_CODE_READ_DEVICE_CHARACTERISTICS, CCW_FLAG_MIDA, 64 },
                 { DASD_CODE_READ_DEVICE_CHARACTERISTICS, CCW_FLAG_SUSPEND, 64 },
                 { DASD_CODE_READ_DEVICE_CHARACTERISTICS, CD, 0 } };
    guint8 data[64];

    bench_open(&bench, 1, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_NO_OPERATION, CC, NULL, 0);
        bench_ccw(&bench, rows[i].cmd, rows[i].flags, data, rows[i].count);
        bench_run(&bench);
        g_assert_cmphex(bench.cstat, ==, CHANNEL_CSTAT_PROGRAM_CHECK);
        g_assert_cmphex(bench.dstat, ==, 0);
        g_assert_cmpuint(bench.cpa, ==, 16);
    }
    /* An address beyond the program, a TIC as the first CCW, a TIC to a TIC, no address. */
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_NO_OPERATION, CC, NULL, 0);
    bench_run(&bench);
    g_assert_cmphex(bench.cstat, ==, CHANNEL_CSTAT_PROGRAM_CHECK);
    g_assert_cmpuint(bench.cpa, ==, 16);
    bench_begin(&bench);
    bench_tic(&bench, 1);
    bench_ccw(&bench, DASD_CODE_NO_OPERATION, 0, NULL, 0);
    bench_run(&bench);
    g_assert_cmphex(bench.cstat, ==, CHANNEL_CSTAT_PROGRAM_CHECK);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_NO_OPERATION, CC, NULL, 0);
    bench_tic(&bench, 2);
    bench_tic(&bench, 0);
    bench_run(&bench);
    g_assert_cmphex(bench.cstat, ==, CHANNEL_CSTAT_PROGRAM_CHECK);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_READ_DEVICE_CHARACTERISTICS, 0, NULL, 64);
    bench_run(&bench);
    g_assert_cmphex(bench.cstat, ==, CHANNEL_CSTAT_PROGRAM_CHECK);
    g_assert_cmpuint(bench.residual, ==, 64);
    /* The device does not check the data address of a command that it rejects anyway: read backward. */
    bench_begin(&bench);
    bench_ccw(&bench, 0x0c, 0, NULL, 64);
    bench_run_check(&bench, 0, 0x80, 0, 0x01);
    bench_close(&bench);
}

static void endless(void)
{
    bench_open(&bench, 1, NULL);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_NO_OPERATION, CC, NULL, 0);
    bench_tic(&bench, 0);
    bench_run(&bench);
    g_assert_cmphex(bench.cstat, ==, CHANNEL_CSTAT_CHANNEL_CONTROL_CHECK);
    bench_close(&bench);
}

static gpointer run_endless(G_GNUC_UNUSED gpointer data)
{
    bench_run(&bench);
    return NULL;
}

/* Cancels from another thread. Without a request, cancelling has no effect. */
static void cancel(void)
{
    guint8 seek[6] = { 0 }, id[5] = { 9 };
    GThread *thread;

    bench_open(&bench, 1, NULL);
    dasd_device_cancel(bench.device);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_NO_OPERATION, CC, NULL, 0);
    bench_ccw(&bench, DASD_CODE_NO_OPERATION, 0, NULL, 0);
    bench_run_good(&bench);
    g_assert_cmpuint(bench.cpa, ==, 16);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_SEEK, CC, seek, 6);
    bench_ccw(&bench, DASD_CODE_SEARCH_ID_EQUAL, CC | SLI, id, 5);
    bench_ccw(&bench, DASD_CODE_NO_OPERATION, CC, NULL, 0);
    bench_tic(&bench, 0);
    thread = g_thread_new("endless", run_endless, NULL);
    dasd_device_cancel(bench.device);
    g_thread_join(thread);
    /* Cancelled, or at its bound before the cancel arrived. */
    g_assert_true(bench.cstat == 0 || bench.cstat == CHANNEL_CSTAT_CHANNEL_CONTROL_CHECK);
    bench_close(&bench);
}

static void malformed(void)
{
    guint8 data[64];

    bench_open(&bench, 1, NULL);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_READ_DEVICE_CHARACTERISTICS, 0, data, 64);
    bench_run_good(&bench);
    bench.request.argsz--;
    g_assert_cmpint(dasd_device_request(bench.device, &bench.request), ==, -EINVAL);
    bench.request.argsz++;
    bench.request.ccw_count = 0;
    g_assert_cmpint(dasd_device_request(bench.device, &bench.request), ==, -EINVAL);
    bench.request.ccw_count = 257;
    g_assert_cmpint(dasd_device_request(bench.device, &bench.request), ==, -EINVAL);
    bench.request.ccw_count = 1;
    ccw_store_be32(bench.request.orb + CHANNEL_ORB_OFS_CPA, 4);
    g_assert_cmpint(dasd_device_request(bench.device, &bench.request), ==, -EINVAL);
    ccw_store_be32(bench.request.orb + CHANNEL_ORB_OFS_CPA, 8);
    g_assert_cmpint(dasd_device_request(bench.device, &bench.request), ==, -EINVAL);
    ccw_store_be32(bench.request.orb + CHANNEL_ORB_OFS_CPA, 0);
    ccw_store_be32(bench.program.ccw[0] + CCW_OFS_CDA, CHANNEL_PROGRAM_CDA_OFS + 8);
    g_assert_cmpint(dasd_device_request(bench.device, &bench.request), ==, -EINVAL);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_NO_OPERATION, CC, NULL, 0);
    bench_tic(&bench, 2);
    bench.request.argsz = sizeof(bench.request);
    bench.request.ccw_count = 2;
    bench.request.program = (guint64)(gsize)&bench.program;
    g_assert_cmpint(dasd_device_request(bench.device, &bench.request), ==, -EINVAL);
    bench.request.program = 0;
    g_assert_cmpint(dasd_device_request(bench.device, &bench.request), ==, -EINVAL);
    bench_close(&bench);
}

/* Commands that an operation of locate record allows, so that not all programs are rejected. */
static const struct {
    guint8 operation;
    guint8 commands[4];
} suiting[] = {
    { 0x01,
      { DASD_CODE_WRITE_UPDATE_DATA, DASD_CODE_WRITE_UPDATE_KEY_AND_DATA, DASD_CODE_WRITE_DATA,
        DASD_CODE_WRITE_UPDATE_DATA } },
    { 0x03, { DASD_CODE_WRITE_CKD, DASD_CODE_WRITE_CKD, DASD_CODE_WRITE_CKD, DASD_CODE_WRITE_CKD_NEXT_TRACK } },
    { 0x06, { DASD_CODE_READ_DATA, DASD_CODE_READ_DATA_MT, DASD_CODE_READ_KEY_AND_DATA_MT, DASD_CODE_READ_COUNT_MT } },
    { 0x0b, { DASD_CODE_ERASE, DASD_CODE_WRITE_DATA, DASD_CODE_ERASE, DASD_CODE_WRITE_DATA } },
    { 0x0c, { DASD_CODE_READ_TRACK_DATA, DASD_CODE_READ_TRACK, DASD_CODE_READ_TRACK_DATA, DASD_CODE_READ_TRACK } },
    { 0x16, { DASD_CODE_READ_CKD, DASD_CODE_READ_CKD_MT, DASD_CODE_READ_COUNT, DASD_CODE_READ_KEY_AND_DATA } },
    { 0x43, { DASD_CODE_WRITE_R0, DASD_CODE_WRITE_CKD, DASD_CODE_WRITE_R0, DASD_CODE_WRITE_CKD_NEXT_TRACK } },
    { 0xd6, { DASD_CODE_READ_R0, DASD_CODE_READ_HOME_ADDRESS, DASD_CODE_READ_R0_MT, DASD_CODE_READ_HOME_ADDRESS_MT } },
    { 0x81,
      { DASD_CODE_WRITE_UPDATE_DATA, DASD_CODE_WRITE_UPDATE_KEY_AND_DATA, DASD_CODE_WRITE_UPDATE_DATA,
        DASD_CODE_WRITE_UPDATE_KEY_AND_DATA } },
    { 0x3f,
      { DASD_CODE_WRITE_FULL_TRACK, DASD_CODE_WRITE_FULL_TRACK, DASD_CODE_WRITE_FULL_TRACK,
        DASD_CODE_WRITE_FULL_TRACK } },
};

static guint8 buffers[CHANNEL_PROGRAM_MAX][512];

static guint8 choose(GRand *rand, const guint8 *from, gsize n)
{
    return from[g_rand_int_range(rand, 0, (gint32)n)];
}

/* Stores a track as READ TRACK transfers it: R0, a few records, the end. One byte is wrong in some of them. */
static void put_raw_track(GRand *rand, guint8 *at)
{
    static const guint8 r0[16] = { [7] = 8 };
    guint8 *begin = at;

    memcpy(at, r0, sizeof(r0));
    at += sizeof(r0);
    for (guint8 record = 1; record <= (guint8)g_rand_int_range(rand, 0, 4); record++) {
        guint8 length = (guint8)g_rand_int_range(rand, 0, 64);
        const guint8 count[8] = { 0, 0, 0, 0, record, 0, 0, length };

        memcpy(at, count, sizeof(count));
        at += sizeof(count) + length;
    }
    memset(at, 0xff, 8);
    if (g_rand_int_range(rand, 0, 4) == 0)
        begin[g_rand_int_range(rand, 0, 32)] ^= 0x10;
}

/* form: the command of most CCWs of this program, as some commands may not be mixed with others in a domain. */
static void random_ccw(GRand *rand, guint i, gsize row, guint8 form, gboolean last)
{
    static const guint8 any[] = { DASD_CODE_DEFINE_EXTENT,
                                  DASD_CODE_LOCATE_RECORD,
                                  DASD_CODE_LOCATE_RECORD_EXTENDED,
                                  DASD_CODE_PREFIX,
                                  DASD_CODE_SEARCH_ID_EQUAL,
                                  DASD_CODE_SEARCH_ID_EQUAL_MT,
                                  DASD_CODE_SEARCH_KEY_EQUAL,
                                  DASD_CODE_SEEK,
                                  DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION,
                                  DASD_CODE_READ_SUBSYSTEM_DATA,
                                  DASD_CODE_SENSE,
                                  DASD_CODE_READ_COUNT,
                                  DASD_CODE_SET_FILE_MASK,
                                  DASD_CODE_SEARCH_HOME_ADDRESS,
                                  DASD_CODE_READ_IPL,
                                  DASD_CODE_SET_PATH_GROUP_ID,
                                  DASD_CODE_SENSE_PATH_GROUP_ID,
                                  DASD_CODE_SET_SECTOR,
                                  DASD_CODE_READ_SECTOR,
                                  DASD_CODE_WRITE_TRACK_DATA,
                                  DASD_CODE_READ_R0,
                                  DASD_CODE_READ_DATA,
                                  DASD_CODE_READ_COUNT_MT,
                                  DASD_CODE_WRITE_UPDATE_DATA,
                                  DASD_CODE_WRITE_CKD,
                                  DASD_CODE_READ_COUNT,
                                  DASD_CODE_SENSE_SUBSYSTEM_STATUS,
                                  DASD_CODE_RESET_SUMMARY_UNIT_CHECK,
                                  DASD_CODE_WRITE_FULL_TRACK,
                                  DASD_CODE_READ_TRACK,
                                  DASD_CODE_READ_MULTIPLE_CKD,
                                  DASD_CODE_READ_SPECIAL_HOME_ADDRESS,
                                  DASD_CODE_SUSPEND_MULTIPATH_RECONNECTION,
                                  DASD_CODE_RESET_ALLEGIANCE,
                                  DASD_CODE_READ_AND_RESET_BUFFERED_LOG,
                                  DASD_CODE_DIAGNOSTIC_CONTROL };
    static const guint8 flags[] = { CC, SLI, CC | SLI, CC | SLI, CC | SLI, CC | SLI, CD, CC | CCW_FLAG_SKIP };
    gint32 roll = g_rand_int_range(rand, 0, 8);
    guint8 cmd = roll < 5   ? form
                 : roll < 7 ? choose(rand, suiting[row].commands, 4)
                            : choose(rand, any, G_N_ELEMENTS(any));
    guint16 count = (guint16)(g_rand_boolean(rand) ? g_rand_int_range(rand, 8, 513) : 16);

    for (guint k = 0; k < 24; k++)
        buffers[i][k] = (guint8)(g_rand_int(rand) & (k == 6 ? 0 : 0x03));
    if (cmd == DASD_CODE_WRITE_FULL_TRACK) {
        put_raw_track(rand, buffers[i]);
        count = g_rand_int_range(rand, 0, 8) ? 512 : count;
    }
    bench_ccw(&bench, cmd, last ? SLI : choose(rand, flags, G_N_ELEMENTS(flags)), buffers[i], count);
}

/* Adds define extent and locate record. An extended operation needs a prefix, as in Linux' raw track access. */
static void random_head(GRand *rand, guint8 operation, guint8 n)
{
    static guint8 prefix[66];
    const guint8 *extent = bench_extent(g_rand_int_range(rand, 0, 8) ? 0xc0 : 0x40, 0, 14);
    guint32 track = (guint32)g_rand_int_range(rand, 0, 4);
    guint8 count = g_rand_int_range(rand, 0, 8) ? n : (guint8)g_rand_int_range(rand, 1, 6),
           record = (guint8)g_rand_int_range(rand, 0, 3);

    if (operation != 0x3f) {
        bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, extent, 16);
        bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(operation, count, track, record), 16);
        return;
    }
    memset(prefix, 0, sizeof(prefix));
    prefix[0] = 1;
    prefix[1] = 0x80;
    memcpy(prefix + 12, extent, 16);
    memcpy(prefix + 44, bench_locate(operation, count, track, 1), 16);
    prefix[44 + 13] = 0xff;
    prefix[44 + 17] = 0x11;
    prefix[44 + 19] = 2;
    ccw_store_be16(prefix + 64, (guint16)(0xffff0000u >> count));
    bench_ccw(&bench, DASD_CODE_PREFIX, CC, prefix, sizeof(prefix));
}

/* Runs programs of known commands with random parameters, on tracks that such programs have written. */
static void random_programs(void)
{
    GRand *rand = g_rand_new_with_seed(990);
    guint ended_well = 0, full_tracks = 0;

    bench_open(&bench, 1, "RAND01");
    for (guint round = 0; round < 20000; round++) {
        guint n = (guint)g_rand_int_range(rand, 1, 6);
        gsize row = (gsize)g_rand_int_range(rand, 0, G_N_ELEMENTS(suiting));
        guint8 form = choose(rand, suiting[row].commands, 4);

        bench_begin(&bench);
        random_head(rand, suiting[row].operation, (guint8)n);
        for (guint i = 0; i < n; i++) {
            if (g_rand_int_range(rand, 0, 16) == 0)
                bench_tic(&bench, (guint32)g_rand_int_range(rand, 0, (gint)(bench.n + 1))); /* may be its own target */
            else
                random_ccw(rand, i, row, form, i + 1 == n);
        }
        bench_run(&bench);
        ended_well += bench.dstat == STATUS_END && bench.cstat == 0;
        full_tracks += bench.dstat == STATUS_END && suiting[row].operation == 0x3f;
        g_assert_cmpuint(bench.cpa, <=, (bench.n + 1) * CCW_SIZE);
    }
    /* At least some programs must succeed. */
    g_assert_cmpuint(ended_well, >, 500);
    g_assert_cmpuint(full_tracks, >, 100);
    g_rand_free(rand);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dasd/channel/status", status);
    g_test_add_func("/dasd/channel/lengths", lengths);
    g_test_add_func("/dasd/channel/data-chaining", data_chaining);
    g_test_add_func("/dasd/channel/short-chains", short_chains);
    g_test_add_func("/dasd/channel/idaws", idaws);
    g_test_add_func("/dasd/channel/searching", searching);
    g_test_add_func("/dasd/channel/end-of-cylinder", end_of_cylinder);
    g_test_add_func("/dasd/channel/read-ipl", read_ipl);
    g_test_add_func("/dasd/channel/program-checks", program_checks);
    g_test_add_func("/dasd/channel/endless", endless);
    g_test_add_func("/dasd/channel/cancel", cancel);
    g_test_add_func("/dasd/channel/malformed", malformed);
    g_test_add_func("/dasd/channel/random", random_programs);
    return g_test_run();
}
