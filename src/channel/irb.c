/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "channel/irb.h"

#include <string.h>

#include "util/endian.h"

#define SCSW_KEY_MASK 0xf000u

/* The flags of the ORB that the SCSW repeats: S, F, P, I, U. */
static const struct {
    guint32 orb;
    guint16 scsw;
} repeated[] = {
    { CHANNEL_ORB_SUSPEND, CHANNEL_SCSW_FLAG_S },  { CHANNEL_ORB_FORMAT1, CHANNEL_SCSW_FLAG_F },
    { CHANNEL_ORB_PREFETCH, CHANNEL_SCSW_FLAG_P }, { CHANNEL_ORB_INITSTAT, CHANNEL_SCSW_FLAG_I },
    { CHANNEL_ORB_SUPPRESS, CHANNEL_SCSW_FLAG_U },
};

void channel_irb_check(guint8 irb[CHANNEL_IRB_SIZE], const guint8 orb[CHANNEL_ORB_SIZE], guint32 cpa, guint8 cstat,
                       guint16 count)
{
    guint32 orb_flags = ccw_load_be32(orb + CHANNEL_ORB_OFS_FLAGS);
    guint16 flags = (orb_flags >> 16) & SCSW_KEY_MASK;

    for (gsize i = 0; i < G_N_ELEMENTS(repeated); i++)
        flags |= orb_flags & repeated[i].orb ? repeated[i].scsw : 0;

    memset(irb, 0, CHANNEL_IRB_SIZE);
    ccw_store_be16(irb + CHANNEL_SCSW_OFS_FLAGS, flags);
    ccw_store_be16(irb + CHANNEL_SCSW_OFS_CTL, CHANNEL_SCSW_FCTL_START | CHANNEL_SCSW_STCTL_ALERT |
                                                   CHANNEL_SCSW_STCTL_PRIMARY | CHANNEL_SCSW_STCTL_SECONDARY |
                                                   CHANNEL_SCSW_STCTL_PENDING);
    ccw_store_be32(irb + CHANNEL_SCSW_OFS_CPA, cpa + CCW_SIZE);
    irb[CHANNEL_SCSW_OFS_CSTAT] = cstat;
    ccw_store_be16(irb + CHANNEL_SCSW_OFS_COUNT, count);
}

void channel_irb_clear(guint8 irb[CHANNEL_IRB_SIZE])
{
    memset(irb, 0, CHANNEL_IRB_SIZE);
    ccw_store_be16(irb + CHANNEL_SCSW_OFS_CTL, CHANNEL_SCSW_FCTL_CLEAR | CHANNEL_SCSW_STCTL_PENDING);
}

void channel_irb_halt(guint8 irb[CHANNEL_IRB_SIZE])
{
    memset(irb, 0, CHANNEL_IRB_SIZE);
    ccw_store_be16(irb + CHANNEL_SCSW_OFS_CTL, CHANNEL_SCSW_FCTL_HALT | CHANNEL_SCSW_STCTL_PENDING);
}

void channel_irb_add_halt(guint8 irb[CHANNEL_IRB_SIZE])
{
    guint16 ctl = ccw_load_be16(irb + CHANNEL_SCSW_OFS_CTL);

    /* Chapter 15, "Halt Function": a suspended program uses no device, so the status has no end of the device. */
    if (ctl & CHANNEL_SCSW_ACTL_SUSPENDED)
        ctl &= ~(CHANNEL_SCSW_ACTL_SUSPENDED | CHANNEL_SCSW_STCTL_INTERMEDIATE);
    ccw_store_be16(irb + CHANNEL_SCSW_OFS_CTL, ctl | CHANNEL_SCSW_FCTL_HALT | CHANNEL_SCSW_STCTL_PENDING);
}

void channel_irb_add_pci(guint8 irb[CHANNEL_IRB_SIZE])
{
    guint16 ctl = ccw_load_be16(irb + CHANNEL_SCSW_OFS_CTL);

    irb[CHANNEL_SCSW_OFS_CSTAT] |= CHANNEL_CSTAT_PCI;
    ccw_store_be16(irb + CHANNEL_SCSW_OFS_CTL, ctl | CHANNEL_SCSW_STCTL_INTERMEDIATE | CHANNEL_SCSW_STCTL_PENDING);
}
