/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A device that has been in use for a while allocates nothing: it has all memory for requests from the start, and each
 * track has a slot in the cache.
 */
#include <string.h>

#include "../allocations.h"
#include "dasd-bench.h"

#define RECORDS 12
#define SIZE 4096

static Bench bench;

/* Define extent, locate record, and one CCW for each block, as Linux sends them. */
static void run(guint8 operation, guint8 command, guint8 *blocks)
{
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x80, 1, 1), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(operation, RECORDS, 1, 1), 16);
    for (guint i = 0; i < RECORDS; i++)
        bench_ccw(&bench, command, i + 1 < RECORDS ? CC : 0, blocks + i * SIZE, SIZE);
    bench_run(&bench);
}

static void requests(void)
{
    static const struct {
        guint8 operation, command, dstat;
    } rows[] = {
        { 0x06, DASD_CODE_READ_DATA_MT, STATUS_END },        /* read data */
        { 0x01, DASD_CODE_WRITE_UPDATE_DATA, STATUS_END },   /* write data */
        { 0x06, DASD_CODE_WRITE_UPDATE_DATA, STATUS_CHECK }, /* a command that the operation does not allow */
    };
    static guint8 blocks[RECORDS * SIZE];

    bench_open(&bench, 1, NULL);
    bench_format(&bench, 1, RECORDS, 0, SIZE);
    run(0x01, DASD_CODE_WRITE_UPDATE_DATA, blocks);
    if (allocations_are_counted()) {
        for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
            gint before = allocations_count();

            run(rows[i].operation, rows[i].command, blocks);
            g_assert_cmpint(allocations_count(), ==, before);
            g_assert_cmphex(bench.dstat, ==, rows[i].dstat);
        }
    }
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dasd/no-allocation", requests);
    return g_test_run();
}
