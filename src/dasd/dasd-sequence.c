/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decides which command may follow which in a chain: checks a command before it runs, and updates its domain after it.
 * docs/dasd.md lists the rules and their sources.
 */
#include "dasd/dasd-sequence.h"

#include "dasd/dasd-chain.h"
#include "dasd/dasd-cmd.h"
#include "dasd/dasd-codes.h"
#include "dasd/dasd-program.h"
#include "dasd/dasd-sense.h"

#define MASK_SEEK 0x18
#define MASK_SEEK_ALL 0x00
#define MASK_SEEK_CYLINDER_HEAD 0x08
#define MASK_SEEK_HEAD 0x10

static gboolean is_write(const DasdCmd *cmd)
{
    return (cmd->flags & (DASD_CMD_UPDATE | DASD_CMD_FORMAT)) != 0;
}

static gboolean mask_allows(const DasdChain *chain, const DasdCmd *cmd)
{
    /* A write track operation formats, whichever command begins it. */
    gboolean formats = (cmd->flags & DASD_CMD_FORMAT) || chain->domain.operation == DASD_OP_WRITE_TRACK;

    switch (chain->mask & DASD_MASK_WRITE) {
    case DASD_MASK_WRITE_NOT_R0:
        return !(cmd->flags & DASD_CMD_R0);
    case DASD_MASK_WRITE_NONE:
        return FALSE;
    case DASD_MASK_WRITE_UPDATE:
        return !formats;
    default:
        return TRUE;
    }
}

static gboolean mask_allows_seek(const DasdChain *chain, guint8 code)
{
    switch (chain->mask & MASK_SEEK) {
    case MASK_SEEK_ALL:
        return TRUE;
    case MASK_SEEK_CYLINDER_HEAD:
        return code == DASD_CODE_SEEK_CYLINDER || code == DASD_CODE_SEEK_HEAD;
    case MASK_SEEK_HEAD:
        return code == DASD_CODE_SEEK_HEAD;
    default:
        return FALSE;
    }
}

/* Outside a domain a write must follow one of its events (cmd->found). Some writes must follow the event directly. */
static gboolean found_allows(const DasdChain *chain, const DasdCmd *cmd)
{
    return !cmd->found || ((cmd->found & chain->found) && (!(cmd->flags & DASD_CMD_AT_ONCE) || chain->has_just_found));
}

/* Returns TRUE if the operation of the domain allows this form of the command at this place. */
static gboolean form_fits(const DasdChain *chain, guint8 code)
{
    const DasdDomain *domain = &chain->domain;

    switch (code) {
    case DASD_CODE_READ_DATA:
        return domain->operation != DASD_OP_READ_ANY;
    case DASD_CODE_READ_R0:
    case DASD_CODE_READ_R0_MT:
        return domain->operation == DASD_OP_READ || domain->orientation == DASD_ORIENT_HOME ||
               domain->orientation == DASD_ORIENT_INDEX;
    case DASD_CODE_READ_HOME_ADDRESS:
    case DASD_CODE_READ_HOME_ADDRESS_MT:
    case DASD_CODE_READ_SPECIAL_HOME_ADDRESS:
        return domain->operation == DASD_OP_READ || domain->orientation == DASD_ORIENT_INDEX;
    case DASD_CODE_READ_TRACK:
        return domain->is_fresh || chain->previous == DASD_CODE_READ_TRACK;
    case DASD_CODE_WRITE_DATA:
    case DASD_CODE_WRITE_KEY_AND_DATA:
        /* The command writes one record, oriented to its count. */
        return domain->is_fresh && (domain->operation == DASD_OP_WRITE_TRACK ||
                                    (domain->count == 1 && domain->orientation == DASD_ORIENT_COUNT));
    case DASD_CODE_WRITE_UPDATE_DATA:
    case DASD_CODE_WRITE_UPDATE_KEY_AND_DATA:
        return domain->is_fresh || chain->previous == code;
    case DASD_CODE_WRITE_R0:
        return domain->orientation == DASD_ORIENT_HOME || domain->orientation == DASD_ORIENT_INDEX;
    case DASD_CODE_WRITE_CKD_NEXT_TRACK:
        return chain->previous == DASD_CODE_WRITE_CKD || chain->previous == DASD_CODE_WRITE_CKD_NEXT_TRACK;
    default:
        return TRUE;
    }
}

/* Some commands must begin their chain. A suspension of multipath reconnection may come before them. */
static gboolean position_fits(const DasdChain *chain, const DasdCmd *cmd)
{
    if (!(cmd->flags & DASD_CMD_FIRST) || chain->commands == 0)
        return TRUE;
    if (chain->previous == DASD_CODE_SUSPEND_MULTIPATH_RECONNECTION)
        return chain->commands == 1;
    return (cmd->flags & DASD_CMD_AFTER_IDENTITY) && (chain->previous == DASD_CODE_READ_DEVICE_CHARACTERISTICS ||
                                                      chain->previous == DASD_CODE_READ_CONFIGURATION_DATA);
}

static gboolean order_allows(const DasdChain *chain, const DasdCmd *cmd)
{
    if (chain->is_ended || !position_fits(chain, cmd))
        return FALSE;
    if ((cmd->flags & DASD_CMD_PLACED) && !chain->is_placed)
        return FALSE;
    if (chain->prepared && cmd->code != DASD_CODE_READ_SUBSYSTEM_DATA)
        return FALSE;
    if ((cmd->flags & DASD_CMD_BEFORE_LIMITS) && (chain->has_extent || chain->has_mask || chain->has_read_ipl))
        return FALSE;
    if (!chain->domain.operation)
        return !(cmd->flags & DASD_CMD_IN_DOMAIN) && found_allows(chain, cmd);
    /* The program that an IPL record begins may have a NO-OPERATION after READ IPL, in place of the read. */
    if (cmd->code == DASD_CODE_NO_OPERATION)
        return chain->previous == DASD_CODE_READ_IPL;
    return (cmd->domains & chain->domain.operation) && form_fits(chain, cmd->code);
}

gboolean dasd_sequence_check(DasdExec *exec, const DasdCmd *cmd)
{
    if (!order_allows(&exec->chain, cmd))
        return dasd_check(exec, DASD_CHECK_SEQUENCE);
    if (is_write(cmd)) {
        if (exec->drive->read_only)
            return dasd_check(exec, DASD_CHECK_READ_ONLY);
        if (!mask_allows(&exec->chain, cmd))
            return dasd_check(exec, DASD_CHECK_SEQUENCE);
    }
    if ((cmd->flags & DASD_CMD_SEEK) && !mask_allows_seek(&exec->chain, cmd->code))
        return dasd_check(exec, DASD_CHECK_FILE_PROTECTED);
    return dasd_program_has_bytes(&exec->program, &exec->ccw, cmd->min) || dasd_check(exec, DASD_CHECK_COUNT);
}

void dasd_sequence_begin(DasdChain *chain, const DasdCmd *cmd)
{
    if (!(cmd->flags & DASD_CMD_SCAN))
        chain->index_passes = 0;
    chain->found &= cmd->keeps;
    chain->has_just_found = FALSE;
}

void dasd_sequence_end(DasdExec *exec, const DasdCmd *cmd)
{
    DasdChain *chain = &exec->chain;
    DasdDomain *domain = &chain->domain;
    gboolean counts = domain->operation && !(cmd->flags & DASD_CMD_OPENS_DOMAIN);

    chain->previous = cmd->code;
    chain->commands++;
    chain->is_ended = (cmd->flags & DASD_CMD_LAST) != 0;
    if (!counts)
        return;
    domain->is_fresh = FALSE;
    if (--domain->count == 0)
        domain->operation = 0;
}

gboolean dasd_sequence_is_complete(const DasdChain *chain)
{
    return !chain->domain.operation || chain->previous == DASD_CODE_READ_IPL;
}
