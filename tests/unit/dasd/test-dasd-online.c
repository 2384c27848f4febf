/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands by which Linux sets a 3390 online, in its order, and the bytes that it reads
 * (drivers/s390/cio/device_pgid.c, drivers/s390/block/dasd_eckd.c).
 */
#include <string.h>

#include "dasd-bench.h"
#include "util/endian.h"

static Bench bench;

static void one(guint8 cmd, guint8 flags, const void *data, guint16 count)
{
    bench_begin(&bench);
    bench_ccw(&bench, cmd, flags, data, count);
    bench_run_good(&bench);
}

static void sense_id(void)
{
    static const guint8 expected[] = { 0xff, 0x39, 0x90, 0xe9, 0x33, 0x90, 0x02, 0x00, 0x40, 0xfa,
                                       0x01, 0x00, 0x41, 0x27, 0x00, 0x04, 0x42, 0x3e, 0x00, 0x40 };
    guint8 id[40] = { 0 };

    bench_open(&bench, 30, NULL);
    one(DASD_CODE_SENSE_ID, SLI, id, sizeof(id));
    g_assert_cmpmem(id, 20, expected, 20);
    g_assert_cmpuint(bench.residual, ==, 20);
    bench_close(&bench);
}

static void path_group(void)
{
    guint8 id[12] = { 0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
    guint8 answer[12];

    bench_open(&bench, 30, NULL);
    one(DASD_CODE_SENSE_PATH_GROUP_ID, SLI, answer, 12);
    g_assert_cmphex(answer[0], ==, 0x00);
    one(DASD_CODE_SET_PATH_GROUP_ID, SLI, id, 12);
    one(DASD_CODE_SENSE_PATH_GROUP_ID, SLI, answer, 12);
    g_assert_cmphex(answer[0], ==, 0xc8);
    g_assert_cmpmem(answer + 1, 11, id + 1, 11);
    /* The device rejects another group. The host may set the same group again, and disband it. */
    id[5] ^= 1;
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_SET_PATH_GROUP_ID, SLI, id, 12);
    bench_run_check(&bench, 0, 0x80, 0, 0x04);
    id[5] ^= 1;
    one(DASD_CODE_SET_PATH_GROUP_ID, SLI, id, 12);
    id[0] = 0xa0;
    one(DASD_CODE_SET_PATH_GROUP_ID, SLI, id, 12);
    one(DASD_CODE_SENSE_PATH_GROUP_ID, SLI, answer, 12);
    g_assert_cmphex(answer[0], ==, 0x80);
    id[0] = 0x80;
    one(DASD_CODE_SET_PATH_GROUP_ID, SLI, id, 12);
    dasd_device_reset(bench.device);
    one(DASD_CODE_SENSE_PATH_GROUP_ID, SLI, answer, 12);
    g_assert_cmphex(answer[0], ==, 0x00);
    bench_close(&bench);
}

static void configuration(void)
{
    guint8 rcd[256], rdc[64];
    guint device_neds = 0, general = 0;

    bench_open(&bench, 30, NULL);
    one(DASD_CODE_READ_CONFIGURATION_DATA, 0, rcd, 256);
    for (guint i = 0; i < 8; i++) {
        const guint8 *part = rcd + 32 * i;

        device_neds += part[0] >> 6 == 3 && part[1] == 1;
        general += part[0] >> 6 == 2;
    }
    g_assert_cmpuint(device_neds, ==, 1);
    g_assert_cmpuint(general, ==, 1);
    g_assert_cmphex(rcd[31], ==, 0x34);
    g_assert_cmphex(rcd[224], ==, 0x80);
    one(DASD_CODE_READ_DEVICE_CHARACTERISTICS, 0, rdc, 64);
    g_assert_cmphex(ccw_load_be16(rdc), ==, 0x3990);
    g_assert_cmphex(rdc[2], ==, 0xe9);
    g_assert_cmphex(ccw_load_be16(rdc + 3), ==, 0x3390);
    g_assert_cmpuint(ccw_load_be16(rdc + 12), ==, 30);
    g_assert_cmpuint(ccw_load_be16(rdc + 14), ==, 15);
    g_assert_cmpuint(rdc[16], ==, 224);
    g_assert_cmpuint(ccw_load_be16(rdc + 18), ==, 58786);
    g_assert_cmpuint(rdc[22], ==, 2);
    g_assert_cmpuint(rdc[23], ==, 34);
    g_assert_cmpuint(rdc[27], ==, 116);
    bench_close(&bench);
}

static void subsystem(void)
{
    static const guint8 rejected[] = { 0x51, 0x54, 0x1c, 0x02 };
    guint8 order[66] = { 0x1d }, prepare[12] = { 0x18 }, features[256], units[512];

    bench_open(&bench, 30, NULL);
    one(DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, 0, order, 66);
    for (gsize i = 0; i < G_N_ELEMENTS(rejected); i++) {
        prepare[6] = rejected[i];
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, CC, prepare, 12);
        bench_ccw(&bench, DASD_CODE_READ_SUBSYSTEM_DATA, SLI, features, 256);
        bench_run_check(&bench, 0, 0x80, 0, 0x04);
    }
    prepare[6] = 0x41;
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, CC, prepare, 12);
    bench_ccw(&bench, DASD_CODE_READ_SUBSYSTEM_DATA, 0, features, 256);
    bench_run_good(&bench);
    g_assert_cmphex(features[8], ==, 0x01);
    g_assert_cmphex(features[9], ==, 0x20);
    g_assert_cmphex(features[12], ==, 0x40);
    g_assert_cmphex(features[40], ==, 0x00);
    /* One base device, without aliases. */
    prepare[6] = 0x0e;
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, CC, prepare, 12);
    bench_ccw(&bench, DASD_CODE_READ_SUBSYSTEM_DATA, 0, units, 512);
    bench_run_good(&bench);
    for (guint i = 0; i < 512; i++)
        g_assert_cmphex(units[i], ==, i == 2 * 0x34 ? 1 : 0);
    /* Statistics of a cache, which the device does not have. */
    prepare[6] = 0x01;
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, CC, prepare, 12);
    bench_ccw(&bench, DASD_CODE_READ_SUBSYSTEM_DATA, 0, units, 192);
    bench_run_good(&bench);
    g_assert_cmphex(ccw_load_be16(units), ==, 0x8034);
    one(DASD_CODE_RESET_SUMMARY_UNIT_CHECK, SLI, order, 16);
    one(DASD_CODE_SENSE_SUBSYSTEM_STATUS, 0, units, 44);
    g_assert_cmphex(units[1], ==, 0x34);
    g_assert_cmphex(ccw_load_be16(units + 38), ==, 0x0012);
    /* The device has no prepared answer any more. */
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_READ_SUBSYSTEM_DATA, 0, features, 256);
    bench_run_check(&bench, 0, 0x80, 0, 0x02);
    bench_close(&bench);
}

/* The offsets are those of struct dasd_rssd_vsq and struct dasd_rssd_lcq in drivers/s390/block/dasd_eckd.h. */
static void storage(void)
{
    guint8 prepare[12] = { 0x18 }, volume[28], pools[3616];

    bench_open(&bench, 30, NULL);
    prepare[6] = 0x52;
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, CC, prepare, 12);
    bench_ccw(&bench, DASD_CODE_READ_SUBSYSTEM_DATA, SLI, volume, 28);
    bench_run_good(&bench);
    g_assert_cmphex(volume[0], ==, 0);                    /* not space efficient */
    g_assert_cmpuint(ccw_load_be32(volume + 16), ==, 30); /* allocated */
    g_assert_cmpuint(ccw_load_be32(volume + 20), ==, 30); /* configured */
    g_assert_cmpuint(ccw_load_be32(volume + 24), ==, 30); /* logical capacity */
    prepare[6] = 0x53;
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, CC, prepare, 12);
    bench_ccw(&bench, DASD_CODE_READ_SUBSYSTEM_DATA, SLI, pools, sizeof(pools));
    bench_run_good(&bench);
    g_assert_cmpuint(ccw_load_be16(pools), ==, 40);
    g_assert_cmpuint(ccw_load_be16(pools + 2), ==, 1);
    g_assert_cmpuint(ccw_load_be16(pools + 32), ==, ccw_load_be16(volume + 2)); /* the volume's pool */
    g_assert_cmphex(pools[36], ==, 0x18);
    g_assert_cmphex(pools[38], ==, 0x40);
    bench_close(&bench);
}

static void analysis_program(guint8 counts[5][8])
{
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, 0, 1), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 4, 0, 0), 16);
    for (guint i = 0; i < 4; i++)
        bench_ccw(&bench, DASD_CODE_READ_COUNT, CC, counts[i], 8);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 1, 1, 0), 16);
    bench_ccw(&bench, DASD_CODE_READ_COUNT, 0, counts[4], 8);
}

static void analysis(void)
{
    guint8 counts[5][8] = { 0 };

    bench_open(&bench, 30, NULL);
    analysis_program(counts);
    bench_run_check(&bench, 2, 0, 0x08, 0);
    bench_close(&bench);
    /* There are three records: the read of a fourth one passes the index, to the first. */
    bench_open(&bench, 30, "ANA001");
    analysis_program(counts);
    bench_run_good(&bench);
    g_assert_cmpuint(counts[2][4], ==, 3);
    g_assert_cmpuint(counts[2][5], ==, 4);
    g_assert_cmpuint(ccw_load_be16(counts[2] + 6), ==, 80);
    g_assert_cmpmem(counts[3], 8, counts[0], 8);
    g_assert_cmpuint(counts[4][5], ==, 44);
    g_assert_cmpuint(ccw_load_be16(counts[4] + 6), ==, 96);
    bench_close(&bench);
}

/* A host asks for a message after an attention. The device has no message, and answers so. */
static void no_message(void)
{
    static const guint8 expected[9] = { 0, 9 };
    guint8 prepare[12] = { 0x18, 0, 0, 0, 0, 0, 0x03 }, message[4096];

    bench_open(&bench, 30, NULL);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, CC, prepare, 12);
    bench_ccw(&bench, DASD_CODE_READ_SUBSYSTEM_DATA, SLI, message, sizeof(message));
    bench_run_good(&bench);
    g_assert_cmpuint(bench.residual, ==, sizeof(message) - sizeof(expected));
    g_assert_cmpmem(message, sizeof(expected), expected, sizeof(expected));
    bench_close(&bench);
}

/* Sense path group ID shows which group has the reservation. A release, a disband and a reset end it. */
static void reservation(void)
{
    static const guint8 reserves[] = { DASD_CODE_DEVICE_RESERVE, DASD_CODE_UNCONDITIONAL_RESERVE };
    guint8 id[12] = { 0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
    guint8 answer[12], sense[32], mask = 0;

    bench_open(&bench, 30, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(reserves); i++) {
        for (guint end = 0; end < 3; end++) {
            id[0] = 0x80;
            one(DASD_CODE_SET_PATH_GROUP_ID, SLI, id, 12);
            one(reserves[i], SLI, sense, 32);
            one(DASD_CODE_SENSE_PATH_GROUP_ID, SLI, answer, 12);
            g_assert_cmphex(answer[0], ==, 0xf8);
            id[0] = 0xa0;
            if (end == 0)
                one(DASD_CODE_DEVICE_RELEASE, SLI, sense, 32);
            else if (end == 1)
                one(DASD_CODE_SET_PATH_GROUP_ID, SLI, id, 12);
            else
                dasd_device_reset(bench.device);
            one(DASD_CODE_SENSE_PATH_GROUP_ID, SLI, answer, 12);
            g_assert_cmphex(answer[0], ==, end == 0 ? 0xc8 : end == 1 ? 0x80 : 0x00);
        }
    }
    /* It must not follow a file mask or a define extent. */
    for (gsize i = 0; i < 2; i++) {
        bench_begin(&bench);
        bench_ccw(&bench, i ? DASD_CODE_DEFINE_EXTENT : DASD_CODE_SET_FILE_MASK, CC,
                  i ? bench_extent(0x40, 0, 0) : &mask, i ? 16 : 1);
        bench_ccw(&bench, DASD_CODE_DEVICE_RESERVE, SLI, sense, 32);
        bench_run_check(&bench, 1, 0x80, 0, 0x02);
    }
    one(DASD_CODE_SENSE_PATH_GROUP_ID, SLI, answer, 12);
    g_assert_cmphex(answer[0], ==, 0x00);
    bench_close(&bench);
}

static void unknown_commands(void)
{
    static const guint8 commands[] = { 0xf7, 0xc4, 0xff };
    guint8 data[32], sense[32];

    bench_open(&bench, 1, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        bench_begin(&bench);
        bench_ccw(&bench, commands[i], SLI, data, sizeof(data));
        bench_run_check(&bench, 0, 0x80, 0, 0x01);
    }
    /* BASIC SENSE returns the same sense once more, and then no sense. */
    one(DASD_CODE_SENSE, 0, sense, 32);
    g_assert_cmphex(sense[0], ==, 0x80);
    one(DASD_CODE_SENSE, 0, sense, 32);
    g_assert_cmphex(sense[0], ==, 0);
    one(DASD_CODE_DEVICE_RESERVE, 0, data, 32);
    one(DASD_CODE_DEVICE_RELEASE, 0, data, 32);
    one(DASD_CODE_UNCONDITIONAL_RESERVE, 0, data, 32);
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dasd/online/sense-id", sense_id);
    g_test_add_func("/dasd/online/path-group", path_group);
    g_test_add_func("/dasd/online/configuration", configuration);
    g_test_add_func("/dasd/online/subsystem", subsystem);
    g_test_add_func("/dasd/online/storage", storage);
    g_test_add_func("/dasd/online/analysis", analysis);
    g_test_add_func("/dasd/online/no-message", no_message);
    g_test_add_func("/dasd/online/reservation", reservation);
    g_test_add_func("/dasd/online/unknown", unknown_commands);
    return g_test_run();
}
