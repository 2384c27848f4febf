/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interruption-response block of a channel program: SCSW, ESW, ECW. Principles of Operation, chapter 16. Sense
 * comes along with the unit check (concurrent sense), and is still there for a SENSE command.
 */
#include <string.h>

#include "dasd/dasd-exec.h"
#include "util/endian.h"

#define IRB_OFS_LPUM (CCW_IRB_OFS_ESW + 1)
#define IRB_OFS_ERW (CCW_IRB_OFS_ESW + 4)
#define PATH_FIRST 0x80
#define SCSW_FLAGS_OF_ORB 0xf8f8 /* key, suspend; format, prefetch and the three after: at the same bits in both */

/*
 * Function, activity and status control. What a program does before its end is intermediate status; a suspension for
 * which the ORB suppresses the interruption has none of it, unless a PCI is to be told (chapter 15, "Suspension of
 * Channel-Program Execution").
 */
static guint16 control(const DasdExec *exec, DasdPhase phase, guint32 orb_flags)
{
    const guint16 ended = CCW_SCSW_STCTL_PRIMARY | CCW_SCSW_STCTL_SECONDARY | CCW_SCSW_STCTL_PENDING;
    const guint16 going = CCW_SCSW_STCTL_INTERMEDIATE | CCW_SCSW_STCTL_PENDING;
    gboolean pci = (exec->cstat & CCW_CSTAT_PCI) != 0;
    guint16 value = CCW_SCSW_FCTL_START;

    switch (phase) {
    case DASD_PHASE_ACTIVE:
        return value | CCW_SCSW_ACTL_SUBCHANNEL_ACTIVE | CCW_SCSW_ACTL_DEVICE_ACTIVE | going;
    case DASD_PHASE_SUSPENDED:
        return value | CCW_SCSW_ACTL_SUSPENDED | (orb_flags & CCW_ORB_SUPPRESS && !pci ? 0 : going);
    case DASD_PHASE_ENDED:
        break;
    }
    value |= ended;
    if ((exec->cstat & ~CCW_CSTAT_PCI) || exec->dstat & (CCW_DSTAT_UNIT_CHECK | CCW_DSTAT_UNIT_EXCEPTION))
        value |= CCW_SCSW_STCTL_ALERT;
    /* An intermediate status that comes together with the last one. */
    return pci ? value | CCW_SCSW_STCTL_INTERMEDIATE : value;
}

void dasd_status_build(const DasdExec *exec, DasdPhase phase, guint8 irb[CCW_IRB_SIZE])
{
    guint32 orb_flags = ccw_load_be32(exec->orb + CCW_ORB_OFS_FLAGS);
    guint8 lpm = (guint8)(orb_flags >> CCW_ORB_LPM_SHIFT);
    guint16 flags = (guint16)(orb_flags >> 16 & SCSW_FLAGS_OF_ORB);
    guint8 *scsw = irb + CCW_IRB_OFS_SCSW;
    gboolean ended = phase == DASD_PHASE_ENDED;
    gboolean unit_check = ended && exec->dstat & CCW_DSTAT_UNIT_CHECK;

    if (unit_check)
        flags |= CCW_SCSW_FLAG_L | CCW_SCSW_FLAG_E;
    memset(irb, 0, CCW_IRB_SIZE);
    ccw_store_be16(scsw + CCW_SCSW_OFS_FLAGS, flags);
    ccw_store_be16(scsw + CCW_SCSW_OFS_CTL, control(exec, phase, orb_flags));
    ccw_store_be32(scsw + CCW_SCSW_OFS_CPA, (exec->ccw.index + 1) * CCW_SIZE);
    scsw[CCW_SCSW_OFS_CSTAT] = exec->cstat;
    if (ended)
        scsw[CCW_SCSW_OFS_DSTAT] = exec->dstat;
    if (phase != DASD_PHASE_ACTIVE)
        ccw_store_be16(scsw + CCW_SCSW_OFS_COUNT, (guint16)exec->data.left);
    irb[IRB_OFS_LPUM] = (lpm & PATH_FIRST) || !lpm ? PATH_FIRST : lpm;
    if (unit_check) {
        ccw_store_be32(irb + IRB_OFS_ERW, CCW_ERW_CONS | DASD_SENSE_SIZE << CCW_ERW_SCNT_SHIFT);
        memcpy(irb + CCW_IRB_OFS_ECW, exec->device->lasting.sense, DASD_SENSE_SIZE);
    }
}

/*
 * What drivers/s390/block/dasd_eckd.c takes as a state-change interruption and goes on at once: without it, it asks
 * again a minute after "intervention required". Alert status alone is what an unsolicited one is told by (chapter 16).
 */
void dasd_device_state_change(guint8 ret_irb[CCW_IRB_SIZE])
{
    memset(ret_irb, 0, CCW_IRB_SIZE);
    ccw_store_be16(ret_irb + CCW_SCSW_OFS_CTL, CCW_SCSW_STCTL_ALERT | CCW_SCSW_STCTL_PENDING);
    ret_irb[CCW_SCSW_OFS_DSTAT] = CCW_DSTAT_ATTENTION | CCW_DSTAT_DEVICE_END | CCW_DSTAT_UNIT_EXCEPTION;
    ret_irb[IRB_OFS_LPUM] = PATH_FIRST;
}
