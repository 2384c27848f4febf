/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Builds the interruption-response block of a channel program: SCSW, ESW, ECW. Principles of Operation, chapter 16. The
 * sense comes with the unit check (concurrent sense), and stays for a SENSE command.
 */
#include "dasd/dasd-status.h"

#include <string.h>

#include "channel/arch.h"
#include "dasd/dasd-sense.h"
#include "util/endian.h"

#define IRB_OFS_LPUM (CHANNEL_IRB_OFS_ESW + 1)
#define IRB_OFS_ERW (CHANNEL_IRB_OFS_ESW + 4)
#define PATH_FIRST 0x80
#define SCSW_FLAGS_OF_ORB 0xf8f8 /* key, suspend, format, prefetch and the next three: the same bits in both */

/*
 * Returns function, activity and status control. The status before the end of a program is intermediate status. A
 * suspension has none if the ORB suppresses the interruption, unless the device has a PCI to report (chapter 15,
 * "Suspension of Channel-Program Execution").
 */
static guint16 control(const DasdExec *exec, DasdPhase phase, guint32 orb_flags)
{
    const guint16 ended = CHANNEL_SCSW_STCTL_PRIMARY | CHANNEL_SCSW_STCTL_SECONDARY | CHANNEL_SCSW_STCTL_PENDING;
    const guint16 going = CHANNEL_SCSW_STCTL_INTERMEDIATE | CHANNEL_SCSW_STCTL_PENDING;
    gboolean pci = (exec->cstat & CHANNEL_CSTAT_PCI) != 0;
    guint16 value = CHANNEL_SCSW_FCTL_START;

    switch (phase) {
    case DASD_PHASE_ACTIVE:
        return value | CHANNEL_SCSW_ACTL_SUBCHANNEL_ACTIVE | CHANNEL_SCSW_ACTL_DEVICE_ACTIVE | going;
    case DASD_PHASE_SUSPENDED:
        return value | CHANNEL_SCSW_ACTL_SUSPENDED | (orb_flags & CHANNEL_ORB_SUPPRESS && !pci ? 0 : going);
    case DASD_PHASE_ENDED:
        break;
    }
    value |= ended;
    if ((exec->cstat & ~CHANNEL_CSTAT_PCI) || exec->dstat & (CHANNEL_DSTAT_UNIT_CHECK | CHANNEL_DSTAT_UNIT_EXCEPTION))
        value |= CHANNEL_SCSW_STCTL_ALERT;
    /* The PCI is intermediate status that comes together with the last status. */
    return pci ? value | CHANNEL_SCSW_STCTL_INTERMEDIATE : value;
}

void dasd_status_build(const DasdExec *exec, DasdPhase phase, guint8 irb[CHANNEL_IRB_SIZE])
{
    guint32 orb_flags = ccw_load_be32(exec->orb + CHANNEL_ORB_OFS_FLAGS);
    guint8 lpm = (guint8)(orb_flags >> CHANNEL_ORB_LPM_SHIFT);
    guint16 flags = (guint16)(orb_flags >> 16 & SCSW_FLAGS_OF_ORB);
    guint8 *scsw = irb + CHANNEL_IRB_OFS_SCSW;
    gboolean ended = phase == DASD_PHASE_ENDED;
    gboolean unit_check = ended && exec->dstat & CHANNEL_DSTAT_UNIT_CHECK;

    if (unit_check)
        flags |= CHANNEL_SCSW_FLAG_L | CHANNEL_SCSW_FLAG_E;
    memset(irb, 0, CHANNEL_IRB_SIZE);
    ccw_store_be16(scsw + CHANNEL_SCSW_OFS_FLAGS, flags);
    ccw_store_be16(scsw + CHANNEL_SCSW_OFS_CTL, control(exec, phase, orb_flags));
    ccw_store_be32(scsw + CHANNEL_SCSW_OFS_CPA, (exec->ccw.index + 1) * CCW_SIZE);
    scsw[CHANNEL_SCSW_OFS_CSTAT] = exec->cstat;
    if (ended)
        scsw[CHANNEL_SCSW_OFS_DSTAT] = exec->dstat;
    if (phase != DASD_PHASE_ACTIVE)
        ccw_store_be16(scsw + CHANNEL_SCSW_OFS_COUNT, (guint16)exec->data.left);
    irb[IRB_OFS_LPUM] = (lpm & PATH_FIRST) || !lpm ? PATH_FIRST : lpm;
    if (unit_check) {
        ccw_store_be32(irb + IRB_OFS_ERW, CHANNEL_ERW_CONS | DASD_SENSE_SIZE << CHANNEL_ERW_SCNT_SHIFT);
        memcpy(irb + CHANNEL_IRB_OFS_ECW, exec->drive->lasting.sense, DASD_SENSE_SIZE);
    }
}

/*
 * drivers/s390/block/dasd_eckd.c takes this status as a state-change interruption, and continues at once. Without it,
 * the driver asks again a minute after "intervention required". An unsolicited status has alert status alone (chapter
 * 16).
 */
void dasd_status_build_state_change(guint8 ret_irb[CHANNEL_IRB_SIZE])
{
    memset(ret_irb, 0, CHANNEL_IRB_SIZE);
    ccw_store_be16(ret_irb + CHANNEL_SCSW_OFS_CTL, CHANNEL_SCSW_STCTL_ALERT | CHANNEL_SCSW_STCTL_PENDING);
    ret_irb[CHANNEL_SCSW_OFS_DSTAT] = CHANNEL_DSTAT_ATTENTION | CHANNEL_DSTAT_DEVICE_END | CHANNEL_DSTAT_UNIT_EXCEPTION;
    ret_irb[IRB_OFS_LPUM] = PATH_FIRST;
}
