/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The library tells QEMU which storage of the guest a program can have changed, before the guest can know that it did.
 * This program has the functions that QEMU exports. tests/guest/code.py shows the effect in QEMU.
 */
#include <stdbool.h>
#include <string.h>

#include "dasd/dasd-codes.h"
#include "vfio-fixture.h"

#define DATA 0x3000u
#define LENGTH 0x2000u
#define PAGE 0x1000u

void *address_space_map(void *space, guint64 address, guint64 *length, bool is_write, guint64 attributes);
void address_space_unmap(void *space, void *host, guint64 length, bool is_write, guint64 written);

char address_space_memory;

static struct {
    VfioFixture *fixture;
    guint64 most;                      /* bytes of one mapping */
    gboolean is_copy;                  /* a mapping is a bounce buffer */
    guint64 missing;                   /* the page that cannot be mapped */
    guint mapped;                      /* mappings that were not ended */
    guint8 told[VFIO_FIXTURE_STORAGE]; /* how often each byte was */
    guint8 written_copy[VFIO_FIXTURE_STORAGE];
} emulator;

void *address_space_map(void *space, guint64 address, guint64 *length, bool is_write, guint64 attributes)
{
    g_assert_true(space == &address_space_memory);
    g_assert_true(is_write);
    g_assert_cmphex(attributes, ==, 0);
    if (emulator.missing && address == emulator.missing)
        return NULL;
    *length = MIN(*length, emulator.most);
    if (emulator.missing > address)
        *length = MIN(*length, emulator.missing - address);
    emulator.mapped++;
    return (emulator.is_copy ? emulator.written_copy : emulator.fixture->storage) + address;
}

void address_space_unmap(void *space, void *host, guint64 length, bool is_write, guint64 written)
{
    guint64 address = (guint64)((guint8 *)host - emulator.fixture->storage);

    g_assert_true(space == &address_space_memory);
    g_assert_true(is_write);
    emulator.mapped--;
    if (emulator.is_copy) {
        g_assert_cmpuint(written, ==, 0);
        return;
    }
    g_assert_cmpuint(written, ==, length);
    for (guint64 i = 0; i < written; i++)
        emulator.told[address + i]++;
}

static void set_up(VfioFixture *f, gconstpointer unused)
{
    memset(&emulator, 0, sizeof(emulator));
    emulator.fixture = f;
    emulator.most = G_MAXUINT64;
    vfio_fixture_set_up(f, unused);
}

/* Two CCWs of adjacent data, which make one range. */
static void start_reads(VfioFixture *f)
{
    vfio_fixture_put_ccw(f, 0, DASD_CODE_SENSE_ID, CCW_FLAG_CC | CCW_FLAG_SLI, PAGE, DATA);
    vfio_fixture_put_ccw(f, 1, DASD_CODE_SENSE_ID, CCW_FLAG_SLI, PAGE, DATA + PAGE);
    vfio_fixture_start(f);
    vfio_fixture_wait_signal(f);
}

/* Returns whether each byte of the data was told so often, and no other byte. */
static gboolean is_told(guint8 times)
{
    g_assert_cmpuint(emulator.mapped, ==, 0);
    for (guint64 i = 0; i < VFIO_FIXTURE_STORAGE; i++)
        if (emulator.told[i] != (i >= DATA && i < DATA + LENGTH ? times : 0))
            return FALSE;
    return TRUE;
}

/* After an intermediate status, the program can go on to store. After the last one it cannot. */
static void test_fetch(VfioFixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    start_reads(f);
    g_assert_true(is_told(0));
    g_assert_cmpint(vfio_subchannel_fetch(f->sch, f->irb), ==, 0);
    g_assert_true(is_told(1));
    g_assert_cmpint(vfio_subchannel_halt(f->sch), ==, 0);
    vfio_fixture_wait_status(f);
    g_assert_true(is_told(1));
}

static void test_start(VfioFixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    start_reads(f);
    vfio_fixture_put_ccw(f, 0, DASD_CODE_NO_OPERATION, CCW_FLAG_SLI, 1, 0);
    vfio_fixture_start(f);
    g_assert_true(is_told(1));
    vfio_fixture_wait_status(f);
    g_assert_true(is_told(1));
}

static void test_reset(VfioFixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    start_reads(f);
    vfio_subchannel_reset(f->sch);
    g_assert_true(is_told(1));
}

static void test_free(VfioFixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    start_reads(f);
    vfio_subchannel_free(f->sch);
    f->sch = NULL;
    g_assert_true(is_told(1));
}

static void test_pieces(VfioFixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    emulator.most = 100;
    start_reads(f);
    g_assert_cmpint(vfio_subchannel_fetch(f->sch, f->irb), ==, 0);
    g_assert_true(is_told(1));
}

/* Storage that QEMU cannot map is skipped; what is behind it is told. */
static void test_missing(VfioFixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    emulator.missing = DATA;
    start_reads(f);
    g_assert_cmpint(vfio_subchannel_fetch(f->sch, f->irb), ==, 0);
    g_assert_cmpuint(emulator.told[DATA + PAGE - 1], ==, 0);
    g_assert_cmpuint(emulator.told[DATA + PAGE], ==, 1);
    g_assert_cmpuint(emulator.told[DATA + LENGTH - 1], ==, 1);
}

static void test_copy(VfioFixture *f, G_GNUC_UNUSED gconstpointer unused)
{
    emulator.is_copy = TRUE;
    start_reads(f);
    g_assert_cmpint(vfio_subchannel_fetch(f->sch, f->irb), ==, 0);
    g_assert_true(is_told(0));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*test)(VfioFixture *f, gconstpointer unused);
    } tests[] = {
        { "/vfio/stores/fetch", test_fetch },   { "/vfio/stores/start", test_start },
        { "/vfio/stores/reset", test_reset },   { "/vfio/stores/free", test_free },
        { "/vfio/stores/pieces", test_pieces }, { "/vfio/stores/missing", test_missing },
        { "/vfio/stores/copy", test_copy },
    };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].path, VfioFixture, NULL, set_up, tests[i].test, vfio_fixture_tear_down);
    return g_test_run();
}
