/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All modes of translating plain CCWs, the fastest of which works in blocks, must make the same program. Puts every
 * kind of CCW at every position of a block, in storage of every form, and then tries random programs.
 */
#include <string.h>

#include "channel-modes.h"
#include "util/endian.h"

#define BASE 0x1000u
#define LIST 0x3000u
#define DATA 0x8000u
#define LENGTH 37 /* more than two of the largest blocks */
#define ROUNDS 30000

/* Forms of storage. The CCWs are in the first piece that holds BASE. */
static const struct {
    const char *name;
    guint64 pieces[3][2]; /* address, size */
    guint read_only;      /* bit i: piece i is read-only */
} forms[] = {
    { "one piece", { { 0, 0x40000 } }, 0 },
    { "one piece, all of it below the room for any count", { { 0, 0x10000 } }, 0 },
    { "not from 0 on", { { BASE, 0x40000 } }, 0 },
    { "across the end of what format 0 can name", { { 0, 0x1010000 } }, 0 },
    { "code ends where storage does", { { 0, 0x40000 }, { 0x50000, BASE } }, 0 },
    { "read-only", { { 0, 0x40000 } }, 1 },
    { "data elsewhere", { { 0, 0x8000 }, { 0x8000, 0x40000 } }, 0 },
    { "code cannot be stored into", { { 0, 0x2000 }, { 0x2000, 0x40000 } }, 1 },
};

static void make_guest(ChannelGuest *guest, guint form)
{
    channel_guest_init(guest);
    for (guint i = 0; i < 3 && forms[form].pieces[i][1]; i++)
        channel_guest_add(guest, forms[form].pieces[i][0], forms[form].pieces[i][1])->read_only =
            forms[form].read_only >> i & 1;
}

static void put_ccw(ChannelGuest *guest, gboolean format1, guint32 at, guint64 ccw)
{
    /* The unused byte of a format-0 CCW is never 0 here. */
    if (!format1)
        ccw =
            (ccw & 0xffull << 56) | (ccw & 0xffffff) << 32 | (ccw >> 24 & 0xff000000) | 0xa50000 | (ccw >> 32 & 0xffff);
    ccw_store_be64(channel_guest_at(guest, at), ccw);
}

/* CCWs that can be between plain CCWs, and plain ones. */
static const struct {
    const char *name;
    guint64 ccw; /* format 1 */
} kinds[] = {
    { "read", 0x8640100000008000 },
    { "write, SLI and PCI", 0x0568000100008001 },
    { "sense", 0x0460001800009000 },
    { "define extent", 0x6340001000009000 },
    { "the end", 0x8600100000008000 },
    { "NOOP", 0x0340000000000000 },
    { "NOOP with a count and no address", 0x034000017ffffff0 },
    { "search", 0x3140000500008000 },
    { "TIC back", 0x0800000000001000 },
    { "TIC into the middle of a block", 0x0800000000001048 },
    { "TIC ahead", 0x0800000000001130 },
    { "TIC with flags", 0x0840000000001000 },
    { "TIC, as format 0 has it", 0xf800000000001000 },
    { "invalid command 00", 0x0040000100008000 },
    { "invalid command 50", 0x5040000100008000 },
    { "read backward", 0x0c40000100008000 },
    { "IDAL", 0x8644200000003000 },
    { "IDAL that is not aligned", 0x8644200000003001 },
    { "skip", 0x8650100000008000 },
    { "skip of a write", 0x0550100000008000 },
    { "data chaining", 0x0680001000008000 },
    { "data chaining, command too", 0x05c0001000008000 },
    { "suspend", 0x0642001000008000 },
    { "MIDA", 0x0641001000008000 },
    { "count 0", 0x0640000000008000 },
    { "count 65535", 0x0640ffff00010000 },
    { "count 65535, to the last byte", 0x0640ffff00030001 },
    { "count 65535, beyond the last byte", 0x0640ffff00030002 },
    { "address 0", 0x0640100000000000 },
    { "to the last byte", 0x064000010003ffff },
    { "beyond the last byte", 0x064000020003ffff },
    { "at the end", 0x0640000100040000 },
    { "no storage", 0x0540000100100000 },
    { "beyond 16 MiB", 0x0640100000fff001 },
    { "to 16 MiB", 0x0640100000fff000 },
    { "the high bit", 0x0640000180008000 },
    { "all bits of the address", 0x06400001ffffffff },
    { "across two pieces", 0x0640100000007800 },
    { "nothing", 0 },
    { "everything", G_MAXUINT64 },
};

static void compare(const ChannelGuest *guest, guint32 flags, guint32 cpa, const char *what)
{
    guint8 orb[CHANNEL_ORB_SIZE] = { 0 };
    const char *verdict;

    ccw_store_be32(orb + CHANNEL_ORB_OFS_FLAGS, flags);
    ccw_store_be32(orb + CHANNEL_ORB_OFS_CPA, cpa);
    verdict = channel_modes_compare(guest, orb);
    if (verdict)
        g_error("%s: ORB %08x %08x: %s", what, flags, cpa, verdict);
}

/* Puts every kind of CCW at every position of a chain of plain CCWs. */
static void compare_lanes(guint form, guint32 flags)
{
    const gboolean format1 = (flags & CHANNEL_ORB_FORMAT1) != 0;
    g_auto(ChannelGuest) guest = { 0 };

    make_guest(&guest, form);
    for (gsize kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
        for (guint place = 0; place < LENGTH; place++) {
            for (guint i = 0; i < LENGTH; i++)
                put_ccw(&guest, format1, BASE + i * CCW_SIZE,
                        (i & 1 ? 0x8640010000008000 : 0x0540010000008000) + i * 0x111);
            put_ccw(&guest, format1, BASE + (LENGTH - 1) * CCW_SIZE, 0x0500010000008000);
            put_ccw(&guest, format1, BASE + place * CCW_SIZE, kinds[kind].ccw);
            compare(&guest, flags, BASE, kinds[kind].name);
            compare(&guest, flags, BASE + 3 * CCW_SIZE, kinds[kind].name);
        }
    }
}

static void test_lanes(void)
{
    for (guint form = 0; form < G_N_ELEMENTS(forms); form++) {
        compare_lanes(form, CHANNEL_ORB_C64);
        compare_lanes(form, CHANNEL_ORB_C64 | CHANNEL_ORB_FORMAT1);
        compare_lanes(form, CHANNEL_ORB_C64 | CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_SUSPEND);
    }
}

static void put_chain(ChannelGuest *guest, gboolean format1, guint32 base, guint n)
{
    for (guint i = 0; i < n; i++)
        put_ccw(guest, format1, base + i * CCW_SIZE, i + 1 < n ? 0x8640100000008000 : 0x0500100000008000);
}

/* All lengths, and beyond the maximum: from the first position on, from the third, and at the end of storage. */
static void test_lengths(void)
{
    g_auto(ChannelGuest) guest = { 0 };

    make_guest(&guest, 0);
    for (guint n = 1; n <= CHANNEL_PROGRAM_MAX + 1; n++) {
        for (guint format1 = 0; format1 < 2; format1++) {
            const guint32 flags = CHANNEL_ORB_C64 | (format1 ? CHANNEL_ORB_FORMAT1 : 0);
            const guint32 at_end = 0x40000 - n * CCW_SIZE;

            put_chain(&guest, format1, BASE, n);
            compare(&guest, flags, BASE, "length");
            put_ccw(&guest, format1, LIST, 0x0340000100000000);
            put_ccw(&guest, format1, LIST + CCW_SIZE, 0x0800000000000000 | BASE);
            compare(&guest, flags, LIST, "length, behind a TIC");
            put_chain(&guest, format1, at_end, n);
            compare(&guest, flags, at_end, "length, at the end of storage");
        }
    }
}

static guint64 pick_ccw(GRand *rand)
{
    static const guint8 commands[] = { 0x02, 0x04, 0x05, 0x06, 0x85, 0x86, 0x63, 0x47, 0x1d, 0xe4, 0x07 };
    const gint dice = g_rand_int_range(rand, 0, 100);
    guint64 ccw = kinds[g_rand_int_range(rand, 0, G_N_ELEMENTS(kinds))].ccw;

    if (dice < 90) {
        ccw = (guint64)commands[g_rand_int_range(rand, 0, G_N_ELEMENTS(commands))] << 56 | 0x40ull << 48;
        ccw |= (guint64)g_rand_int_range(rand, 1, 0x10000) << 32 | (guint32)g_rand_int_range(rand, 0, 0x40000);
    } else if (dice < 94) {
        ccw ^= 1ull << g_rand_int_range(rand, 0, 64);
    } else if (dice < 95) {
        ccw = (guint64)g_rand_int(rand) << 32 | g_rand_int(rand);
    }
    return ccw;
}

static void test_random(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(3390);

    for (guint form = 0; form < G_N_ELEMENTS(forms); form++) {
        g_auto(ChannelGuest) guest = { 0 };

        make_guest(&guest, form);
        for (guint i = 0; i < 64; i++)
            ccw_store_be64(channel_guest_at(&guest, LIST + i * 8),
                           i % 13 ? (guint64)(i * 0x1000) : (guint64)g_rand_int(rand));
        for (guint round = 0; round < ROUNDS / G_N_ELEMENTS(forms); round++) {
            const guint32 flags = g_rand_int(rand) & ~(guint32)CHANNEL_ORB_TRANSPORT;
            const guint32 base = BASE + (guint32)g_rand_int_range(rand, 0, 16) * CCW_SIZE;
            const guint n = (guint)g_rand_int_range(rand, 1, g_rand_boolean(rand) ? 40 : 270);
            g_autofree char *what = g_strdup_printf("%s, round %u", forms[form].name, round);

            for (guint i = 0; i < n; i++)
                put_ccw(&guest, (flags & CHANNEL_ORB_FORMAT1) != 0, base + i * CCW_SIZE, pick_ccw(rand));
            put_ccw(&guest, TRUE, base + n * CCW_SIZE, 0);
            compare(&guest, flags, base, what);
        }
    }
}

static void assert_taken(ChannelTranslation *t, const ChannelGuest *guest, guint32 flags, guint block)
{
    guint8 orb[CHANNEL_ORB_SIZE] = { 0 }, scsw[CHANNEL_SCSW_SIZE] = { 0 };
    CcwCmdRequest request;

    ccw_store_be32(orb + CHANNEL_ORB_OFS_FLAGS, flags);
    ccw_store_be32(orb + CHANNEL_ORB_OFS_CPA, BASE);
    g_assert_cmpint(channel_translate(t, &guest->memory, orb, scsw, &request), ==, CHANNEL_TRANSLATED);
    g_assert_cmpuint(request.ccw_count, ==, CHANNEL_PROGRAM_MAX);
    /* The last CCW is not plain, and was read in one block with those before it. */
    g_assert_cmpuint(t->read_ahead.n, ==, block);
    if (block) {
        g_assert_cmpuint(t->read_ahead.first, ==, CHANNEL_PROGRAM_MAX - block);
        g_assert_cmphex(t->read_ahead.plain, ==, (1u << (block - 1)) - 1);
    }
}

/* The comparison would prove nothing if no block was translated as a whole. */
static void test_taken(void)
{
    static const struct {
        const char *name;
        guint block;
    } modes[] = { { "not", 0 }, { "singly", 1 }, { "AVX2", 8 }, { "AVX-512", 16 } };
    g_autoptr(ChannelTranslation) t = channel_translation_new();
    g_auto(ChannelGuest) guest = { 0 };

    make_guest(&guest, 0);
    for (guint mode = 0; mode < G_N_ELEMENTS(modes); mode++) {
        if (!channel_translate_plain_set_mode(t, mode)) {
            g_test_message("%s: not on this machine", modes[mode].name);
            continue;
        }
        put_chain(&guest, FALSE, BASE, CHANNEL_PROGRAM_MAX);
        assert_taken(t, &guest, 0, modes[mode].block);
        put_chain(&guest, TRUE, BASE, CHANNEL_PROGRAM_MAX);
        assert_taken(t, &guest, CHANNEL_ORB_FORMAT1, modes[mode].block);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/channel/plain/taken", test_taken);
    g_test_add_func("/channel/plain/lanes", test_lanes);
    g_test_add_func("/channel/plain/lengths", test_lengths);
    g_test_add_func("/channel/plain/random", test_random);
    return g_test_run();
}
