/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See irb.h. */
#include "channel/irb.h"

#include <string.h>

#include "util/endian.h"

#define SCSW_KEY_MASK 0xf000u

/* ORB bit, and where the SCSW repeats it: S, F, P, I, U. */
static const struct {
    guint32 orb;
    guint16 scsw;
} repeated[] = {
    { CCW_ORB_SUSPEND, CCW_SCSW_FLAG_S },  { CCW_ORB_FORMAT1, CCW_SCSW_FLAG_F },  { CCW_ORB_PREFETCH, CCW_SCSW_FLAG_P },
    { CCW_ORB_INITSTAT, CCW_SCSW_FLAG_I }, { CCW_ORB_SUPPRESS, CCW_SCSW_FLAG_U },
};

void ccw_irb_check(guint8 irb[CCW_IRB_SIZE], const guint8 orb[CCW_ORB_SIZE], guint32 cpa, guint8 cstat, guint16 count)
{
    guint32 orb_flags = ccw_load_be32(orb + CCW_ORB_OFS_FLAGS);
    guint16 flags = (orb_flags >> 16) & SCSW_KEY_MASK;

    for (gsize i = 0; i < G_N_ELEMENTS(repeated); i++)
        flags |= orb_flags & repeated[i].orb ? repeated[i].scsw : 0;

    memset(irb, 0, CCW_IRB_SIZE);
    ccw_store_be16(irb + CCW_SCSW_OFS_FLAGS, flags);
    ccw_store_be16(irb + CCW_SCSW_OFS_CTL, CCW_SCSW_FCTL_START | CCW_SCSW_STCTL_ALERT | CCW_SCSW_STCTL_PRIMARY |
                                               CCW_SCSW_STCTL_SECONDARY | CCW_SCSW_STCTL_PENDING);
    ccw_store_be32(irb + CCW_SCSW_OFS_CPA, cpa + CCW_SIZE);
    irb[CCW_SCSW_OFS_CSTAT] = cstat;
    ccw_store_be16(irb + CCW_SCSW_OFS_COUNT, count);
}

void ccw_irb_clear(guint8 irb[CCW_IRB_SIZE])
{
    memset(irb, 0, CCW_IRB_SIZE);
    ccw_store_be16(irb + CCW_SCSW_OFS_CTL, CCW_SCSW_FCTL_CLEAR | CCW_SCSW_STCTL_PENDING);
}

void ccw_irb_halt(guint8 irb[CCW_IRB_SIZE])
{
    memset(irb, 0, CCW_IRB_SIZE);
    ccw_store_be16(irb + CCW_SCSW_OFS_CTL, CCW_SCSW_FCTL_HALT | CCW_SCSW_STCTL_PENDING);
}

void ccw_irb_add_halt(guint8 irb[CCW_IRB_SIZE])
{
    guint16 ctl = ccw_load_be16(irb + CCW_SCSW_OFS_CTL);

    /* Chapter 15, "Halt Function": the device was not at work, and is not told; there is no end of its to be shown. */
    if (ctl & CCW_SCSW_ACTL_SUSPENDED)
        ctl &= ~(CCW_SCSW_ACTL_SUSPENDED | CCW_SCSW_STCTL_INTERMEDIATE);
    ccw_store_be16(irb + CCW_SCSW_OFS_CTL, ctl | CCW_SCSW_FCTL_HALT | CCW_SCSW_STCTL_PENDING);
}

void ccw_irb_add_pci(guint8 irb[CCW_IRB_SIZE])
{
    guint16 ctl = ccw_load_be16(irb + CCW_SCSW_OFS_CTL);

    irb[CCW_SCSW_OFS_CSTAT] |= CCW_CSTAT_PCI;
    ccw_store_be16(irb + CCW_SCSW_OFS_CTL, ctl | CCW_SCSW_STCTL_INTERMEDIATE | CCW_SCSW_STCTL_PENDING);
}
