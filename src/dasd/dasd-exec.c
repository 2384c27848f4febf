/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The loop over a channel program: what channel and control unit check before and after each command.
 */
#include "dasd/dasd-exec.h"

#include <string.h>

#define DSTAT_END (CCW_DSTAT_CHANNEL_END | CCW_DSTAT_DEVICE_END)

#define MASK_WRITE 0xc0
#define MASK_WRITE_NOT_R0 0x00
#define MASK_WRITE_NONE 0x40
#define MASK_WRITE_UPDATE 0x80

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

static gboolean mask_allows(const DasdExec *exec, const DasdCmd *cmd)
{
    switch (exec->chain.mask & MASK_WRITE) {
    case MASK_WRITE_NOT_R0:
        return !(cmd->flags & DASD_CMD_R0);
    case MASK_WRITE_NONE:
        return FALSE;
    case MASK_WRITE_UPDATE:
        return !(cmd->flags & DASD_CMD_FORMAT);
    default:
        return TRUE;
    }
}

/* Whether a command may be executed here: the domain, the chain, the mask, a volume that is read-only. */
static gboolean check_command(DasdExec *exec, const DasdCmd *cmd)
{
    const guint writes = DASD_CMD_UPDATE | DASD_CMD_FORMAT;

    if ((cmd->flags & DASD_CMD_PLACED) && !exec->chain.placed)
        return dasd_check(exec, DASD_CHECK_SEQUENCE);
    if (exec->chain.domain.operation && !(cmd->flags & DASD_CMD_CONTROL)) {
        if (!(cmd->domains & exec->chain.domain.operation))
            return dasd_check(exec, DASD_CHECK_SEQUENCE);
    } else if (!exec->chain.domain.operation) {
        /* A write without a domain follows a search for its place. */
        if ((cmd->flags & DASD_CMD_IN_DOMAIN) || ((cmd->flags & writes) && !exec->chain.search_hit))
            return dasd_check(exec, DASD_CHECK_SEQUENCE);
    }
    if (cmd->flags & writes) {
        if (exec->device->read_only)
            return dasd_check(exec, DASD_CHECK_READ_ONLY);
        if (!mask_allows(exec, cmd))
            return dasd_check(exec, DASD_CHECK_SEQUENCE);
    }
    return exec->ccw.count >= cmd->min || (exec->ccw.flags & CCW_FLAG_CD) || dasd_check(exec, DASD_CHECK_COUNT);
}

static void count_domain(DasdExec *exec, const DasdCmd *cmd)
{
    if (!exec->chain.domain.operation || (cmd->flags & DASD_CMD_CONTROL))
        return;
    exec->chain.domain.fresh = FALSE;
    if (--exec->chain.domain.count == 0)
        exec->chain.domain.operation = 0;
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

static void execute(DasdExec *exec)
{
    const DasdCmd *cmd = exec->device->find_command(exec->ccw.cmd);
    gboolean hit = exec->chain.search_hit;

    exec->dstat = DSTAT_END;
    dasd_data_begin(&exec->data, &exec->program, &exec->ccw);
    if (!cmd || !(cmd->flags & DASD_CMD_KEEPS_SENSE))
        memset(exec->device->lasting.sense, 0, DASD_SENSE_SIZE);
    if (!cmd) {
        dasd_check(exec, DASD_CHECK_COMMAND);
        return;
    }
    if (!check_command(exec, cmd))
        return;
    if (!(cmd->flags & DASD_CMD_SCAN))
        exec->chain.index_passes = 0;
    exec->chain.search_hit = FALSE;
    cmd->run(exec);
    /* Format writes follow one another behind one search. */
    if (cmd->flags & DASD_CMD_FORMAT)
        exec->chain.search_hit = hit;
    count_domain(exec, cmd);
    end_data(exec, cmd);
}

static gboolean chains_on(const DasdExec *exec)
{
    const guint8 ends = CCW_DSTAT_UNIT_CHECK | CCW_DSTAT_UNIT_EXCEPTION;

    return exec->cstat == 0 && (exec->dstat & ends) == 0 && (exec->ccw.flags & CCW_FLAG_CC) &&
           !(exec->ccw.flags & CCW_FLAG_CD);
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
