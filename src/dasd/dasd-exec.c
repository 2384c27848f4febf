/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The loop over a channel program: what channel and control unit check before and after each command.
 */
#include "dasd/dasd-exec.h"

#include <string.h>

#define DSTAT_END (CCW_DSTAT_CHANNEL_END | CCW_DSTAT_DEVICE_END)

gboolean dasd_check(DasdExec *exec, DasdCheck check)
{
    DasdDevice *device = exec->device;

    dasd_sense_build(device->lasting.sense, check, device->unit_address, exec->chain.track_number);
    exec->dstat = DSTAT_END | CCW_DSTAT_UNIT_CHECK;
    return FALSE;
}

gboolean dasd_check_host(DasdExec *exec)
{
    if (!dasd_volume_lacks_room(exec->device->volume))
        return dasd_check(exec, DASD_CHECK_EQUIPMENT);
    g_atomic_int_set(&exec->device->lasting.waits, TRUE);
    return dasd_check(exec, DASD_CHECK_INTERVENTION);
}

/*
 * Incorrect length is the channel's to see, of a command that ended well. An immediate operation has one too if it has
 * a count, unless the ORB (or CCWs of format 0) says otherwise. Principles of Operation, chapter 16, "Incorrect
 * Length"; chapter 15, "Incorrect-Length-Suppression Mode".
 */
static void end_data(DasdExec *exec, const DasdCmd *cmd)
{
    gboolean wrong;

    if (cmd->flags & DASD_CMD_IMMEDIATE) {
        wrong = exec->data.left > 0 && !exec->program.suppresses_length;
    } else {
        dasd_data_end(&exec->data);
        wrong = exec->data.left > 0 || exec->data.cut;
    }
    exec->cstat |= exec->data.cstat;
    if (wrong && !(exec->dstat & CCW_DSTAT_UNIT_CHECK) && !exec->data.cstat &&
        (!(exec->ccw.flags & CCW_FLAG_SLI) || (exec->ccw.flags & CCW_FLAG_CD)))
        exec->cstat |= CCW_CSTAT_INCORRECT_LENGTH;
}

/* Whether the program has a command behind this one. */
static gboolean goes_on(const DasdExec *exec)
{
    return (exec->ccw.flags & CCW_FLAG_CC) && !(exec->ccw.flags & CCW_FLAG_CD);
}

static void execute(DasdExec *exec)
{
    const DasdCmd *cmd = exec->device->find_command(exec->ccw.cmd);

    exec->dstat = DSTAT_END;
    dasd_data_begin(&exec->data, &exec->program, &exec->ccw);
    if (!cmd || !(cmd->flags & DASD_CMD_KEEPS_SENSE))
        memset(exec->device->lasting.sense, 0, DASD_SENSE_SIZE);
    if (!cmd) {
        dasd_check(exec, DASD_CHECK_COMMAND);
        return;
    }
    if (!dasd_sequence_check(exec, cmd))
        return;
    dasd_sequence_begin(&exec->chain, cmd);
    cmd->run(exec);
    dasd_sequence_end(exec, cmd);
    end_data(exec, cmd);
    if (!goes_on(exec) && !exec->cstat && !(exec->dstat & CCW_DSTAT_UNIT_CHECK) &&
        !dasd_sequence_is_complete(&exec->chain))
        dasd_check(exec, DASD_CHECK_INCOMPLETE);
}

static gboolean chains_on(const DasdExec *exec)
{
    const guint8 ends = CCW_DSTAT_UNIT_CHECK | CCW_DSTAT_UNIT_EXCEPTION;

    return exec->cstat == 0 && (exec->dstat & ends) == 0 && goes_on(exec);
}

/*
 * A PCI is told as soon as its CCW is current (of one that was reached by data chaining, when its command is done), or
 * with the status that comes next. It does not hold up the program. Chapter 15, "Program-Controlled Interruption".
 */
static void tell_pci(DasdExec *exec)
{
    DasdDevice *device = exec->device;
    guint8 irb[CCW_IRB_SIZE];

    if (!exec->pci || !device->intermediate)
        return;
    exec->cstat = CCW_CSTAT_PCI;
    dasd_status_build(exec, DASD_PHASE_ACTIVE, irb);
    exec->cstat = 0;
    exec->pci = !device->intermediate(device->intermediate_opaque, irb);
}

/* FALSE at a CCW that is not executed: exec->cstat says why it is not valid, else the program is suspended before it.
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

DasdPhase dasd_exec_run(DasdExec *exec)
{
    guint32 index = exec->program.start;
    gboolean suspended = FALSE;

    exec->chain = (DasdChain){ .last_track = dasd_volume_tracks(exec->device->volume) - 1 };
    do {
        if (!become_current(exec, index)) {
            suspended = exec->cstat == 0;
            break;
        }
        tell_pci(exec);
        execute(exec);
        exec->pci |= exec->data.pci;
        index = exec->ccw.index + (exec->dstat & CCW_DSTAT_STATUS_MODIFIER ? 2 : 1);
        if (!chains_on(exec))
            break;
        tell_pci(exec);
    } while (!g_atomic_int_get(&exec->device->cancel));
    /* Nothing is acknowledged that the host has not taken. */
    if (!dasd_volume_flush(exec->device->volume)) {
        dasd_check_host(exec);
        suspended = FALSE;
    }
    if (exec->pci)
        exec->cstat |= CCW_CSTAT_PCI;
    return suspended ? DASD_PHASE_SUSPENDED : DASD_PHASE_ENDED;
}
