/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands that Linux does not send: the conditions of each (position in a chain, mask, extent, domain), its data and
 * its residual count. docs/dasd.md lists the rules and the source of each.
 */
#include <string.h>

#include "dasd-bench.h"
#include "util/endian.h"

#define TRACK 7
#define EMPTY_TRACK 8
#define RECORDS 3
#define KEY 4
#define SIZE 100
#define RECORD_SIZE (8 + KEY + SIZE)
#define REJECT 0x80
#define COMMAND 0x01 /* messages of a command reject */
#define SEQUENCE 0x02
#define COUNT 0x03
#define PARAMETER 0x04
#define AUTHORITY 0x05
#define STATUS 0x0f

static Bench bench;
static guint8 data[1024];
static guint8 seek_track[6] = { [5] = TRACK }, seek_empty[6] = { [5] = EMPTY_TRACK };
static guint8 group[12] = { 0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };

static void open_formatted(void)
{
    bench_open(&bench, 3, NULL);
    bench_format(&bench, TRACK, RECORDS, KEY, SIZE);
}

static void one(guint8 cmd, const void *from, guint16 count)
{
    bench_begin(&bench);
    bench_ccw(&bench, cmd, SLI, from, count);
    bench_run_good(&bench);
}

/* Begins a program with a locate record over the whole volume. */
static void begin_domain(guint8 operation, guint8 count, guint8 record)
{
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0xc0, 0, 29), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(operation, count, TRACK, record), 16);
}

static void begin_seek(const guint8 *seek)
{
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_SEEK, CC, seek, 6);
}

/*
 * Commands that must be first in their chain: which commands may still come before them, and whether they must be last.
 */
static const struct {
    guint8 cmd;
    const guint8 *from;
    guint16 count;
    gboolean after_identity;
    gboolean last;
} firsts[] = {
    { DASD_CODE_UNCONDITIONAL_RESERVE, data, 32, FALSE, FALSE },
    { DASD_CODE_DEVICE_RESERVE, data, 32, FALSE, FALSE },
    { DASD_CODE_SENSE_PATH_GROUP_ID, data, 12, FALSE, TRUE },
    { DASD_CODE_SET_PATH_GROUP_ID, group, 12, FALSE, TRUE },
    { DASD_CODE_RESET_ALLEGIANCE, data, 32, FALSE, FALSE },
    { DASD_CODE_SENSE_SUBSYSTEM_STATUS, data, 44, TRUE, TRUE },
    { DASD_CODE_READ_AND_RESET_BUFFERED_LOG, data, 32, TRUE, FALSE },
};

static void run_behind(guint8 cmd, const void *from, guint16 count, gsize row, gboolean good)
{
    bench_begin(&bench);
    bench_ccw(&bench, cmd, CC | SLI, from, count);
    bench_ccw(&bench, firsts[row].cmd, 0, firsts[row].from, firsts[row].count);
    if (good)
        bench_run_good(&bench);
    else
        bench_run_check(&bench, 1, REJECT, 0, SEQUENCE);
}

static void first_of_chain(void)
{
    static guint8 before[256];

    open_formatted();
    for (gsize i = 0; i < G_N_ELEMENTS(firsts); i++) {
        bench_begin(&bench);
        bench_ccw(&bench, firsts[i].cmd, 0, firsts[i].from, firsts[i].count);
        bench_run_good(&bench);
        run_behind(DASD_CODE_SUSPEND_MULTIPATH_RECONNECTION, before, 0, i, TRUE);
        run_behind(DASD_CODE_NO_OPERATION, before, 0, i, FALSE);
        run_behind(DASD_CODE_SEEK, seek_track, 6, i, FALSE);
        run_behind(DASD_CODE_SENSE_ID, before, 20, i, FALSE);
        run_behind(DASD_CODE_READ_DEVICE_CHARACTERISTICS, before, 64, i, firsts[i].after_identity);
        run_behind(DASD_CODE_READ_CONFIGURATION_DATA, before, 256, i, firsts[i].after_identity);
        /* A suspension after another command, and two suspensions. */
        begin_seek(seek_track);
        bench_ccw(&bench, DASD_CODE_SUSPEND_MULTIPATH_RECONNECTION, CC, before, 0);
        bench_ccw(&bench, firsts[i].cmd, SLI, firsts[i].from, firsts[i].count);
        bench_run_check(&bench, 2, REJECT, 0, SEQUENCE);
        begin_domain(0x06, 1, 1);
        bench_ccw(&bench, firsts[i].cmd, SLI, firsts[i].from, firsts[i].count);
        bench_run_check(&bench, 2, REJECT, 0, SEQUENCE);
    }
    bench_close(&bench);
}

static void last_of_chain(void)
{
    open_formatted();
    for (gsize i = 0; i < G_N_ELEMENTS(firsts); i++) {
        bench_begin(&bench);
        bench_ccw(&bench, firsts[i].cmd, CC | SLI, firsts[i].from, firsts[i].count);
        bench_ccw(&bench, DASD_CODE_NO_OPERATION, 0, NULL, 0);
        if (firsts[i].last)
            bench_run_check(&bench, 1, REJECT, 0, SEQUENCE);
        else
            bench_run_good(&bench);
    }
    bench_close(&bench);
}

/* The command takes no data. After the first command of a chain it has no effect, and in a domain it is rejected. */
static void suspend_multipath(void)
{
    open_formatted();
    one(DASD_CODE_SUSPEND_MULTIPATH_RECONNECTION, data, 0);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_SUSPEND_MULTIPATH_RECONNECTION, 0, data, 7);
    bench_run(&bench);
    g_assert_cmphex(bench.cstat, ==, CHANNEL_CSTAT_INCORRECT_LENGTH);
    g_assert_cmpuint(bench.residual, ==, 7);
    begin_seek(seek_track);
    bench_ccw(&bench, DASD_CODE_SUSPEND_MULTIPATH_RECONNECTION, CC, data, 0);
    bench_ccw(&bench, DASD_CODE_READ_COUNT, 0, data, 8);
    bench_run_good(&bench);
    g_assert_cmpuint(data[3], ==, TRACK);
    begin_domain(0x06, 1, 1);
    bench_ccw(&bench, DASD_CODE_SUSPEND_MULTIPATH_RECONNECTION, CC, data, 0);
    bench_run_check(&bench, 2, REJECT, 0, SEQUENCE);
    bench_close(&bench);
}

static void reset_allegiance(void)
{
    guint8 expected[32] = { 0x80, 0x20 }, sense[32];

    open_formatted();
    memset(data, 0xee, sizeof(data));
    one(DASD_CODE_RESET_ALLEGIANCE, data, 40);
    g_assert_cmpuint(bench.residual, ==, 8);
    g_assert_cmpmem(data, 32, expected, 32);
    one(DASD_CODE_SET_PATH_GROUP_ID, group, 12);
    one(DASD_CODE_DEVICE_RESERVE, sense, 32);
    expected[0] = 0x90;
    memcpy(expected + 5, group + 1, 11);
    one(DASD_CODE_RESET_ALLEGIANCE, data, 32);
    g_assert_cmpmem(data, 32, expected, 32);
    /* The reservation is not affected. */
    one(DASD_CODE_SENSE_PATH_GROUP_ID, data, 12);
    g_assert_cmphex(data[0], ==, 0xf8);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_RESET_ALLEGIANCE, 0, data, 31);
    bench_run(&bench);
    g_assert_cmphex(bench.cstat, ==, CHANNEL_CSTAT_INCORRECT_LENGTH);
    bench_close(&bench);
}

static void buffered_log(void)
{
    static const guint8 nothing[32];

    open_formatted();
    memset(data, 0xee, sizeof(data));
    one(DASD_CODE_READ_AND_RESET_BUFFERED_LOG, data, 40);
    g_assert_cmpuint(bench.residual, ==, 8);
    g_assert_cmpmem(data, 32, nothing, 32);
    g_assert_cmphex(data[32], ==, 0xee);
    bench_close(&bench);
}

static void run_order(const guint8 *order, guint16 count, guint8 message)
{
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, CC, order, count);
    bench_ccw(&bench, DASD_CODE_READ_SUBSYSTEM_DATA, SLI, data, sizeof(data));
    if (message)
        bench_run_check(&bench, 0, REJECT, 0, message);
    else
        bench_run_good(&bench);
}

/* Each order has its length, and bytes that must be zero. */
static void subsystem_orders(void)
{
    static const struct {
        guint8 order;
        guint16 count;
    } orders[] = { { 0x18, 12 }, { 0x1d, 66 }, { 0xb0, 4 } };
    static const guint8 queries[] = { 0x00, 0x01, 0x03, 0x0e, 0x41, 0x52, 0x53 };
    guint8 order[66];

    open_formatted();
    for (gsize i = 0; i < G_N_ELEMENTS(orders); i++) {
        memset(order, 0, sizeof(order));
        order[0] = orders[i].order;
        run_order(order, orders[i].count - 1, COUNT);
        order[1] = 0x80;
        run_order(order, orders[i].count, PARAMETER);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(queries); i++) {
        for (guint at = 1; at < 12; at++) {
            gboolean taken = (queries[i] == 0x52 && (at == 4 || at == 5)) || (queries[i] == 0x03 && at >= 8) ||
                             (queries[i] == 0x01 && at == 8);

            if (at == 6)
                continue;
            memset(order, 0, sizeof(order));
            order[0] = 0x18;
            order[6] = queries[i];
            order[at] = 1;
            run_order(order, 12, taken ? 0 : PARAMETER);
        }
    }
    memset(order, 0, sizeof(order));
    for (guint code = 0; code < 256; code++) {
        order[0] = (guint8)code;
        if (code != 0x18 && code != 0x1d && code != 0xb0)
            run_order(order, 66, PARAMETER);
    }
    /* Statistics of all devices, with more data than the order needs, which the device does not take. */
    memset(order, 0, sizeof(order));
    order[0] = 0x18;
    order[6] = 0x01;
    order[7] = 0xff;
    run_order(order, 12, 0);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, 0, order, 15);
    bench_run(&bench);
    g_assert_cmphex(bench.cstat, ==, CHANNEL_CSTAT_INCORRECT_LENGTH);
    g_assert_cmpuint(bench.residual, ==, 3);
    bench_close(&bench);
}

/* The answer to a query for a message repeats the number of the requested message. */
static void message(void)
{
    static const guint8 order[12] = { 0x18, [6] = 0x03, [8] = 0x12, 0x34, 0x56, 0x78 };
    static const guint8 expected[9] = { 0, 9, 0, 0, 0x12, 0x34, 0x56, 0x78 };

    open_formatted();
    run_order(order, 12, 0);
    g_assert_cmpmem(data, 9, expected, 9);
    g_assert_cmpuint(bench.residual, ==, sizeof(data) - 9);
    bench_close(&bench);
}

/* The node's descriptor, with or without its qualifier. With it, the requested interface must be that of the path. */
static void interface_identifier(void)
{
    guint8 order[4] = { 0xb0 };

    open_formatted();
    run_order(order, 4, 0);
    g_assert_cmpuint(bench.residual, ==, sizeof(data) - 64);
    order[1] = 0x01;
    order[3] = 0x42;
    run_order(order, 4, 0);
    g_assert_cmpuint(bench.residual, ==, sizeof(data) - 32);
    order[3] = 0x43;
    run_order(order, 4, STATUS);
    order[2] = 0x01;
    order[3] = 0x42;
    run_order(order, 4, STATUS);
    order[1] = 0x02;
    run_order(order, 4, PARAMETER);
    /* Only the read of the answer may follow. */
    order[1] = 0;
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, CC, order, 4);
    bench_ccw(&bench, DASD_CODE_NO_OPERATION, 0, NULL, 0);
    bench_run_check(&bench, 1, REJECT, 0, SEQUENCE);
    bench_close(&bench);
}

static void assert_host_told(guint8 facilities)
{
    one(DASD_CODE_READ_DEVICE_CHARACTERISTICS, data, 64);
    g_assert_cmphex(data[6], ==, facilities);
}

/* The characteristics show whether the host has set its characteristics. The end of its path group resets that. */
static void host_told(void)
{
    static const guint8 order[66] = { 0x1d };
    static const guint8 ends[] = { 0xa0, 0xc0 };

    open_formatted();
    assert_host_told(0x5a);
    for (guint i = 0; i <= G_N_ELEMENTS(ends); i++) {
        group[0] = 0x80;
        one(DASD_CODE_SET_PATH_GROUP_ID, group, 12);
        one(DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, order, 66);
        assert_host_told(0x5e);
        if (i < G_N_ELEMENTS(ends)) {
            group[0] = ends[i];
            one(DASD_CODE_SET_PATH_GROUP_ID, group, 12);
        } else {
            dasd_device_reset(bench.device);
        }
        assert_host_told(0x5a);
    }
    group[0] = 0x80;
    bench_close(&bench);
}

static void add_multiple(guint16 count)
{
    memset(data, 0xee, sizeof(data));
    bench_ccw(&bench, DASD_CODE_READ_MULTIPLE_CKD, SLI, data, count);
}

static void assert_multiple(guint8 first)
{
    guint n = RECORDS + 1 - first;

    g_assert_cmpuint(bench.residual, ==, sizeof(data) - n * RECORD_SIZE);
    for (guint i = 0; i < n; i++) {
        g_assert_cmpuint(data[i * RECORD_SIZE + 3], ==, TRACK);
        g_assert_cmpuint(data[i * RECORD_SIZE + 4], ==, first + i);
        g_assert_cmpuint(data[i * RECORD_SIZE + 5], ==, KEY);
        g_assert_cmpuint(ccw_load_be16(data + i * RECORD_SIZE + 6), ==, SIZE);
    }
    g_assert_cmphex(data[n * RECORD_SIZE], ==, 0xee); /* the end of the track was not transferred */
}

/* READ MULTIPLE begins with the next count, never with R0, and ends at the end of the track. */
static void multiple_orientation(void)
{
    guint8 id[5] = { [3] = TRACK, [4] = 1 }, back[16];

    open_formatted();
    begin_seek(seek_track);
    add_multiple(sizeof(data));
    bench_run_good(&bench);
    assert_multiple(1);
    begin_seek(seek_track);
    bench_ccw(&bench, DASD_CODE_READ_R0, CC, back, 16);
    add_multiple(sizeof(data));
    bench_run_good(&bench);
    assert_multiple(1);
    begin_seek(seek_track);
    bench_ccw(&bench, DASD_CODE_SEARCH_ID_EQUAL, CC, id, 5);
    bench_tic(&bench, 1);
    add_multiple(sizeof(data));
    bench_run_good(&bench);
    assert_multiple(2);
    /*
     * After it the track is at its end: another READ MULTIPLE transfers nothing, and a read of a count passes the
     * index.
     */
    begin_seek(seek_track);
    bench_ccw(&bench, DASD_CODE_READ_MULTIPLE_CKD, CC | SLI, data, sizeof(data));
    bench_ccw(&bench, DASD_CODE_READ_COUNT, CC, back, 8);
    bench_ccw(&bench, DASD_CODE_SEEK, CC, seek_track, 6);
    bench_ccw(&bench, DASD_CODE_READ_MULTIPLE_CKD, CC | SLI, data, sizeof(data));
    add_multiple(sizeof(data));
    bench_run_good(&bench);
    g_assert_cmpuint(back[4], ==, 1);
    g_assert_cmpuint(bench.residual, ==, sizeof(data));
    bench_close(&bench);
}

/* The number of bytes; no unit exception for a record without data; nothing from an empty track. */
static void multiple_lengths(void)
{
    static const guint8 count[8] = { 0, 0, 0, TRACK, 1, 0, 0, 0 };

    open_formatted();
    begin_seek(seek_track);
    add_multiple(RECORD_SIZE);
    bench_run_good(&bench);
    g_assert_cmpuint(bench.residual, ==, 0);
    for (guint i = 0; i < 2; i++) {
        begin_seek(seek_track);
        bench_ccw(&bench, DASD_CODE_READ_MULTIPLE_CKD, 0, data, i ? RECORDS * RECORD_SIZE + 1 : RECORD_SIZE);
        bench_run(&bench);
        g_assert_cmphex(bench.cstat, ==, CHANNEL_CSTAT_INCORRECT_LENGTH);
        g_assert_cmpuint(bench.residual, ==, i);
    }
    begin_seek(seek_empty);
    add_multiple(sizeof(data));
    bench_run_good(&bench);
    g_assert_cmpuint(bench.residual, ==, sizeof(data));
    begin_domain(0x03, 1, 0);
    bench_ccw(&bench, DASD_CODE_WRITE_CKD, 0, count, 8);
    bench_run_good(&bench);
    begin_seek(seek_track);
    add_multiple(8);
    bench_run_good(&bench);
    g_assert_cmpmem(data, 8, count, 8);
    bench_close(&bench);
}

static void multiple_rejected(void)
{
    guint8 id[5] = { [3] = TRACK, [4] = 1 };

    open_formatted();
    bench_begin(&bench);
    add_multiple(sizeof(data));
    bench_run_check(&bench, 0, REJECT, 0, SEQUENCE);
    for (guint i = 0; i < 2; i++) {
        begin_domain(i ? 0x16 : 0x06, 1, 1);
        add_multiple(sizeof(data));
        bench_run_check(&bench, 2, REJECT, 0, SEQUENCE);
    }
    begin_seek(seek_track);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, 0, TRACK - 1), 16);
    add_multiple(sizeof(data));
    bench_run_check(&bench, 2, 0, 0x04, 0);
    /* The result of the search before it is lost. */
    begin_seek(seek_track);
    bench_ccw(&bench, DASD_CODE_SET_FILE_MASK, CC, "\x80", 1);
    bench_ccw(&bench, DASD_CODE_SEARCH_ID_EQUAL, CC, id, 5);
    bench_tic(&bench, 2);
    bench_ccw(&bench, DASD_CODE_READ_MULTIPLE_CKD, CC | SLI, data, 8);
    bench_ccw(&bench, DASD_CODE_WRITE_DATA, 0, data, SIZE);
    bench_run_check(&bench, 5, REJECT, 0, SEQUENCE);
    bench_close_device(&bench);
    bench_damage(&bench, TRACK);
    bench_reopen(&bench, FALSE);
    begin_seek(seek_track);
    add_multiple(sizeof(data));
    bench_run_check(&bench, 1, 0, 0x40, 0);
    bench_close(&bench);
}

/* READ SPECIAL HOME ADDRESS outside a domain needs a mask with the authority to diagnose. */
static void special_home(void)
{
    static const guint8 masks[] = { 0x00, 0x02, 0x04, 0x06 };
    static const guint8 expected[28] = { [23] = TRACK };
    guint8 r0[16];

    open_formatted();
    for (gsize i = 0; i < G_N_ELEMENTS(masks); i++) {
        begin_seek(seek_track);
        bench_ccw(&bench, DASD_CODE_SET_FILE_MASK, CC, masks + i, 1);
        bench_ccw(&bench, DASD_CODE_READ_SPECIAL_HOME_ADDRESS, CC | SLI, memset(data, 0xee, 40), 40);
        bench_ccw(&bench, DASD_CODE_READ_SPECIAL_HOME_ADDRESS, SLI, data, 40);
        if (masks[i] == 0x04)
            bench_run_good(&bench);
        else
            bench_run_check(&bench, 2, REJECT, 0, AUTHORITY);
    }
    begin_seek(seek_track);
    bench_ccw(&bench, DASD_CODE_SET_FILE_MASK, CC, "\x04", 1);
    bench_ccw(&bench, DASD_CODE_READ_SPECIAL_HOME_ADDRESS, SLI, memset(data, 0xee, 40), 40);
    bench_run_good(&bench);
    g_assert_cmpuint(bench.residual, ==, 12);
    g_assert_cmpmem(data, 28, expected, 28);
    begin_seek(seek_track);
    bench_ccw(&bench, DASD_CODE_SET_FILE_MASK, CC, "\x04", 1);
    bench_ccw(&bench, DASD_CODE_READ_SPECIAL_HOME_ADDRESS, 0, data, 27);
    bench_run(&bench);
    g_assert_cmphex(bench.cstat, ==, CHANNEL_CSTAT_INCORRECT_LENGTH);
    /* The next record after it is this track's R0, as after a home address. */
    begin_domain(0x06, 2, 1);
    bench_ccw(&bench, DASD_CODE_READ_SPECIAL_HOME_ADDRESS, CC, data, 28);
    bench_ccw(&bench, DASD_CODE_READ_R0_MT, 0, r0, 16);
    bench_run_good(&bench);
    g_assert_cmpuint(r0[3], ==, TRACK);
    g_assert_cmpuint(r0[4], ==, 0);
    bench_close(&bench);
}

static void special_home_rejected(void)
{
    static const struct {
        guint8 operation, message;
    } rows[] = { { 0x06, 0 },        { 0xd6, 0 },        { 0x16, SEQUENCE }, { 0x56, SEQUENCE },
                 { 0x0c, SEQUENCE }, { 0x01, SEQUENCE }, { 0x03, SEQUENCE } };

    open_formatted();
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        begin_domain(rows[i].operation, 1, rows[i].operation == 0x56 ? 0 : 1);
        bench_ccw(&bench, DASD_CODE_READ_SPECIAL_HOME_ADDRESS, SLI, data, 28);
        if (rows[i].message)
            bench_run_check(&bench, 2, REJECT, 0, rows[i].message);
        else
            bench_run_good(&bench);
    }
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_READ_SPECIAL_HOME_ADDRESS, SLI, data, 28);
    bench_run_check(&bench, 0, REJECT, 0, SEQUENCE);
    /* The define extent has a mask, too, and limits. */
    begin_seek(seek_track);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x44, TRACK, TRACK), 16);
    bench_ccw(&bench, DASD_CODE_READ_SPECIAL_HOME_ADDRESS, SLI, data, 28);
    bench_run_good(&bench);
    begin_seek(seek_track);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x44, 0, TRACK - 1), 16);
    bench_ccw(&bench, DASD_CODE_READ_SPECIAL_HOME_ADDRESS, SLI, data, 28);
    bench_run_check(&bench, 2, 0, 0x04, 0);
    bench_close(&bench);
}

static void diagnostic_control(void)
{
    static const struct {
        guint8 mask;
        guint8 control[4];
        guint8 message;
    } rows[] = {
        { 0x02, { 0x12 }, 0 },         { 0x04, { 0x12, 0x55 }, 0 },         { 0x06, { 0x12 }, 0 },
        { 0x00, { 0x12 }, AUTHORITY }, { 0x04, { 0x12, 0, 1 }, PARAMETER }, { 0x04, { 0x12, 0, 0, 1 }, PARAMETER },
        { 0x04, { 0x02 }, PARAMETER }, { 0x04, { 0x11 }, PARAMETER },
    };

    open_formatted();
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_SET_FILE_MASK, CC, &rows[i].mask, 1);
        bench_ccw(&bench, DASD_CODE_DIAGNOSTIC_CONTROL, 0, rows[i].control, 4);
        if (rows[i].message)
            bench_run_check(&bench, 1, REJECT, 0, rows[i].message);
        else
            bench_run_good(&bench);
    }
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DIAGNOSTIC_CONTROL, 0, rows[0].control, 3);
    bench_run_check(&bench, 0, REJECT, 0, COUNT);
    begin_domain(0x06, 1, 1);
    bench_ccw(&bench, DASD_CODE_DIAGNOSTIC_CONTROL, 0, rows[0].control, 4);
    bench_run_check(&bench, 2, REJECT, 0, SEQUENCE);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dasd/commands/first-of-chain", first_of_chain);
    g_test_add_func("/dasd/commands/last-of-chain", last_of_chain);
    g_test_add_func("/dasd/commands/suspend-multipath", suspend_multipath);
    g_test_add_func("/dasd/commands/reset-allegiance", reset_allegiance);
    g_test_add_func("/dasd/commands/buffered-log", buffered_log);
    g_test_add_func("/dasd/commands/subsystem-orders", subsystem_orders);
    g_test_add_func("/dasd/commands/message", message);
    g_test_add_func("/dasd/commands/interface-identifier", interface_identifier);
    g_test_add_func("/dasd/commands/host-told", host_told);
    g_test_add_func("/dasd/commands/multiple-orientation", multiple_orientation);
    g_test_add_func("/dasd/commands/multiple-lengths", multiple_lengths);
    g_test_add_func("/dasd/commands/multiple-rejected", multiple_rejected);
    g_test_add_func("/dasd/commands/special-home", special_home);
    g_test_add_func("/dasd/commands/special-home-rejected", special_home_rejected);
    g_test_add_func("/dasd/commands/diagnostic-control", diagnostic_control);
    return g_test_run();
}
