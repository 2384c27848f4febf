/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The translation allocates nothing and has no state outside of its arguments: translations run in several threads and
 * within one another.
 */
#include <string.h>

#include "../allocations.h"
#include "channel-guest.h"
#include "dasd/dasd-codes.h"
#include "util/endian.h"

#define BASE 0x1000u
#define LIST 0x4000u
#define DATA 0x10000u
#define THREADS 3
#define ROUNDS 3000

static void make_orb(guint8 orb[CHANNEL_ORB_SIZE], guint32 flags, guint32 cpa)
{
    memset(orb, 0, CHANNEL_ORB_SIZE);
    ccw_store_be32(orb + CHANNEL_ORB_OFS_FLAGS, flags);
    ccw_store_be32(orb + CHANNEL_ORB_OFS_CPA, cpa);
}

/*
 * Stores n CCWs from `at` on: writes with lists, reads without, and searches with TICs, across pieces and out of
 * storage.
 */
static void put_chain(ChannelGuest *guest, guint32 at, guint n)
{
    for (guint i = 0; i < n; i++) {
        guint8 flags = i + 1 < n ? CCW_FLAG_CC : 0;

        switch (i % 5) {
        case 0:
            channel_guest_put_ccw(guest, at + i * 8, DASD_CODE_READ_DATA_MT, flags, 4096, DATA + i * 64);
            break;
        case 1:
            channel_guest_put_ccw(guest, at + i * 8, DASD_CODE_WRITE_DATA, flags | CCW_FLAG_IDA, 20000, LIST);
            break;
        case 2:
            channel_guest_put_ccw(guest, at + i * 8, DASD_CODE_SEARCH_ID_EQUAL, flags, 5, DATA);
            break;
        case 3:
            channel_guest_put_ccw(guest, at + i * 8, CCW_CMD_TIC, 0, 0, at + i * 8 - 8);
            break;
        default:
            channel_guest_put_ccw(guest, at + i * 8, DASD_CODE_READ_IPL, flags, 65535, 0x1f000);
        }
    }
}

static void make_guest(ChannelGuest *guest)
{
    channel_guest_init(guest);
    channel_guest_add(guest, 0, 0x10000);
    channel_guest_add(guest, DATA, 0x10000);
    channel_guest_add(guest, 0x20000, 0x4000);
    put_chain(guest, BASE, 256);
    put_chain(guest, BASE + 0x1000, 20);
    for (guint i = 0; i < 8; i++)
        ccw_store_be64(channel_guest_at(guest, LIST + i * 8), DATA + ((i ^ 3) << 12));
}

static ChannelTranslateResult run(ChannelTranslation *t, const ChannelMemory *memory, guint32 flags, guint32 cpa,
                                  CcwCmdRequest *request)
{
    static const guint8 scsw[CHANNEL_SCSW_SIZE];
    guint8 orb[CHANNEL_ORB_SIZE];
    ChannelTranslateResult result;

    make_orb(orb, flags, cpa);
    result = channel_translate(t, memory, orb, scsw, request);
    if (result == CHANNEL_TRANSLATED) {
        ccw_store_be32(request->irb + CHANNEL_SCSW_OFS_CPA, request->ccw_count * CCW_SIZE);
        channel_translation_map_irb(t, request->irb);
    }
    return result;
}

static void test_no_allocation(void)
{
    static const struct {
        guint32 flags, cpa;
        ChannelTranslateResult result;
    } rows[] = {
        { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_C64, BASE, CHANNEL_TRANSLATED },
        { CHANNEL_ORB_FORMAT1, BASE + 0x1000, CHANNEL_TRANSLATED },
        { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_C64 | CHANNEL_ORB_T2K, BASE + 0x1000, CHANNEL_TRANSLATED },
        { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_C64, BASE + 3 * 8, CHANNEL_TRANSLATE_STATUS },
        { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_C64, 0x7ffffff8, CHANNEL_TRANSLATE_STATUS },
        { 0, BASE, CHANNEL_TRANSLATE_STATUS },
    };
    g_autoptr(ChannelTranslation) t = channel_translation_new();
    g_auto(ChannelGuest) guest = { 0 };
    CcwCmdRequest request;

    if (!allocations_are_counted())
        return;
    make_guest(&guest);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        ChannelTranslateResult result;
        gint before = allocations_count();

        result = run(t, &guest.memory, rows[i].flags, rows[i].cpa, &request);
        g_assert_cmpint(allocations_count(), ==, before);
        g_assert_cmpint(result, ==, rows[i].result);
    }
}

/* Compares everything but the addresses of lists, which belong to each translation. */
static void assert_same(const CcwCmdRequest *a, const CcwCmdRequest *b)
{
    const ChannelProgram *program_a = (const ChannelProgram *)(guintptr)a->program;
    const ChannelProgram *program_b = (const ChannelProgram *)(guintptr)b->program;

    g_assert_cmpuint(a->ccw_count, ==, b->ccw_count);
    g_assert_cmpmem(a->irb, CHANNEL_IRB_SIZE, b->irb, CHANNEL_IRB_SIZE);
    g_assert_cmpmem(program_a->ccw, a->ccw_count * CCW_SIZE, program_b->ccw, b->ccw_count * CCW_SIZE);
    for (guint i = 0; i < a->ccw_count; i++)
        if (!(program_a->ccw[i][CCW_OFS_FLAGS] & CCW_FLAG_IDA))
            g_assert_cmpuint(program_a->cda[i], ==, program_b->cda[i]);
}

static ChannelGuest shared;
static CcwCmdRequest expected;

static gpointer translate_many(gpointer unused G_GNUC_UNUSED)
{
    g_autoptr(ChannelTranslation) t = channel_translation_new();

    for (guint i = 0; i < ROUNDS; i++) {
        CcwCmdRequest request;

        g_assert_cmpint(run(t, &shared.memory, CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_C64, BASE, &request), ==,
                        CHANNEL_TRANSLATED);
        assert_same(&request, &expected);
    }
    return NULL;
}

/* A lookup in the guest's storage starts another translation. */
static guint8 *map_within(void *opaque, guint64 address, gsize length, gboolean write, gsize *ret_length)
{
    ChannelTranslation *inner = opaque;
    CcwCmdRequest request;

    g_assert_cmpint(run(inner, &shared.memory, CHANNEL_ORB_FORMAT1, BASE + 0x1000, &request), ==, CHANNEL_TRANSLATED);
    return shared.memory.map(shared.memory.opaque, address, length, write, ret_length);
}

static void test_reentrant(void)
{
    g_autoptr(ChannelTranslation) t = channel_translation_new();
    g_autoptr(ChannelTranslation) outer = channel_translation_new();
    g_autoptr(ChannelTranslation) inner = channel_translation_new();
    ChannelMemory within = { .map = map_within, .opaque = inner };
    GThread *threads[THREADS];
    CcwCmdRequest request;

    make_guest(&shared);
    g_assert_cmpint(run(t, &shared.memory, CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_C64, BASE, &expected), ==,
                    CHANNEL_TRANSLATED);
    g_assert_cmpstr(channel_guest_check(&shared, &expected), ==, NULL);
    for (guint i = 0; i < THREADS; i++)
        threads[i] = g_thread_new("translate", translate_many, NULL);
    for (guint i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);

    g_assert_cmpint(run(outer, &within, CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_C64, BASE, &request), ==, CHANNEL_TRANSLATED);
    assert_same(&request, &expected);
    channel_guest_clear(&shared);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/channel/no-allocation", test_no_allocation);
    g_test_add_func("/channel/reentrant", test_reentrant);
    return g_test_run();
}
