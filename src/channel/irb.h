/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Interruption-response blocks that the channel subsystem makes without a device: a program check before the device
 * was reached, the end of a halt or clear function. All of them are big-endian, as arch.h says.
 */
#pragma once

#include "channel/arch.h"

/*
 * A program or protection check (cstat). orb is big-endian; cpa is the guest's address of the offending CCW: the SCSW's
 * is 8 beyond it, as the channel counts; count is that of the CCW, of which nothing was transferred. (Principles of
 * Operation, chapter 16: "Program Check", "Protection Check", and the table of CCW addresses.)
 */
void ccw_irb_check(guint8 irb[CCW_IRB_SIZE], const guint8 orb[CCW_ORB_SIZE], guint32 cpa, guint8 cstat, guint16 count);

/* The clear function is done: it leaves nothing but the status-pending bit. */
void ccw_irb_clear(guint8 irb[CCW_IRB_SIZE]);

/* The halt function is done, with no start function to end. */
void ccw_irb_halt(guint8 irb[CCW_IRB_SIZE]);

/* The halt function ended the start function whose status irb has; one that was suspended has none to speak of. */
void ccw_irb_add_halt(guint8 irb[CCW_IRB_SIZE]);

/* A program-controlled interruption that comes together with the status in irb. */
void ccw_irb_add_pci(guint8 irb[CCW_IRB_SIZE]);
