/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bounds of the translation, the mapping of status back to the guest, and random input, which golden files cannot show.
 */
#include <string.h>

#include "channel-guest.h"
#include "channel-modes.h"
#include "dasd/dasd-codes.h"
#include "util/endian.h"

#define BASE 0x1000u
#define ORB_FLAGS (CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64)

static void make_orb(guint8 orb[CHANNEL_ORB_SIZE], guint32 flags, guint32 cpa)
{
    memset(orb, 0, CHANNEL_ORB_SIZE);
    ccw_store_be32(orb + CHANNEL_ORB_OFS_FLAGS, flags);
    ccw_store_be32(orb + CHANNEL_ORB_OFS_CPA, cpa);
}

static ChannelTranslateResult run(ChannelTranslation *t, ChannelGuest *guest, guint32 cpa, CcwCmdRequest *request)
{
    static const guint8 scsw[CHANNEL_SCSW_SIZE];
    guint8 orb[CHANNEL_ORB_SIZE];

    make_orb(orb, ORB_FLAGS, cpa);
    return channel_translate(t, &guest->memory, orb, scsw, request);
}

static guint32 map_cpa(const ChannelTranslation *t, guint32 offset)
{
    guint8 irb[CHANNEL_IRB_SIZE] = { 0 };

    ccw_store_be32(irb + CHANNEL_SCSW_OFS_CPA, offset);
    channel_translation_map_irb(t, irb);
    return ccw_load_be32(irb + CHANNEL_SCSW_OFS_CPA);
}

static void put_noops(ChannelGuest *guest, guint32 at, guint n, gboolean chain_last)
{
    for (guint i = 0; i < n; i++)
        channel_guest_put_ccw(guest, at + i * CCW_SIZE, CCW_CMD_NOOP, i + 1 < n || chain_last ? CCW_FLAG_CC : 0, 0, 0);
}

static void test_length(void)
{
    g_autoptr(ChannelTranslation) t = channel_translation_new();
    g_auto(ChannelGuest) guest = { 0 };
    CcwCmdRequest request;
    ChannelProgram *program;

    channel_guest_init(&guest);
    channel_guest_add(&guest, 0, 0x10000);

    put_noops(&guest, BASE, 255, FALSE);
    g_assert_cmpint(run(t, &guest, BASE, &request), ==, CHANNEL_TRANSLATED);
    g_assert_cmpuint(request.ccw_count, ==, 256);
    program = (ChannelProgram *)(guintptr)request.program;
    g_assert_cmpuint(program->ccw[255][CCW_OFS_CMD], ==, CCW_CMD_NOOP);
    g_assert_cmpuint(program->ccw[255][CCW_OFS_FLAGS] & (CCW_FLAG_CC | CCW_FLAG_CD), ==, 0);

    put_noops(&guest, BASE, 256, FALSE);
    g_assert_cmpint(run(t, &guest, BASE, &request), ==, CHANNEL_TRANSLATED);
    g_assert_cmpuint(request.ccw_count, ==, 256);
    g_assert_cmphex(map_cpa(t, 256 * CCW_SIZE), ==, BASE + 256 * CCW_SIZE);

    put_noops(&guest, BASE, 257, FALSE);
    g_assert_cmpint(run(t, &guest, BASE, &request), ==, CHANNEL_TRANSLATE_STATUS);
    g_assert_cmphex(ccw_load_be32(request.irb + CHANNEL_SCSW_OFS_CPA), ==, BASE + 257 * CCW_SIZE);
    g_assert_cmphex(request.irb[CHANNEL_SCSW_OFS_CSTAT], ==, CHANNEL_CSTAT_PROGRAM_CHECK);
    g_assert_cmphex(ccw_load_be16(request.irb + CHANNEL_SCSW_OFS_CTL), ==, 0x4017);
    g_assert_cmphex(ccw_load_be16(request.irb + CHANNEL_SCSW_OFS_FLAGS), ==, CHANNEL_SCSW_FLAG_F | CHANNEL_SCSW_FLAG_P);
}

/*
 * A search, a TIC away, the end of the chain, and 253 CCWs at the TIC's target: 256 in all, if the translation adds no
 * NOOP.
 */
static void test_length_two_ends(void)
{
    g_autoptr(ChannelTranslation) t = channel_translation_new();
    g_auto(ChannelGuest) guest = { 0 };
    CcwCmdRequest request;

    channel_guest_init(&guest);
    channel_guest_add(&guest, 0, 0x10000);
    channel_guest_put_ccw(&guest, BASE, DASD_CODE_SEARCH_ID_EQUAL, CCW_FLAG_CC, 5, 0x100);
    channel_guest_put_ccw(&guest, BASE + 8, CCW_CMD_TIC, 0, 0, 0x4000);
    channel_guest_put_ccw(&guest, BASE + 16, CCW_CMD_NOOP, 0, 0, 0);

    put_noops(&guest, 0x4000, 253, FALSE);
    g_assert_cmpint(run(t, &guest, BASE, &request), ==, CHANNEL_TRANSLATED);
    g_assert_cmpuint(request.ccw_count, ==, 256);
    g_assert_cmpstr(channel_guest_check(&guest, &request), ==, NULL);

    put_noops(&guest, 0x4000, 254, FALSE);
    g_assert_cmpint(run(t, &guest, BASE, &request), ==, CHANNEL_TRANSLATE_STATUS);
    g_assert_cmphex(ccw_load_be32(request.irb + CHANNEL_SCSW_OFS_CPA), ==, 0x4000 + 254 * CCW_SIZE);
}

/*
 * The maximum number of runs: pairs of NOOP and TIC at separate addresses. The last TIC leads back to the first NOOP.
 */
static void test_many_runs(void)
{
    g_autoptr(ChannelTranslation) t = channel_translation_new();
    g_auto(ChannelGuest) guest = { 0 };
    CcwCmdRequest request;

    channel_guest_init(&guest);
    channel_guest_add(&guest, 0, 0x10000);
    for (guint i = 0; i < 128; i++) {
        channel_guest_put_ccw(&guest, BASE + i * 0x20, CCW_CMD_NOOP, CCW_FLAG_CC, 0, 0);
        channel_guest_put_ccw(&guest, BASE + i * 0x20 + 8, CCW_CMD_TIC, 0, 0, BASE + (i + 1) % 128 * 0x20);
    }
    g_assert_cmpint(run(t, &guest, BASE, &request), ==, CHANNEL_TRANSLATED);
    g_assert_cmpuint(request.ccw_count, ==, 256);
    g_assert_cmpstr(channel_guest_check(&guest, &request), ==, NULL);
    g_assert_cmphex(map_cpa(t, 3 * CCW_SIZE), ==, BASE + 0x20 + CCW_SIZE);

    /* With one more run the whole program is rejected. */
    channel_guest_put_ccw(&guest, BASE + 127 * 0x20 + 8, CCW_CMD_TIC, 0, 0, 0x8000);
    channel_guest_put_ccw(&guest, 0x8000, CCW_CMD_NOOP, 0, 0, 0);
    g_assert_cmpint(run(t, &guest, BASE, &request), ==, CHANNEL_TRANSLATE_STATUS);
    g_assert_cmphex(ccw_load_be32(request.irb + CHANNEL_SCSW_OFS_CPA), ==, 0x8000 + CCW_SIZE);
}

/* A read of the maximum length, into 2 KiB blocks that are not adjacent, from the last byte of the first one on. */
static void test_longest_list(void)
{
    g_autoptr(ChannelTranslation) t = channel_translation_new();
    g_auto(ChannelGuest) guest = { 0 };
    guint8 orb[CHANNEL_ORB_SIZE], scsw[CHANNEL_SCSW_SIZE] = { 0 };
    CcwCmdRequest request;
    const guint64 *list;

    channel_guest_init(&guest);
    channel_guest_add(&guest, 0, 0x40000);
    channel_guest_put_ccw(&guest, BASE, DASD_CODE_READ_DATA_MT, CCW_FLAG_IDA, 65535, 0x2000);
    ccw_store_be64(channel_guest_at(&guest, 0x2000), 0x10000 + 2047);
    for (guint i = 1; i < 33; i++)
        ccw_store_be64(channel_guest_at(&guest, 0x2000 + i * 8), 0x10000 + i * 4096);
    /* It fits in 33 entries only as 1 + 31 * 2048 + 2046, so there is no 34th. */
    make_orb(orb, ORB_FLAGS | CHANNEL_ORB_T2K, BASE);
    g_assert_cmpint(channel_translate(t, &guest.memory, orb, scsw, &request), ==, CHANNEL_TRANSLATED);
    g_assert_cmpstr(channel_guest_check(&guest, &request), ==, NULL);
    /* The last block is outside of storage: the device finds this only when it reaches the block. */
    ccw_store_be64(channel_guest_at(&guest, 0x2000 + 32 * 8), 0x40000);
    g_assert_cmpint(channel_translate(t, &guest.memory, orb, scsw, &request), ==, CHANNEL_TRANSLATED);
    list = (const guint64 *)(guintptr)((const ChannelProgram *)(guintptr)request.program)->cda[0];
    g_assert_cmpuint(list[31], !=, 0);
    g_assert_cmpuint(list[32], ==, 0);
}

static void test_map_irb(void)
{
    g_autoptr(ChannelTranslation) t = channel_translation_new();
    g_auto(ChannelGuest) guest = { 0 };
    guint8 irb[CHANNEL_IRB_SIZE] = { 0x00, 0xc0, 0x40, 0x17 };
    guint8 orb[CHANNEL_ORB_SIZE], scsw[CHANNEL_SCSW_SIZE] = { 0 };
    CcwCmdRequest request;

    channel_guest_init(&guest);
    channel_guest_add(&guest, 0, 0x10000);
    put_noops(&guest, BASE, 3, FALSE);
    g_assert_cmpint(run(t, &guest, BASE, &request), ==, CHANNEL_TRANSLATED);
    g_assert_cmphex(map_cpa(t, 0), ==, BASE);
    g_assert_cmphex(map_cpa(t, 8), ==, BASE + 8);
    g_assert_cmphex(map_cpa(t, 24), ==, BASE + 24);
    /* The NOOP that the translation adds has no CCW in the guest, and addresses beyond the program have none either. */
    g_assert_cmphex(map_cpa(t, 32), ==, BASE + 24);
    g_assert_cmphex(map_cpa(t, 0xfffffff8), ==, BASE + 24);

    /* The IRB has the guest's format 0, although the translated program has format 1. */
    ccw_store_be64(channel_guest_at(&guest, BASE), 0x0300000000000001);
    make_orb(orb, CHANNEL_ORB_PREFETCH, BASE);
    g_assert_cmpint(channel_translate(t, &guest.memory, orb, scsw, &request), ==, CHANNEL_TRANSLATED);
    g_assert_cmphex(ccw_load_be32(request.orb + CHANNEL_ORB_OFS_FLAGS), ==,
                    CHANNEL_ORB_PREFETCH | CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_ILS);
    channel_translation_map_irb(t, irb);
    g_assert_cmphex(ccw_load_be16(irb), ==, CHANNEL_SCSW_FLAG_P);
}

/* Random programs, most of them with plausible fields. tests/fuzz goes further. */
static void test_noise(void)
{
    static const guint8 commands[] = { 0x02, 0x03, 0x04, 0x08, 0x08, 0x31, 0x85, 0x86, 0x0c, 0xe4 };
    g_autoptr(GRand) rand = g_rand_new_with_seed(3390);
    g_autoptr(ChannelTranslation) t = channel_translation_new();
    guint translated = 0;

    for (guint round = 0; round < 20000; round++) {
        g_auto(ChannelGuest) guest = { 0 };
        guint8 orb[CHANNEL_ORB_SIZE], scsw[CHANNEL_SCSW_SIZE] = { 0 };
        CcwCmdRequest request;

        channel_guest_init(&guest);
        channel_guest_add(&guest, 0, 0x1000);
        channel_guest_add(&guest, 0x1000, 0x1000);
        for (guint32 at = 0; at < 0x2000; at += CCW_SIZE)
            channel_guest_put_ccw(&guest, at, commands[g_rand_int_range(rand, 0, G_N_ELEMENTS(commands))],
                                  g_rand_int(rand) & (g_rand_boolean(rand) ? 0x40 : 0xf4),
                                  g_rand_boolean(rand) ? 0 : g_rand_int_range(rand, 0, 0x1000),
                                  g_rand_int_range(rand, 0, 0x2400) & ~7u);
        channel_modes_next(t);
        make_orb(orb, g_rand_int(rand) & ~(CHANNEL_ORB_SUSPEND | CHANNEL_ORB_TRANSPORT),
                 (guint32)g_rand_int_range(rand, 0, 0x2010) & ~7u);
        if (channel_translate(t, &guest.memory, orb, scsw, &request) == CHANNEL_TRANSLATED) {
            translated++;
            g_assert_cmpstr(channel_guest_check(&guest, &request), ==, NULL);
        } else {
            g_assert_cmphex(request.irb[CHANNEL_SCSW_OFS_CSTAT], ==, CHANNEL_CSTAT_PROGRAM_CHECK);
        }
    }
    /* The random programs would prove nothing if all of them were rejected. */
    g_assert_cmpuint(translated, >, 4000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/channel/length", test_length);
    g_test_add_func("/channel/length/two-ends", test_length_two_ends);
    g_test_add_func("/channel/many-runs", test_many_runs);
    g_test_add_func("/channel/longest-list", test_longest_list);
    g_test_add_func("/channel/map-irb", test_map_irb);
    g_test_add_func("/channel/noise", test_noise);
    return g_test_run();
}
