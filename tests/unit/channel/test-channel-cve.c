/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Known errors of earlier translators: the kernel's (drivers/s390/cio/vfio_ccw_cp.c), by CVE number, and those of the
 * 2016 series. Errors outside of the translation (a region's index, locks) are in tests/unit/vfio/test-vfio-cve.c.
 */
#include <string.h>

#include "channel-guest.h"
#include "channel-modes.h"
#include "channel-watch.h"
#include "dasd/dasd-codes.h"
#include "util/endian.h"

#define BASE 0x1000u
#define LIST 0x2000u
#define DATA 0x8000u
#define READ_ONCE_SIZE 0x40000u /* large enough for every mode of translating plain CCWs */
#define ORB_FLAGS (CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64)

typedef struct {
    ChannelTranslation *t;
    ChannelGuest guest;
    CcwCmdRequest request;
} Case;

static void begin(Case *c, gsize size)
{
    *c = (Case){ .t = channel_translation_new() };
    channel_guest_init(&c->guest);
    channel_guest_add(&c->guest, 0, size);
}

static void end(Case *c)
{
    channel_guest_clear(&c->guest);
    channel_translation_free(c->t);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Case, end)

static ChannelTranslateResult run_in(ChannelTranslation *t, Case *c, guint32 flags, guint32 cpa)
{
    static const guint8 scsw[CHANNEL_SCSW_SIZE];
    guint8 orb[CHANNEL_ORB_SIZE] = { 0 };

    ccw_store_be32(orb + CHANNEL_ORB_OFS_FLAGS, flags);
    ccw_store_be32(orb + CHANNEL_ORB_OFS_CPA, cpa);
    return channel_translate(t, &c->guest.memory, orb, scsw, &c->request);
}

static ChannelTranslateResult run(Case *c, guint32 flags, guint32 cpa)
{
    return run_in(c->t, c, flags, cpa);
}

static void assert_program_check(const Case *c, guint32 cpa)
{
    g_assert_cmphex(c->request.irb[CHANNEL_SCSW_OFS_CSTAT], ==, CHANNEL_CSTAT_PROGRAM_CHECK);
    g_assert_cmphex(c->request.irb[CHANNEL_SCSW_OFS_DSTAT], ==, 0);
    g_assert_cmphex(ccw_load_be16(c->request.irb + CHANNEL_SCSW_OFS_CTL), ==, 0x4017);
    g_assert_cmphex(ccw_load_be32(c->request.irb + CHANNEL_SCSW_OFS_CPA), ==, cpa);
}

/*
 * The kernel read a 257th CCW out of bounds. Here the 256 CCWs lie at the end of storage, and the page behind them must
 * not be accessed. If the last one has the chaining flag, the translation rejects the program because of its length.
 */
static void test_80550(void)
{
    const guint32 end_of_storage = 0x3000, first = end_of_storage - 256 * CCW_SIZE;
    g_auto(Case) c = { 0 };

    begin(&c, end_of_storage);
    for (guint32 i = 0; i < 256; i++)
        channel_guest_put_ccw(&c.guest, first + i * CCW_SIZE, DASD_CODE_SEEK, CCW_FLAG_CC, 6, DATA % end_of_storage);
    g_assert_cmpint(run(&c, ORB_FLAGS, first), ==, CHANNEL_TRANSLATE_STATUS);
    assert_program_check(&c, end_of_storage + CCW_SIZE);

    channel_guest_put_ccw(&c.guest, end_of_storage - CCW_SIZE, DASD_CODE_SEEK, 0, 6, 0);
    g_assert_cmpint(run(&c, ORB_FLAGS, first), ==, CHANNEL_TRANSLATED);
    g_assert_cmpuint(c.request.ccw_count, ==, 256);
    g_assert_cmpstr(channel_guest_check(&c.guest, &c.request), ==, NULL);
}

static void put_readable_program(Case *c, guint32 base, guint32 list)
{
    channel_guest_put_ccw(&c->guest, base, DASD_CODE_SEEK, CCW_FLAG_CC, 6, DATA);
    channel_guest_put_ccw(&c->guest, base + 8, DASD_CODE_READ_DATA_MT, CCW_FLAG_CC | CCW_FLAG_IDA, 8192, list);
    channel_guest_put_ccw(&c->guest, base + 16, DASD_CODE_SEARCH_ID_EQUAL, CCW_FLAG_CC, 5, DATA);
    channel_guest_put_ccw(&c->guest, base + 24, CCW_CMD_TIC, 0, 0, base + 16);
    channel_guest_put_ccw(&c->guest, base + 32, DASD_CODE_READ_DATA, 0, 100, DATA);
    ccw_store_be64(channel_guest_at(&c->guest, list), DATA + 5);
    ccw_store_be64(channel_guest_at(&c->guest, list + 8), DATA + 0x2000);
    ccw_store_be64(channel_guest_at(&c->guest, list + 16), DATA + 0x4000);
}

/*
 * Puts the word at the start of a page. A wider access that includes the word then faults, too: if it begins in the
 * page before, the faulting address is still that of the word.
 */
static void read_once(ChannelTranslation *t, guint32 base, guint32 list, guint32 word)
{
    g_auto(Case) c = { 0 };
    ChannelTranslateResult result;
    guint reads;

    begin(&c, READ_ONCE_SIZE);
    put_readable_program(&c, base, list);
    channel_watch_begin(channel_guest_at(&c.guest, word), G_MAXUINT64);
    result = run_in(t, &c, ORB_FLAGS, base);
    reads = channel_watch_end();
    g_assert_cmpuint(reads, ==, 1);
    g_assert_cmpint(result, ==, CHANNEL_TRANSLATED);
    g_assert_cmpstr(channel_guest_check(&c.guest, &c.request), ==, NULL);
}

/*
 * The kernel read the first IDAW twice, once to check it. Every IDAW and CCW is read once, and changed right after
 * that.
 */
static void test_80551(void)
{
    g_autoptr(ChannelTranslation) t = channel_translation_new();

    if (!CHANNEL_WATCH_AVAILABLE) {
        g_test_skip("accesses are counted on x86-64 alone");
        return;
    }
    for (guint mode = 0; mode < CHANNEL_MODES; mode++) {
        channel_modes_next(t);
        for (guint32 i = 0; i < 5; i++)
            read_once(t, 0x3000 - i * CCW_SIZE, 0x5000, 0x3000);
        for (guint32 i = 0; i < 3; i++)
            read_once(t, 0x3000, 0x5000 - i * 8, 0x5000);
    }
}

typedef struct {
    guint64 *at[5];
    guint64 values[5][2]; /* the values in storage */
    gint stop;
} Flipper;

static gpointer flip(gpointer data)
{
    Flipper *flipper = data;

    for (guint n = 0; !g_atomic_int_get(&flipper->stop); n++)
        for (guint i = 0; i < G_N_ELEMENTS(flipper->at); i++)
            __atomic_store_n(flipper->at[i], flipper->values[i][(n >> i) & 1], __ATOMIC_RELAXED);
    return NULL;
}

/* The same, with another processor of the guest that writes all the time: no translated address is out of bounds. */
static void test_80551_thread(void)
{
    static const struct {
        guint32 address;
        guint64 values[2];
    } rows[] = {
        { BASE, { 0x0740000600008000, 0x08000000deadbee8 } },
        { BASE + 8, { 0x8644200000002000, 0x0240ffff7ffffff0 } },
        { BASE + 24, { 0x0800000000001010, 0x080000007ffffff8 } },
        { LIST, { DATA + 5, G_MAXUINT64 - 7 } },
        { LIST + 8, { DATA + 0x2000, READ_ONCE_SIZE - 0x1000 + 0x1001 } },
    };
    gint64 until = g_get_monotonic_time() + G_TIME_SPAN_SECOND / 2;
    Flipper flipper = { .stop = 0 };
    g_auto(Case) c = { 0 };
    guint seen[2] = { 0 };
    GThread *thread;

    begin(&c, READ_ONCE_SIZE);
    put_readable_program(&c, BASE, LIST);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        flipper.at[i] = (guint64 *)(void *)channel_guest_at(&c.guest, rows[i].address);
        for (guint k = 0; k < 2; k++)
            flipper.values[i][k] = GUINT64_TO_BE(rows[i].values[k]);
    }
    thread = g_thread_new("flipper", flip, &flipper);
    while (g_get_monotonic_time() < until || !seen[0] || !seen[1]) {
        ChannelTranslateResult result;

        channel_modes_next(c.t);
        result = run(&c, ORB_FLAGS, BASE);
        seen[result == CHANNEL_TRANSLATED]++;
        if (result == CHANNEL_TRANSLATED)
            g_assert_cmpstr(channel_guest_check(&c.guest, &c.request), ==, NULL);
        else
            g_assert_cmpint(result, ==, CHANNEL_TRANSLATE_STATUS);
    }
    g_atomic_int_set(&flipper.stop, 1);
    g_thread_join(thread);
}

/*
 * The kernel fetched segments behind TICs without a bound, which cost the host memory and time. This program has 4000.
 */
static void test_80554(void)
{
    g_auto(Case) c = { 0 };

    begin(&c, 0x20000);
    for (guint32 i = 0; i < 4000; i++) {
        channel_guest_put_ccw(&c.guest, BASE + i * 0x18, CCW_CMD_NOOP, CCW_FLAG_CC, 0, 0);
        channel_guest_put_ccw(&c.guest, BASE + i * 0x18 + 8, CCW_CMD_TIC, 0, 0, BASE + (i + 1) * 0x18);
    }
    for (guint i = 0; i < 1000; i++) {
        g_assert_cmpint(run(&c, ORB_FLAGS, BASE), ==, CHANNEL_TRANSLATE_STATUS);
        assert_program_check(&c, BASE + 128 * 0x18 + CCW_SIZE);
    }
}

/* The series took any number as the index of a cda entry. Here each CCW has its own entry, and lists are bounded. */
static void test_series_cda_index(void)
{
    g_auto(Case) c = { 0 };
    const ChannelProgram *program;

    begin(&c, 0x20000);
    for (guint32 i = 0; i < 256; i++)
        channel_guest_put_ccw(&c.guest, BASE + i * CCW_SIZE, DASD_CODE_WRITE_DATA,
                              i < 255 ? CCW_FLAG_CC | CCW_FLAG_IDA : CCW_FLAG_IDA, 65535, LIST);
    for (guint i = 0; i < 4096; i++)
        ccw_store_be64(channel_guest_at(&c.guest, LIST + i * 8), i ? 0x10000 : 0x10000 + 2047);
    g_assert_cmpint(run(&c, ORB_FLAGS | CHANNEL_ORB_T2K, BASE), ==, CHANNEL_TRANSLATED);
    program = (const ChannelProgram *)(guintptr)c.request.program;
    for (guint32 i = 0; i < 256; i++)
        g_assert_cmpuint(ccw_load_be32(program->ccw[i] + CCW_OFS_CDA), ==, 2048 + 8 * i);
    g_assert_cmpstr(channel_guest_check(&c.guest, &c.request), ==, NULL);
}

/* The series did not check the alignment of a TIC's target. */
static void test_series_tic_alignment(void)
{
    g_auto(Case) c = { 0 };
    const ChannelProgram *program;

    begin(&c, 0x10000);
    for (guint32 off = 1; off < CCW_SIZE; off++) {
        channel_guest_put_ccw(&c.guest, BASE, CCW_CMD_NOOP, CCW_FLAG_CC, 0, 0);
        channel_guest_put_ccw(&c.guest, BASE + 8, CCW_CMD_TIC, 0, 0, BASE + off);
        g_assert_cmpint(run(&c, ORB_FLAGS, BASE), ==, CHANNEL_TRANSLATED);
        program = (const ChannelProgram *)(guintptr)c.request.program;
        g_assert_cmphex(program->ccw[1][CCW_OFS_CMD], ==, 0);
        g_assert_cmpuint(c.request.ccw_count, ==, 2);
    }
}

/*
 * The series ignored failures to pin pages. Here data outside of the guest's storage is a program check at its first
 * byte.
 */
static void test_series_pinning(void)
{
    static const guint32 bad[] = { 0x10000, 0x7fff0000, 0x7fffffff };
    g_auto(Case) c = { 0 };

    begin(&c, 0x10000);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        channel_guest_put_ccw(&c.guest, BASE, DASD_CODE_READ_IPL, CCW_FLAG_SLI, 100, bad[i]);
        g_assert_cmpint(run(&c, ORB_FLAGS, BASE), ==, CHANNEL_TRANSLATE_STATUS);
        assert_program_check(&c, BASE + CCW_SIZE);
        g_assert_cmpuint(ccw_load_be16(c.request.irb + CHANNEL_SCSW_OFS_COUNT), ==, 100);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/channel/cve-2026-80550/the-257th-ccw", test_80550);
    g_test_add_func("/channel/cve-2026-80551/read-once", test_80551);
    g_test_add_func("/channel/cve-2026-80551/changed-meanwhile", test_80551_thread);
    g_test_add_func("/channel/cve-2026-80554/segments", test_80554);
    g_test_add_func("/channel/series/cda-index", test_series_cda_index);
    g_test_add_func("/channel/series/tic-alignment", test_series_tic_alignment);
    g_test_add_func("/channel/series/pinning", test_series_pinning);
    return g_test_run();
}
