/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See oracle-core.h. */
#include "oracle-core.h"

#include <string.h>

#include "util/endian.h"

#define ENTRY 0x400
#define REGISTERS 0x5d0  /* of the loop: slot, unused, slot size, last slot */
#define PARAMETERS 0x5f0 /* subchannel, control register 6, the PSW of the wait */

#define IO_NEW_PSW 0x78

/*
 * Enables the first subchannel with concurrent sense, and starts each slot; the interruption goes on behind the wait.
 * It ends in a disabled wait, whose address is BAD when a program could not be started.
 */
static const guint8 loop[] = {
    0x58, 0x10, 0x05, 0xf0, /* 400      L    1,subchannel */
    0xb2, 0x34, 0x06, 0x00, /*          STSCH schib */
    0x96, 0x80, 0x06, 0x05, /*          OI   schib+5,enabled */
    0x96, 0x01, 0x06, 0x1b, /*          OI   schib+27,concurrent sense */
    0xb2, 0x32, 0x06, 0x00, /*          MSCH schib */
    0xb7, 0x66, 0x05, 0xf4, /*          LCTL 6,6,all interruption subclasses */
    0x98, 0x25, 0x05, 0xd0, /*          LM   2,5,registers */
    0xb2, 0x33, 0x20, 0x00, /* 41c next SSCH orb(2) */
    0x47, 0x70, 0x04, 0x34, /*          BNZ  bad */
    0x82, 0x00, 0x05, 0xf8, /*          LPSW enabled wait */
    0xb2, 0x35, 0x20, 0x40, /* 428      TSCH irb(2) */
    0x87, 0x24, 0x04, 0x1c, /*          BXLE 2,4,next */
    0x82, 0x00, 0x05, 0xe0, /*          LPSW done */
    0x82, 0x00, 0x05, 0xe8, /* 434 bad  LPSW */
};

static const guint8 restart[] = { 0x00, 0x08, 0x00, 0x00, 0x80, 0x00, 0x04, 0x00 };
static const guint8 interrupted[] = { 0x00, 0x08, 0x00, 0x00, 0x80, 0x00, 0x04, 0x28 };
static const guint8 waits[] = { 0x00, 0x0a, 0x00, 0x00, 0x80, 0x00, 0x0f, 0xff,
                                0x00, 0x0a, 0x00, 0x00, 0x80, 0x00, 0x0b, 0xad };
static const guint8 parameters[] = { 0x00, 0x01, 0x00, 0x00, 0xff, 0x00, 0x00, 0x00,
                                     0x02, 0x0a, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00 };

void core_init(Core *core, guint n_slots)
{
    core->n_slots = n_slots;
    core->size = CORE_SLOTS + (gsize)n_slots * CORE_SLOT_SIZE;
    core->bytes = g_malloc0(core->size);
    memcpy(core->bytes, restart, sizeof(restart));
    memcpy(core->bytes + ENTRY, loop, sizeof(loop));
    ccw_store_be32(core->bytes + REGISTERS, core_slot_address(0));
    ccw_store_be32(core->bytes + REGISTERS + 8, CORE_SLOT_SIZE);
    ccw_store_be32(core->bytes + REGISTERS + 12, core_slot_address(n_slots - 1));
    memcpy(core->bytes + REGISTERS + 16, waits, sizeof(waits));
    memcpy(core->bytes + PARAMETERS, parameters, sizeof(parameters));
    memcpy(core->bytes + IO_NEW_PSW, interrupted, sizeof(interrupted));
    for (guint i = 0; i < CORE_LARGE_SIZE; i++)
        core->bytes[CORE_SOURCE + i] = (guint8)(i * 7 + 1);
}

void core_shorten(Core *core, guint n_slots)
{
    core->n_slots = n_slots;
    core->size = CORE_SLOTS + (gsize)n_slots * CORE_SLOT_SIZE;
    ccw_store_be32(core->bytes + REGISTERS + 12, core_slot_address(n_slots - 1));
}

void core_clear(Core *core)
{
    g_clear_pointer(&core->bytes, g_free);
}

guint32 core_slot_address(guint slot)
{
    return CORE_SLOTS + slot * CORE_SLOT_SIZE;
}

guint8 *core_slot(const Core *core, guint slot)
{
    return core->bytes + core_slot_address(slot);
}
