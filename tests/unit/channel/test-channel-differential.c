/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Executes random programs, valid and invalid ones, twice: by the interpreter of channel-interpreter.h, and by the
 * translation with the device's own loop and the toy device's command table. Afterwards storage, status and the
 * program-controlled interruptions must be the same. Programs that suspend themselves are changed and resumed. Storage
 * outside the ranges of channel/stores.h must not change.
 *
 * CCW_TEST_SECONDS=N: runs that long. CCW_TEST_SEED=N: begins with that program.
 */
#include <glib/gstdio.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "channel-interpreter.h"
#include "channel-modes.h"
#include "channel/stores.h"
#include "dasd/dasd-cmd.h"
#include "dasd/dasd-device-private.h"
#include "dasd/dasd-image.h"
#include "util/endian.h"

#define SECONDS 4
#define FIRST_SEED 3390
#define CODE_END 0x4000u
#define LISTS 0x2000u
#define LISTS_SIZE 0x1000u
#define SLOTS_MAX 24
#define RESUMES_MAX 8
#define READ_ONLY 2 /* the index of the piece that some programs cannot store into */

/* Code and lists; data; data that some programs cannot store into; data. The pieces are apart in the host. */
static const struct {
    guint64 address;
    gsize size;
} pieces[] = { { 0, CODE_END }, { 0x10000, 0x8000 }, { 0x18000, 0x1000 }, { 0x19000, 0x10000 } };

/* Half of the programs have storage in one piece, as most guests have. */
#define WHOLE 0x30000u

typedef struct {
    ChannelGuest guest; /* one of the two below */
    ChannelGuest scattered;
    ChannelGuest whole;
    ToyDevice toy;
} Side;

static Side interpreted, translated;
static DasdDevice *dasd;
static ChannelTranslation *translation;
static struct {
    GArray *expected, *taken; /* addresses of interruptions that are reported at once; NULL: all come with the status */
} pcis;

/* --- the toy device behind the device's loop --- */

static gsize exec_put(void *opaque, const void *from, gsize length)
{
    return dasd_data_put(opaque, from, length);
}

static gsize exec_get(void *opaque, void *to, gsize length)
{
    return dasd_data_get(opaque, to, length);
}

static void run_toy(DasdExec *exec)
{
    const ToyPort port = { exec_put, exec_get, &exec->data };

    exec->dstat = toy_device_execute(&translated.toy, exec->ccw.cmd, &port);
}

static const DasdCmd *find_toy(guint8 code)
{
    static const DasdCmd moves = { .name = "MOVES", .run = run_toy };
    static const DasdCmd immediate = { .name = "IMMEDIATE", .run = run_toy, .flags = DASD_CMD_IMMEDIATE };

    switch (toy_device_kind(code)) {
    case TOY_MOVES:
        return &moves;
    case TOY_IMMEDIATE:
        return &immediate;
    case TOY_UNKNOWN:
        break;
    }
    return NULL;
}

/* Returns TRUE if interruptions are reported at once. Otherwise they come with the status. */
static gboolean take_pci(gpointer opaque, const guint8 *of_program)
{
    guint8 irb[CHANNEL_IRB_SIZE];
    guint32 address;

    if (!pcis.taken)
        return FALSE;
    memcpy(irb, of_program, sizeof(irb));
    channel_translation_map_irb(opaque, irb);
    g_assert_cmphex(ccw_load_be16(irb + CHANNEL_SCSW_OFS_CTL), ==, 0x40c9);
    g_assert_cmphex(irb[CHANNEL_SCSW_OFS_CSTAT], ==, CHANNEL_CSTAT_PCI);
    g_assert_cmphex(irb[CHANNEL_SCSW_OFS_DSTAT], ==, 0);
    address = ccw_load_be32(irb + CHANNEL_SCSW_OFS_CPA);
    g_array_append_val(pcis.taken, address);
    return TRUE;
}

/* --- what channel/stores.h says that a program can change --- */

/* Storage as it was before the request, with the changes that are expected. */
static guint8 expected_storage[CHANNEL_GUEST_PIECES][WHOLE];

static void save_storage(void)
{
    for (guint i = 0; i < translated.guest.n_pieces; i++)
        memcpy(expected_storage[i], translated.guest.pieces[i].host, translated.guest.pieces[i].size);
}

static void expect_store(G_GNUC_UNUSED gpointer opaque, guint8 *host, gsize length)
{
    for (guint i = 0; i < translated.guest.n_pieces; i++) {
        const ChannelPiece *piece = &translated.guest.pieces[i];

        if (host < piece->host || host >= piece->host + piece->size)
            continue;
        g_assert_cmpuint(length, <=, piece->size - (gsize)(host - piece->host));
        memcpy(expected_storage[i] + (host - piece->host), host, length);
        return;
    }
    g_assert_not_reached();
}

static void check_stores(const CcwCmdRequest *request)
{
    channel_stores_each(request, expect_store, NULL);
    for (guint i = 0; i < translated.guest.n_pieces; i++)
        g_assert_cmpmem(expected_storage[i], translated.guest.pieces[i].size, translated.guest.pieces[i].host,
                        translated.guest.pieces[i].size);
}

static void translate_and_perform(const guint8 orb[CHANNEL_ORB_SIZE], gboolean resumes,
                                  guint8 ret_scsw[CHANNEL_SCSW_SIZE])
{
    guint8 scsw[CHANNEL_SCSW_SIZE] = { 0, 0, 0x40, 0 };
    CcwCmdRequest request;

    if (resumes)
        ccw_store_be16(scsw + CHANNEL_SCSW_OFS_CTL, 0x4820);
    channel_modes_next(translation);
    switch (channel_translate(translation, &translated.guest.memory, orb, scsw, &request)) {
    case CHANNEL_TRANSLATED:
        g_assert_cmpstr(channel_guest_check(&translated.guest, &request), ==, NULL);
        save_storage();
        g_assert_cmpint(dasd_device_request(dasd, &request), ==, 0);
        check_stores(&request);
        channel_translation_map_irb(translation, request.irb);
        break;
    case CHANNEL_TRANSLATE_STATUS:
        break;
    }
    memcpy(ret_scsw, request.irb, CHANNEL_SCSW_SIZE);
}

/* --- programs --- */

typedef struct {
    GRand *rand;
    guint32 flags; /* of the ORB */
    guint32 base;
    gint slots;
    gboolean tame;      /* has few errors, so that it runs long */
    gboolean whole;     /* storage is one piece */
    gboolean read_only; /* one piece is read-only, and no command searches: see docs/data-plane.md, known limits */
} Program;

static gboolean chance(const Program *p, gint percent)
{
    return g_rand_int_range(p->rand, 0, 100) < percent;
}

static guint32 pick_address(const Program *p)
{
    static const guint32 edges[] = { 0x10000, 0x18000, 0x19000, 0x29000, 0x7ffffff0, 0xfffff0, 0 };
    guint32 edge = edges[g_rand_int_range(p->rand, 0, G_N_ELEMENTS(edges))];

    if (p->tame || chance(p, 75))
        return (guint32)g_rand_int_range(p->rand, 0x10000, p->tame ? 0x18000 : 0x28000);
    return edge ? edge + (guint32)g_rand_int_range(p->rand, -16, 16) : g_rand_int(p->rand);
}

static guint16 pick_count(const Program *p)
{
    static const guint16 usual[] = { 0, 1, 5, 6, 7, 8, 16, 24, 2048, 4096, 65535 };

    if (chance(p, 60))
        return usual[g_rand_int_range(p->rand, 0, G_N_ELEMENTS(usual))];
    return (guint16)g_rand_int_range(p->rand, 0, chance(p, 80) ? 64 : 65536);
}

static guint8 pick_command(const Program *p)
{
    static const guint8 usual[] = { 0x02, 0x02, 0x86, 0x04, 0xe4, 0x05, 0x05, 0x85, 0x07, 0x1d, 0x03, 0x13, 0x1f };
    static const guint8 searches[] = { 0x31, 0xe9 };
    guint8 any = (guint8)g_rand_int(p->rand);

    if (chance(p, 20) && !p->read_only)
        return searches[g_rand_int_range(p->rand, 0, G_N_ELEMENTS(searches))];
    if (p->tame || chance(p, 95) || (p->read_only && (any & 7) == 1))
        return usual[g_rand_int_range(p->rand, 0, G_N_ELEMENTS(usual))];
    return any;
}

static guint8 pick_flags(const Program *p)
{
    static const struct {
        guint8 flag;
        gint percent;
    } rows[] = {
        { CCW_FLAG_CC, 92 }, { CCW_FLAG_CD, 10 },  { CCW_FLAG_SLI, 85 },    { CCW_FLAG_SKIP, 10 },
        { CCW_FLAG_PCI, 5 }, { CCW_FLAG_IDA, 25 }, { CCW_FLAG_SUSPEND, 5 }, { CCW_FLAG_MIDA, 1 },
    };
    guint8 flags = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        flags |= chance(p, rows[i].percent) ? rows[i].flag : 0;
    if (!(p->flags & CHANNEL_ORB_SUSPEND) && !chance(p, 20))
        flags &= ~CCW_FLAG_SUSPEND;
    return p->tame ? (flags | CCW_FLAG_SLI) & ~CCW_FLAG_MIDA : flags;
}

/* In both guests. */
static void put_bytes(guint32 at, const void *bytes, gsize length)
{
    memcpy(channel_guest_at(&interpreted.guest, at), bytes, length);
    memcpy(channel_guest_at(&translated.guest, at), bytes, length);
}

static void put_ccw(const Program *p, guint32 at, guint8 cmd, guint8 flags, guint16 count, guint32 cda)
{
    guint8 ccw[CCW_SIZE];

    ccw_store_be32(ccw + CCW_OFS_CDA, cda);
    ccw[CCW_OFS_FLAGS] = flags;
    ccw_store_be16(ccw + CCW_OFS_COUNT, count);
    if (!(p->flags & CHANNEL_ORB_FORMAT1)) {
        ccw_store_be32(ccw, cda);
        ccw[CCW0_OFS_FLAGS] = flags;
        ccw[CCW0_OFS_FLAGS + 1] = (guint8)count;
        ccw_store_be16(ccw + CCW0_OFS_COUNT, count);
    }
    ccw[CCW_OFS_CMD] = cmd;
    put_bytes(at, ccw, sizeof(ccw));
}

/* No TIC leads to data: a program that changes itself is executed as it was at its start. */
static void put_slot(const Program *p, guint32 at)
{
    guint8 flags = pick_flags(p);
    guint32 cda = pick_address(p);

    if (chance(p, 15)) {
        guint32 target = p->base + (guint32)g_rand_int_range(p->rand, -1, p->slots + 1) * CCW_SIZE;

        put_ccw(p, at, chance(p, 50) ? 0x08 : 0xf8, chance(p, 95) ? 0 : flags, 0,
                chance(p, 95) ? target
                              : target + (chance(p, 50) ? CODE_END : (guint32)g_rand_int_range(p->rand, 1, 8)));
        return;
    }
    if (flags & CCW_FLAG_IDA && chance(p, 95))
        cda = LISTS + (guint32)g_rand_int_range(p->rand, 0, LISTS_SIZE / 4) * 4;
    if (flags & CCW_FLAG_IDA && p->tame)
        cda &= ~7u;
    put_ccw(p, at, pick_command(p), flags, pick_count(p), cda);
}

static void put_lists(const Program *p)
{
    guint size = p->flags & CHANNEL_ORB_C64 ? 8 : 4;
    guint32 block = (p->flags & (CHANNEL_ORB_C64 | CHANNEL_ORB_T2K)) == CHANNEL_ORB_C64 ? 4096 : 2048;
    guint8 lists[LISTS_SIZE];

    for (guint i = 0; i < LISTS_SIZE; i += size) {
        guint64 idaw = p->tame || chance(p, 70) ? pick_address(p) & ~(block - 1) : pick_address(p);

        if (!p->tame && chance(p, 1))
            idaw |= chance(p, 50) ? 1ull << 63 : 0x80000000;
        if (size == 8)
            ccw_store_be64(lists + i, idaw);
        else
            ccw_store_be32(lists + i, (guint32)idaw);
    }
    put_bytes(LISTS, lists, sizeof(lists));
}

static void choose_guest(Side *side, const Program *p)
{
    side->guest = p->whole ? side->whole : side->scattered;
    side->guest.memory.opaque = &side->guest;
    if (!p->whole)
        side->guest.pieces[READ_ONLY].read_only = p->read_only;
}

/* Returns the ORB's address. */
static guint32 put_program(Program *p)
{
    static const guint8 nothing[LISTS];
    static const guint32 flags[] = { CHANNEL_ORB_FORMAT1, CHANNEL_ORB_PREFETCH, CHANNEL_ORB_C64,     CHANNEL_ORB_T2K,
                                     CHANNEL_ORB_ILS,     CHANNEL_ORB_SUSPEND,  CHANNEL_ORB_SUPPRESS };

    p->flags = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(flags); i++)
        p->flags |= chance(p, i ? 50 : 80) ? flags[i] : 0;
    p->tame = chance(p, 50);
    p->whole = chance(p, 50);
    p->read_only = !p->whole && chance(p, 30);
    choose_guest(&interpreted, p);
    choose_guest(&translated, p);
    p->slots = g_rand_int_range(p->rand, 1, SLOTS_MAX + 1);
    /* Some programs lie at the end of storage. */
    p->base = chance(p, 80) ? 0x1000 : CODE_END - (guint32)p->slots * CCW_SIZE;
    put_bytes(0, nothing, sizeof(nothing));
    put_bytes(LISTS + LISTS_SIZE, nothing, CODE_END - LISTS - LISTS_SIZE);
    for (gint i = 0; i < p->slots; i++)
        put_slot(p, p->base + (guint32)i * CCW_SIZE);
    put_lists(p);
    return chance(p, 98) ? p->base : g_rand_int(p->rand) & (chance(p, 50) ? ~7u : ~0u);
}

/* --- the comparison --- */

static void dump(guint seed, const Program *p, const guint8 *orb, const guint8 *expected, const guint8 *scsw)
{
    g_printerr("program %u, orb %08x %08x\n", seed, ccw_load_be32(orb + 4), ccw_load_be32(orb + 8));
    for (gint i = 0; i < p->slots; i++)
        g_printerr("%08x: %016" G_GINT64_MODIFIER "x\n", p->base + (guint32)i * CCW_SIZE,
                   ccw_load_be64(channel_guest_at(&interpreted.guest, p->base + (guint32)i * CCW_SIZE)));
    for (guint i = 0; i < 2; i++) {
        const guint8 *at = i ? scsw : expected;

        g_printerr("%s: %08x %08x %08x\n", i ? "translated " : "interpreted", ccw_load_be32(at), ccw_load_be32(at + 4),
                   ccw_load_be32(at + 8));
    }
}

static gboolean same_storage(void)
{
    for (guint i = 0; i < interpreted.guest.n_pieces; i++)
        if (memcmp(interpreted.guest.pieces[i].host, translated.guest.pieces[i].host,
                   interpreted.guest.pieces[i].size) != 0)
            return FALSE;
    return TRUE;
}

/* Statistics: the test would also pass if no program got far. */
static struct {
    guint programs, good, long_ones, resumed, pcis;
    guint cstat[8], unit_checks;
} seen;

static void count_outcome(const guint8 scsw[CHANNEL_SCSW_SIZE])
{
    guint8 cstat = scsw[CHANNEL_SCSW_OFS_CSTAT];

    seen.programs++;
    for (guint i = 0; i < 8; i++)
        seen.cstat[i] += cstat >> i & 1;
    seen.unit_checks += (scsw[CHANNEL_SCSW_OFS_DSTAT] & CHANNEL_DSTAT_UNIT_CHECK) != 0;
    seen.good += !(cstat & ~CHANNEL_CSTAT_PCI) && scsw[CHANNEL_SCSW_OFS_DSTAT] == 0x0c;
    seen.long_ones += interpreted.toy.commands >= 8;
}

/* Changes the CCW before which the program was suspended, or leaves it, as a guest may. */
static void change_ccw(const Program *p, guint32 at)
{
    gsize flags = p->flags & CHANNEL_ORB_FORMAT1 ? CCW_OFS_FLAGS : CCW0_OFS_FLAGS;
    guint8 *ccw = channel_guest_at(&interpreted.guest, at);
    guint8 changed[CCW_SIZE];

    if (chance(p, 15))
        return;
    if (chance(p, 25)) {
        put_slot(p, at);
        return;
    }
    memcpy(changed, ccw, sizeof(changed));
    changed[flags] &= ~CCW_FLAG_SUSPEND;
    put_bytes(at, changed, sizeof(changed));
}

static gboolean same_pcis(void)
{
    const GArray *a = pcis.expected, *b = pcis.taken;

    return !a || (a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len * sizeof(guint32)) == 0));
}

static void run_both(guint seed, const Program *p, const guint8 *orb, gboolean resumes, guint8 *ret_scsw)
{
    guint8 expected[CHANNEL_SCSW_SIZE];

    channel_interpret(&interpreted.guest, &interpreted.toy, orb, resumes, pcis.expected, expected);
    translate_and_perform(orb, resumes, ret_scsw);
    if (memcmp(ret_scsw, expected, sizeof(expected)) == 0 && same_storage() && same_pcis() &&
        interpreted.toy.hash == translated.toy.hash)
        return;
    dump(seed, p, orb, expected, ret_scsw);
    g_error("%s differs", memcmp(ret_scsw, expected, sizeof(expected)) ? "the status"
                          : !same_pcis()                               ? "an interruption"
                          : same_storage()                             ? "what the device was given"
                                                                       : "storage");
}

static void begin_pcis(gboolean at_once)
{
    g_clear_pointer(&pcis.expected, g_array_unref);
    g_clear_pointer(&pcis.taken, g_array_unref);
    if (!at_once)
        return;
    pcis.expected = g_array_new(FALSE, FALSE, sizeof(guint32));
    pcis.taken = g_array_new(FALSE, FALSE, sizeof(guint32));
}

static void compare_one(guint seed)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    Program program = { .rand = rand };
    guint8 orb[CHANNEL_ORB_SIZE] = { 0 }, scsw[CHANNEL_SCSW_SIZE] = { 0 };

    ccw_store_be32(orb + CHANNEL_ORB_OFS_CPA, put_program(&program));
    ccw_store_be32(orb + CHANNEL_ORB_OFS_FLAGS, program.flags);
    interpreted.toy = translated.toy = (ToyDevice){ .hash = seed };
    begin_pcis(chance(&program, 50));
    run_both(seed, &program, orb, FALSE, scsw);
    for (guint i = 0; i < RESUMES_MAX && ccw_load_be16(scsw + CHANNEL_SCSW_OFS_CTL) & CHANNEL_SCSW_ACTL_SUSPENDED;
         i++) {
        guint32 at = ccw_load_be32(scsw + CHANNEL_SCSW_OFS_CPA) - CCW_SIZE;

        ccw_store_be32(orb + CHANNEL_ORB_OFS_CPA, at);
        change_ccw(&program, at);
        run_both(seed, &program, orb, TRUE, scsw);
        seen.resumed++;
    }
    seen.pcis += pcis.taken ? pcis.taken->len : 0;
    count_outcome(scsw);
}

static void add_noise(ChannelGuest *guest, GRand *rand, guint64 address, gsize size)
{
    ChannelPiece *piece = channel_guest_add(guest, address, size);

    for (gsize k = 0; k < piece->size; k++)
        piece->host[k] = (guint8)g_rand_int(rand);
}

static void fill(Side *side)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(FIRST_SEED);

    channel_guest_init(&side->scattered);
    channel_guest_init(&side->whole);
    for (guint i = 0; i < G_N_ELEMENTS(pieces); i++)
        add_noise(&side->scattered, rand, pieces[i].address, pieces[i].size);
    add_noise(&side->whole, rand, 0, WHOLE);
}

static void empty(Side *side)
{
    channel_guest_clear(&side->scattered);
    channel_guest_clear(&side->whole);
}

static void open_device(void)
{
    const DasdDeviceConfig config = { .bus_id = { 0, 0, 0x1234 } };
    g_autofree char *folder = g_dir_make_tmp("ccw-differential-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "image", NULL);
    g_autoptr(GError) error = NULL;
    int fd;

    dasd_image_create(path, NULL, 1, NULL, &error);
    g_assert_no_error(error);
    fd = open(path, O_RDWR | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    dasd = dasd_device_new(fd, &config, &error);
    g_assert_no_error(error);
    dasd->drive.find_command = find_toy;
    dasd_device_set_intermediate(dasd, take_pci, translation);
    g_unlink(path);
    g_rmdir(folder);
}

static guint from_environment(const char *name, guint otherwise)
{
    const char *value = g_getenv(name);

    return value ? (guint)strtoul(value, NULL, 10) : otherwise;
}

static void test_differential(void)
{
    gint64 until = g_get_monotonic_time() + from_environment("CCW_TEST_SECONDS", SECONDS) * G_TIME_SPAN_SECOND;
    guint seed = from_environment("CCW_TEST_SEED", FIRST_SEED);

    fill(&interpreted);
    fill(&translated);
    translation = channel_translation_new();
    open_device();
    while (seen.programs < 3000 || g_get_monotonic_time() < until)
        compare_one(seed++);
    g_test_message("%u programs: %u good, %u of 8 commands and more, %u unit checks", seen.programs, seen.good,
                   seen.long_ones, seen.unit_checks);
    for (guint i = 0; i < 8; i++)
        g_test_message("subchannel status %02x: %u", 1u << i, seen.cstat[i]);
    g_test_message("%u resumed, %u interruptions in between", seen.resumed, seen.pcis);
    g_assert_cmpuint(seen.resumed, >, seen.programs / 20);
    g_assert_cmpuint(seen.pcis, >, seen.programs / 20);
    g_assert_cmpuint(seen.good, >, seen.programs / 100);
    g_assert_cmpuint(seen.long_ones, >, seen.programs / 100);
    g_assert_cmpuint(seen.unit_checks, >, seen.programs / 100);
    g_assert_cmpuint(seen.cstat[4], >, seen.programs / 1000);
    g_assert_cmpuint(seen.cstat[5], >, seen.programs / 100);
    g_assert_cmpuint(seen.cstat[6], >, seen.programs / 100);

    begin_pcis(FALSE);
    channel_translation_free(translation);
    dasd_device_free(dasd);
    empty(&interpreted);
    empty(&translated);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/channel/differential", test_differential);
    return g_test_run();
}
