/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The storage of a guest that has nothing to do but run channel programs: one slot for each program, with its ORB, CCWs
 * and data, and room for its IRB. Hercules loads the storage as it is, together with a program of a few instructions
 * that starts one slot after the other; the device library is given the same bytes.
 */
#pragma once

#include <glib.h>

#define CORE_SLOT_SIZE 4096
#define CORE_SLOT_ORB 0
#define CORE_SLOT_IRB 0x40
#define CORE_SLOT_CCWS 0x100
#define CORE_SLOT_DATA 0x400
#define CORE_PIECE_SIZE 256 /* the data of a CCW */
#define CORE_PIECES 12      /* CCWs with data, at most */
#define CORE_CCWS_MAX 32

/* Where a CCW of a larger count has its data: nothing is ever read into the source, and the sink is not compared. */
#define CORE_LARGE_SIZE 65536
#define CORE_SOURCE 0x10000
#define CORE_SINK 0x20000
#define CORE_SLOTS 0x30000

typedef struct {
    guint8 *bytes;
    gsize size;
    guint n_slots;
} Core;

void core_init(Core *core, guint n_slots);
/* Leaves it the first slots only. */
void core_shorten(Core *core, guint n_slots);
void core_clear(Core *core);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Core, core_clear)

guint32 core_slot_address(guint slot);
guint8 *core_slot(const Core *core, guint slot);
