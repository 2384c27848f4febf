/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The translation allocates nothing, and knows nothing but what it is given: translations run in several threads and
 * within one another.
 */
#include <string.h>

#include "../allocations.h"
#include "channel-guest.h"
#include "util/endian.h"

#define BASE 0x1000u
#define LIST 0x4000u
#define DATA 0x10000u
#define THREADS 3
#define ROUNDS 3000

static void make_orb(guint8 orb[CCW_ORB_SIZE], guint32 flags, guint32 cpa)
{
    memset(orb, 0, CCW_ORB_SIZE);
    ccw_store_be32(orb + CCW_ORB_OFS_FLAGS, flags);
    ccw_store_be32(orb + CCW_ORB_OFS_CPA, cpa);
}

/* n CCWs from `at` on: writes with lists and reads without, searches with TICs, across pieces and out of storage. */
static void put_chain(ChannelGuest *guest, guint32 at, guint n)
{
    for (guint i = 0; i < n; i++) {
        guint8 flags = i + 1 < n ? CCW_FLAG_CC : 0;

        switch (i % 5) {
        case 0:
            channel_guest_put_ccw(guest, at + i * 8, 0x86, flags, 4096, DATA + i * 64);
            break;
        case 1:
            channel_guest_put_ccw(guest, at + i * 8, 0x05, flags | CCW_FLAG_IDA, 20000, LIST);
            break;
        case 2:
            channel_guest_put_ccw(guest, at + i * 8, 0x31, flags, 5, DATA);
            break;
        case 3:
            channel_guest_put_ccw(guest, at + i * 8, CCW_CMD_TIC, 0, 0, at + i * 8 - 8);
            break;
        default:
            channel_guest_put_ccw(guest, at + i * 8, 0x02, flags, 65535, 0x1f000);
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

static CcwTranslateResult run(CcwTranslation *t, const CcwMemory *memory, guint32 flags, guint32 cpa,
                              CcwCmdRequest *request)
{
    static const guint8 scsw[CCW_SCSW_SIZE];
    guint8 orb[CCW_ORB_SIZE];
    CcwTranslateResult result;

    make_orb(orb, flags, cpa);
    result = ccw_translate(t, memory, orb, scsw, request);
    if (result == CCW_TRANSLATED) {
        ccw_store_be32(request->irb + CCW_SCSW_OFS_CPA, request->ccw_count * CCW_SIZE);
        ccw_translation_map_irb(t, request->irb);
    }
    return result;
}

static void test_no_allocation(void)
{
    static const struct {
        guint32 flags, cpa;
        CcwTranslateResult result;
    } rows[] = {
        { CCW_ORB_FORMAT1 | CCW_ORB_C64, BASE, CCW_TRANSLATED },
        { CCW_ORB_FORMAT1, BASE + 0x1000, CCW_TRANSLATED },
        { CCW_ORB_FORMAT1 | CCW_ORB_C64 | CCW_ORB_T2K, BASE + 0x1000, CCW_TRANSLATED },
        { CCW_ORB_FORMAT1 | CCW_ORB_C64, BASE + 3 * 8, CCW_TRANSLATE_STATUS },
        { CCW_ORB_FORMAT1 | CCW_ORB_C64, 0x7ffffff8, CCW_TRANSLATE_STATUS },
        { 0, BASE, CCW_TRANSLATE_STATUS },
    };
    g_autoptr(CcwTranslation) t = ccw_translation_new();
    g_auto(ChannelGuest) guest = { 0 };
    CcwCmdRequest request;

    if (!allocations_are_counted())
        return;
    make_guest(&guest);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        CcwTranslateResult result;
        gint before = allocations_count();

        result = run(t, &guest.memory, rows[i].flags, rows[i].cpa, &request);
        g_assert_cmpint(allocations_count(), ==, before);
        g_assert_cmpint(result, ==, rows[i].result);
    }
}

/* All but the addresses of lists, which are each translation's own. */
static void assert_same(const CcwCmdRequest *a, const CcwCmdRequest *b)
{
    const CcwProgram *program_a = (const CcwProgram *)(guintptr)a->program;
    const CcwProgram *program_b = (const CcwProgram *)(guintptr)b->program;

    g_assert_cmpuint(a->ccw_count, ==, b->ccw_count);
    g_assert_cmpmem(a->irb, CCW_IRB_SIZE, b->irb, CCW_IRB_SIZE);
    g_assert_cmpmem(program_a->ccw, a->ccw_count * CCW_SIZE, program_b->ccw, b->ccw_count * CCW_SIZE);
    for (guint i = 0; i < a->ccw_count; i++)
        if (!(program_a->ccw[i][CCW_OFS_FLAGS] & CCW_FLAG_IDA))
            g_assert_cmpuint(program_a->cda[i], ==, program_b->cda[i]);
}

static ChannelGuest shared;
static CcwCmdRequest expected;

static gpointer translate_many(gpointer unused G_GNUC_UNUSED)
{
    g_autoptr(CcwTranslation) t = ccw_translation_new();

    for (guint i = 0; i < ROUNDS; i++) {
        CcwCmdRequest request;

        g_assert_cmpint(run(t, &shared.memory, CCW_ORB_FORMAT1 | CCW_ORB_C64, BASE, &request), ==, CCW_TRANSLATED);
        assert_same(&request, &expected);
    }
    return NULL;
}

/* Looking something up in the guest's storage starts another translation. */
static guint8 *map_within(void *opaque, guint64 address, gsize length, gboolean write, gsize *ret_length)
{
    CcwTranslation *inner = opaque;
    CcwCmdRequest request;

    g_assert_cmpint(run(inner, &shared.memory, CCW_ORB_FORMAT1, BASE + 0x1000, &request), ==, CCW_TRANSLATED);
    return shared.memory.map(shared.memory.opaque, address, length, write, ret_length);
}

static void test_reentrant(void)
{
    g_autoptr(CcwTranslation) t = ccw_translation_new();
    g_autoptr(CcwTranslation) outer = ccw_translation_new();
    g_autoptr(CcwTranslation) inner = ccw_translation_new();
    CcwMemory within = { .map = map_within, .opaque = inner };
    GThread *threads[THREADS];
    CcwCmdRequest request;

    make_guest(&shared);
    g_assert_cmpint(run(t, &shared.memory, CCW_ORB_FORMAT1 | CCW_ORB_C64, BASE, &expected), ==, CCW_TRANSLATED);
    g_assert_cmpstr(channel_guest_judge(&shared, &expected), ==, NULL);
    for (guint i = 0; i < THREADS; i++)
        threads[i] = g_thread_new("translate", translate_many, NULL);
    for (guint i = 0; i < THREADS; i++)
        g_thread_join(threads[i]);

    g_assert_cmpint(run(outer, &within, CCW_ORB_FORMAT1 | CCW_ORB_C64, BASE, &request), ==, CCW_TRANSLATED);
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
