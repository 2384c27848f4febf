/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes the interruption-response blocks that the channel subsystem makes without a device: a program check before the
 * device, the end of a halt or clear function. All of them are big-endian, as arch.h says.
 */
#pragma once

#include "channel/arch.h"

/**
 * channel_irb_check: Makes the status of a program or protection check (Principles of Operation, chapter 16: "Program
 * Check", "Protection Check", and the table of CCW addresses).
 * @orb: big-endian
 * @cpa: the guest's address of the offending CCW; the SCSW has the address 8 beyond it, as the channel counts
 * @cstat: the subchannel status
 * @count: the residual count, which is the CCW's count, because the channel has transferred nothing
 */
void channel_irb_check(guint8 irb[CHANNEL_IRB_SIZE], const guint8 orb[CHANNEL_ORB_SIZE], guint32 cpa, guint8 cstat,
                       guint16 count);

/* Makes the status at the end of a clear function: only the status-pending bit. */
void channel_irb_clear(guint8 irb[CHANNEL_IRB_SIZE]);

/* Makes the status at the end of a halt function that has ended no start function. */
void channel_irb_halt(guint8 irb[CHANNEL_IRB_SIZE]);

/* Adds a halt function to the status of the start function that it has ended. The start function may be suspended. */
void channel_irb_add_halt(guint8 irb[CHANNEL_IRB_SIZE]);

/* Adds a program-controlled interruption to a status. */
void channel_irb_add_pci(guint8 irb[CHANNEL_IRB_SIZE]);
