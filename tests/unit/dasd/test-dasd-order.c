/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The order of commands in a chain: what each command needs before it, and what it excludes. docs/dasd.md lists the
 * rules and where each comes from.
 */
#include <string.h>

#include "dasd-bench.h"
#include "util/ccw-endian.h"

#define TRACK 7
#define RECORDS 3
#define SIZE 100
#define REJECT 0x80
#define SEQUENCE 0x02 /* messages of a command reject */
#define PARAMETER 0x04

static Bench bench;
static guint8 data[4096];
static guint8 seek_track[6] = { [5] = TRACK }, seek_other[6] = { [5] = 3 };
static guint8 id[5] = { [3] = TRACK, [4] = 1 };

static void open_formatted(void)
{
    bench_open(&bench, 3, NULL);
    for (guint32 track = 0; track < 15; track++)
        bench_format(&bench, track, RECORDS, 0, SIZE);
}

static void begin_extent(guint8 mask)
{
    bench_begin(&bench);
    bench_ccw(&bench, 0x63, CC, bench_extent(mask, 0, 29), 16);
}

static void assert_unwritten(guint32 track)
{
    begin_extent(0x40);
    bench_ccw(&bench, 0x47, CC, bench_locate(0x06, RECORDS, track, 1), 16);
    for (guint i = 0; i < RECORDS; i++)
        bench_ccw(&bench, 0x86, i + 1 < RECORDS ? CC : 0, data + i * SIZE, SIZE);
    memset(data, 0xee, sizeof(data));
    bench_run_good(&bench);
    for (guint i = 0; i < RECORDS * SIZE; i++)
        g_assert_cmphex(data[i], ==, 0);
}

/* Each chain says where it works: the place that the program before it left is not its place. */
static void no_place(void)
{
    static const guint8 commands[] = {
        0x06, 0x86, 0x0e, 0x8e, 0x12, 0x92, 0x1e, 0x9e, 0x1a, 0x9a, 0x16, 0x96, 0x31, 0xb1, 0x51, 0xd1,
        0x71, 0xf1, 0x29, 0xa9, 0x49, 0xc9, 0x69, 0xe9, 0x39, 0xb9, 0x23, 0x05, 0x0d, 0x1d, 0x15, 0x11,
    };

    open_formatted();
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        for (guint extent = 0; extent < 2; extent++) {
            bench_begin(&bench);
            bench_ccw(&bench, 0x07, 0, seek_track, 6);
            bench_run_good(&bench);
            bench_begin(&bench);
            /* An extent alone names no track. */
            if (extent)
                bench_ccw(&bench, 0x63, CC, bench_extent(0xc0, TRACK, TRACK), 16);
            bench_ccw(&bench, commands[i], SLI, memset(data, 0x77, sizeof(data)), 16);
            bench_run_check(&bench, extent, REJECT, 0, SEQUENCE);
        }
    }
    bench_begin(&bench);
    bench_ccw(&bench, 0x07, 0, seek_track, 6);
    bench_run_good(&bench);
    bench_begin(&bench);
    bench_ccw(&bench, 0x1b, 0, seek_other, 6);
    bench_run_check(&bench, 0, REJECT, 0, SEQUENCE);
    bench_begin(&bench);
    bench_ccw(&bench, 0x31, CC, id, sizeof(id));
    bench_tic(&bench, 0);
    bench_ccw(&bench, 0x05, 0, memset(data, 0xab, sizeof(data)), SIZE);
    bench_run_check(&bench, 0, REJECT, 0, SEQUENCE);
    assert_unwritten(TRACK);
    bench_close(&bench);
}

/* Seek, seek cylinder, locate record and read IPL each name a place; seek head then goes on from it. */
static void places(void)
{
    guint8 count[8], other[8];

    open_formatted();
    for (guint i = 0; i < 4; i++) {
        bench_begin(&bench);
        if (i == 0)
            bench_ccw(&bench, 0x07, CC, seek_track, 6);
        else if (i == 1)
            bench_ccw(&bench, 0x0b, CC, seek_track, 6);
        else if (i == 2)
            bench_ccw(&bench, 0x63, CC, bench_extent(0x40, 0, 29), 16);
        if (i == 2)
            bench_ccw(&bench, 0x47, CC, bench_locate(0x06, 1, TRACK, 1), 16);
        if (i == 3)
            bench_ccw(&bench, 0x02, CC | SLI, data, 24);
        bench_ccw(&bench, i == 2 ? 0x86 : 0x12, CC | SLI, count, 8);
        bench_ccw(&bench, 0x1b, CC, seek_other, 6);
        bench_ccw(&bench, 0x12, 0, other, 8);
        bench_run_good(&bench);
        if (i < 2)
            g_assert_cmpuint(count[3], ==, TRACK);
        g_assert_cmpuint(other[3], ==, 3);
    }
    bench_close(&bench);
}

/* A seek that came before the extent does not lead out of it. */
static void seek_before_extent(void)
{
    open_formatted();
    for (guint i = 0; i < 2; i++) {
        bench_begin(&bench);
        bench_ccw(&bench, 0x07, CC, seek_track, 6);
        bench_ccw(&bench, 0x63, CC, bench_extent(0xc0, i ? TRACK : 0, i ? TRACK : TRACK - 1), 16);
        bench_ccw(&bench, 0x31, CC, id, sizeof(id));
        bench_tic(&bench, 2);
        bench_ccw(&bench, 0x05, 0, memset(data, 0, SIZE), SIZE);
        if (i)
            bench_run_good(&bench);
        else
            bench_run_check(&bench, 2, 0, 0x04, 0);
    }
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dasd/order/no-place", no_place);
    g_test_add_func("/dasd/order/places", places);
    g_test_add_func("/dasd/order/seek-before-extent", seek_before_extent);
    return g_test_run();
}
