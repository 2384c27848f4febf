/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The storage of a guest that only runs channel programs: one slot for each program, with its ORB, CCWs and data, and
 * space for its IRB. Hercules loads the storage as it is. A few instructions in it start one slot after the other. The
 * device library gets the same bytes.
 */
#pragma once

#include <glib.h>

#define CORE_SLOT_SIZE 8192
#define CORE_SLOT_ORB 0
#define CORE_SLOT_IRB 0x40
#define CORE_SLOT_PCI 0xa0         /* the CPA of the last program-controlled interruption, 0 without one */
#define CORE_SLOT_SUSPENDED 0xa4   /* the CPA of the last suspension */
#define CORE_SLOT_SUSPENSIONS 0xa8 /* the number of suspensions */
#define CORE_SLOT_TOLD_SIZE 12     /* bytes of the three words above */
#define CORE_SLOT_ADDRESS 0xb0     /* the guest's address of the slot */
#define CORE_SLOT_CCWS 0x100
#define CORE_CCWS_MAX 64
#define CORE_SLOT_DATA 0x400
#define CORE_PIECE_SIZE 256 /* the data of a CCW */
#define CORE_PIECES 12      /* CCWs with data, at most */
/* Data that lies in two blocks: its first part ends with a block of 2 or 4 KiB, and the rest is in the first piece. */
#define CORE_SLOT_SPREAD 0x1000
#define CORE_SLOT_LISTS 0x1100 /* of IDAWs */
#define CORE_SLOT_LISTS_END 0x1700
#define CORE_SLOT_HALF 0x1800 /* a border of 2 KiB */

/* Data of a CCW with a larger count. No program reads into the source, and the oracle does not compare the sink. */
#define CORE_LARGE_SIZE 65536
#define CORE_SOURCE 0x10000
#define CORE_SINK 0x20000
#define CORE_SLOTS 0x30000

typedef struct {
    guint8 *bytes;
    gsize size;
    gsize allocated;
    guint first; /* the slot that runs first; those before it do not run */
    guint n_slots;
} Core;

/**
 * core_init:
 *
 * Makes the storage, with slots of zeros. Free it with core_clear().
 */
void core_init(Core *core, guint n_slots);

/**
 * core_load:
 *
 * Makes the storage from its bytes.
 */
void core_load(Core *core, const void *bytes, gsize size);

/**
 * core_shorten:
 *
 * Removes all slots after the first @n_slots.
 */
void core_shorten(Core *core, guint n_slots);

/**
 * core_leave_one:
 *
 * Makes slot @slot the only one that runs.
 */
void core_leave_one(Core *core, guint slot);
void core_clear(Core *core);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Core, core_clear)

/**
 * core_slot_address:
 *
 * Returns: the guest's address of a slot
 */
guint32 core_slot_address(guint slot);
guint8 *core_slot(const Core *core, guint slot);

typedef struct {
    guint8 cmd;
    guint8 flags;
    guint16 count;
    guint32 cda;
} CoreCcw;

/**
 * core_slot_ccw:
 *
 * Returns: a CCW of the slot, in the format that the ORB names
 */
CoreCcw core_slot_ccw(const guint8 *slot, guint index);

/**
 * core_slot_index:
 * @cpa: the channel-program address of a status
 *
 * Returns: the index of the CCW before that address; -1 without one
 */
gint core_slot_index(const guint8 *slot, guint32 cpa);

/**
 * core_slot_command:
 *
 * Returns: the index of the CCW whose command CCW @index belongs to: with chained data, an earlier one
 */
guint core_slot_command(const guint8 *slot, guint index);

/* Bytes of a slot. */
typedef struct {
    guint32 offset;
    guint length;
} CoreRange;

#define CORE_RANGES_MAX 4

/**
 * core_slot_ranges:
 *
 * Finds the data of CCW @index, also through IDAWs.
 *
 * Returns: the number of ranges; the last one can end before the data, if the rest is not in the slot
 */
guint core_slot_ranges(const guint8 *slot, guint index, CoreRange ranges[CORE_RANGES_MAX]);

/**
 * core_slot_has_data:
 *
 * Returns: FALSE if a byte of the data of CCW @index has no valid address
 */
gboolean core_slot_has_data(const guint8 *slot, guint index);

/**
 * core_slot_read:
 *
 * Reads the first @n bytes of the data of the command at CCW @index, with chained data. Bytes that are not in the slot
 * are zero.
 */
void core_slot_read(const guint8 *slot, guint index, guint8 *ret_bytes, guint n);
