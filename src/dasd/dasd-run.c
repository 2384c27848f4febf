/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a channel program, with the checks that channel and control unit make before and after each command.
 */
#include "dasd/dasd-run.h"

#include <string.h>

#include "channel/arch.h"
#include "dasd/dasd-chain.h"
#include "dasd/dasd-cmd.h"
#include "dasd/dasd-data.h"
#include "dasd/dasd-drive.h"
#include "dasd/dasd-program.h"
#include "dasd/dasd-sense.h"
#include "dasd/dasd-sequence.h"
#include "dasd/dasd-volume.h"

#define DSTAT_END (CHANNEL_DSTAT_CHANNEL_END | CHANNEL_DSTAT_DEVICE_END)

/*
 * The channel stops a command whose data has an invalid address or CCW. The device does not check bytes that it did not
 * get, so the program check comes alone.
 */
static void forget_check(DasdExec *exec)
{
    if (!(exec->dstat & CHANNEL_DSTAT_UNIT_CHECK))
        return;
    exec->dstat = DSTAT_END;
    memset(exec->drive->lasting.sense, 0, DASD_SENSE_SIZE);
}

/*
 * The channel reports incorrect length for a command that ended well. It also reports incorrect length for an immediate
 * operation with a count, unless the ORB (or CCWs of format 0) says otherwise. Principles of Operation, chapter 16,
 * "Incorrect Length"; chapter 15, "Incorrect-Length-Suppression Mode".
 */
static void end_data(DasdExec *exec, const DasdCmd *cmd)
{
    gboolean wrong;

    if (cmd->flags & DASD_CMD_IMMEDIATE) {
        wrong = exec->data.left > 0 && !exec->program.is_length_suppressed;
    } else {
        dasd_data_end(&exec->data);
        wrong = exec->data.left > 0 || exec->data.is_short;
    }
    exec->cstat |= exec->data.cstat;
    if (exec->data.cstat)
        forget_check(exec);
    if (wrong && !(exec->dstat & CHANNEL_DSTAT_UNIT_CHECK) && !exec->data.cstat &&
        (!(exec->ccw.flags & CCW_FLAG_SLI) || (exec->ccw.flags & CCW_FLAG_CD)))
        exec->cstat |= CHANNEL_CSTAT_INCORRECT_LENGTH;
}

/* Returns TRUE if the program has a command after this one. */
static gboolean goes_on(const DasdExec *exec)
{
    return (exec->ccw.flags & CCW_FLAG_CC) && !(exec->ccw.flags & CCW_FLAG_CD);
}

static void execute(DasdExec *exec)
{
    const DasdCmd *cmd = exec->drive->find_command(exec->ccw.cmd);

    exec->dstat = DSTAT_END;
    dasd_data_begin(&exec->data, &exec->program, &exec->ccw);
    if (!cmd || !(cmd->flags & DASD_CMD_KEEPS_SENSE))
        memset(exec->drive->lasting.sense, 0, DASD_SENSE_SIZE);
    if (!cmd) {
        dasd_check(exec, DASD_CHECK_COMMAND);
        return;
    }
    if (!exec->drive->check_sequence(exec, cmd))
        return;
    dasd_sequence_begin(&exec->chain, cmd);
    cmd->run(exec);
    dasd_sequence_end(exec, cmd);
    end_data(exec, cmd);
    if (!goes_on(exec) && !exec->cstat && !(exec->dstat & CHANNEL_DSTAT_UNIT_CHECK) &&
        !dasd_sequence_is_complete(&exec->chain))
        dasd_check(exec, DASD_CHECK_INCOMPLETE);
}

static gboolean chains_on(const DasdExec *exec)
{
    const guint8 ends = CHANNEL_DSTAT_UNIT_CHECK | CHANNEL_DSTAT_UNIT_EXCEPTION;

    return exec->cstat == 0 && (exec->dstat & ends) == 0 && goes_on(exec);
}

/*
 * The device reports a PCI as soon as its CCW is current. If data chaining reached the CCW, the device reports the PCI
 * when the command is done. If the report fails, the PCI comes with the next status. The program does not wait for it.
 * Chapter 15, "Program-Controlled Interruption".
 */
static void tell_pci(DasdExec *exec)
{
    DasdDrive *drive = exec->drive;
    guint8 irb[CHANNEL_IRB_SIZE];

    if (!exec->pci || !drive->intermediate)
        return;
    exec->cstat = CHANNEL_CSTAT_PCI;
    dasd_status_build(exec, DASD_PHASE_ACTIVE, irb);
    exec->cstat = 0;
    exec->pci = !drive->intermediate(drive->intermediate_opaque, irb);
}

/*
 * Returns FALSE if the CCW is not executed: exec->cstat says why it is invalid; 0 means that the program is suspended
 * before it.
 */
static gboolean become_current(DasdExec *exec, guint32 index)
{
    exec->cstat |= dasd_program_fetch(&exec->program, index, 0, &exec->ccw);
    if (!exec->cstat) {
        exec->pci |= (exec->ccw.flags & CCW_FLAG_PCI) != 0;
        if (!(exec->ccw.flags & CCW_FLAG_SUSPEND))
            return TRUE;
    }
    exec->dstat = 0;
    dasd_data_begin(&exec->data, &exec->program, &exec->ccw);
    return FALSE;
}

DasdPhase dasd_run_program(DasdExec *exec)
{
    guint32 index = exec->program.start;
    gboolean suspended = FALSE;

    exec->chain = (DasdChain){ .last_track = dasd_volume_tracks(exec->drive->volume) - 1 };
    do {
        if (!become_current(exec, index)) {
            suspended = exec->cstat == 0;
            break;
        }
        tell_pci(exec);
        execute(exec);
        exec->pci |= exec->data.pci;
        index = exec->ccw.index + (exec->dstat & CHANNEL_DSTAT_STATUS_MODIFIER ? 2 : 1);
        if (!chains_on(exec))
            break;
        tell_pci(exec);
    } while (!g_atomic_int_get(&exec->drive->cancel));
    /* The device acknowledges a write only after the host has taken the data. */
    if (!dasd_volume_flush(exec->drive->volume)) {
        dasd_check_host(exec);
        suspended = FALSE;
    }
    if (exec->pci)
        exec->cstat |= CHANNEL_CSTAT_PCI;
    return suspended ? DASD_PHASE_SUSPENDED : DASD_PHASE_ENDED;
}
