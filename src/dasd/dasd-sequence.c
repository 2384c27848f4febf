/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which command may follow which in a chain: what is checked before a command runs, and what becomes of its domain
 * after it. docs/dasd.md lists the rules and where each comes from.
 */
#include "dasd/dasd-exec.h"

#define MASK_WRITE 0xc0
#define MASK_WRITE_NOT_R0 0x00
#define MASK_WRITE_NONE 0x40
#define MASK_WRITE_UPDATE 0x80

#define CMD_READ_IPL 0x02
#define CMD_NO_OPERATION 0x03
#define CMD_WRITE_DATA 0x05
#define CMD_READ_SPECIAL_HOME 0x0a
#define CMD_READ_DATA 0x06
#define CMD_WRITE_KEY_DATA 0x0d
#define CMD_WRITE_R0 0x15
#define CMD_READ_R0 0x16
#define CMD_READ_HOME 0x1a
#define CMD_WRITE_CKD 0x1d
#define CMD_READ_SUBSYSTEM_DATA 0x3e
#define CMD_SUSPEND_MULTIPATH 0x5b
#define CMD_READ_CHARACTERISTICS 0x64
#define CMD_WRITE_UPDATE_DATA 0x85
#define CMD_WRITE_UPDATE_KEY_DATA 0x8d
#define CMD_READ_R0_MULTI 0x96
#define CMD_READ_HOME_MULTI 0x9a
#define CMD_WRITE_CKD_NEXT_TRACK 0x9d
#define CMD_READ_TRACK 0xde
#define CMD_READ_CONFIGURATION 0xfa

static gboolean is_write(const DasdCmd *cmd)
{
    return (cmd->flags & (DASD_CMD_UPDATE | DASD_CMD_FORMAT)) != 0;
}

static gboolean mask_allows(const DasdChain *chain, const DasdCmd *cmd)
{
    /* A write track operation formats, whatever command it begins with. */
    gboolean formats = (cmd->flags & DASD_CMD_FORMAT) || chain->domain.operation == DASD_OP_WRITE_TRACK;

    switch (chain->mask & MASK_WRITE) {
    case MASK_WRITE_NOT_R0:
        return !(cmd->flags & DASD_CMD_R0);
    case MASK_WRITE_NONE:
        return FALSE;
    case MASK_WRITE_UPDATE:
        return !formats;
    default:
        return TRUE;
    }
}

/* Outside a domain a write needs what a search found, some writes directly behind the search. */
static gboolean found_allows(const DasdChain *chain, const DasdCmd *cmd)
{
    return !cmd->found || ((cmd->found & chain->found) && (!(cmd->flags & DASD_CMD_AT_ONCE) || chain->found_now));
}

/* Whether the domain's operation takes the command in this form, here. */
static gboolean form_fits(const DasdChain *chain, guint8 code)
{
    const DasdDomain *domain = &chain->domain;

    switch (code) {
    case CMD_READ_DATA:
        return domain->operation != DASD_OP_READ_ANY;
    case CMD_READ_R0:
    case CMD_READ_R0_MULTI:
        return domain->operation == DASD_OP_READ || domain->orientation == DASD_ORIENT_HOME ||
               domain->orientation == DASD_ORIENT_INDEX;
    case CMD_READ_HOME:
    case CMD_READ_HOME_MULTI:
    case CMD_READ_SPECIAL_HOME:
        return domain->operation == DASD_OP_READ || domain->orientation == DASD_ORIENT_INDEX;
    case CMD_READ_TRACK:
        return domain->fresh || chain->previous == CMD_READ_TRACK;
    case CMD_WRITE_DATA:
    case CMD_WRITE_KEY_DATA:
        /* One record, at its count. */
        return domain->fresh && (domain->operation == DASD_OP_WRITE_TRACK ||
                                 (domain->count == 1 && domain->orientation == DASD_ORIENT_COUNT));
    case CMD_WRITE_UPDATE_DATA:
    case CMD_WRITE_UPDATE_KEY_DATA:
        return domain->fresh || chain->previous == code;
    case CMD_WRITE_R0:
        return domain->orientation == DASD_ORIENT_HOME || domain->orientation == DASD_ORIENT_INDEX;
    case CMD_WRITE_CKD_NEXT_TRACK:
        return chain->previous == CMD_WRITE_CKD || chain->previous == CMD_WRITE_CKD_NEXT_TRACK;
    default:
        return TRUE;
    }
}

/* Some commands begin their chain. A suspension of multipath reconnection may come before them. */
static gboolean position_fits(const DasdChain *chain, const DasdCmd *cmd)
{
    if (!(cmd->flags & DASD_CMD_FIRST) || chain->commands == 0)
        return TRUE;
    if (chain->previous == CMD_SUSPEND_MULTIPATH)
        return chain->commands == 1;
    return (cmd->flags & DASD_CMD_AFTER_IDENTITY) &&
           (chain->previous == CMD_READ_CHARACTERISTICS || chain->previous == CMD_READ_CONFIGURATION);
}

static gboolean order_allows(const DasdChain *chain, const DasdCmd *cmd)
{
    if (chain->ended || !position_fits(chain, cmd))
        return FALSE;
    if ((cmd->flags & DASD_CMD_PLACED) && !chain->placed)
        return FALSE;
    if (chain->prepared && cmd->code != CMD_READ_SUBSYSTEM_DATA)
        return FALSE;
    if ((cmd->flags & DASD_CMD_BEFORE_LIMITS) && (chain->extent_defined || chain->mask_set || chain->ipl_read))
        return FALSE;
    if (!chain->domain.operation)
        return !(cmd->flags & DASD_CMD_IN_DOMAIN) && found_allows(chain, cmd);
    /* The program that an IPL record begins may put a no-operation behind it, in place of the read. */
    if (cmd->code == CMD_NO_OPERATION)
        return chain->previous == CMD_READ_IPL;
    return (cmd->domains & chain->domain.operation) && form_fits(chain, cmd->code);
}

gboolean dasd_sequence_check(DasdExec *exec, const DasdCmd *cmd)
{
    if (!order_allows(&exec->chain, cmd))
        return dasd_check(exec, DASD_CHECK_SEQUENCE);
    if (is_write(cmd)) {
        if (exec->device->read_only)
            return dasd_check(exec, DASD_CHECK_READ_ONLY);
        if (!mask_allows(&exec->chain, cmd))
            return dasd_check(exec, DASD_CHECK_SEQUENCE);
    }
    return dasd_program_has_bytes(&exec->program, &exec->ccw, cmd->min) || dasd_check(exec, DASD_CHECK_COUNT);
}

void dasd_sequence_begin(DasdChain *chain, const DasdCmd *cmd)
{
    if (!(cmd->flags & DASD_CMD_SCAN))
        chain->index_passes = 0;
    chain->found &= cmd->keeps;
    chain->found_now = FALSE;
}

void dasd_sequence_end(DasdExec *exec, const DasdCmd *cmd)
{
    DasdChain *chain = &exec->chain;
    DasdDomain *domain = &chain->domain;
    gboolean counts = domain->operation && !(cmd->flags & DASD_CMD_OPENS_DOMAIN);

    chain->previous = cmd->code;
    chain->commands++;
    chain->ended = (cmd->flags & DASD_CMD_LAST) != 0;
    if (!counts)
        return;
    domain->fresh = FALSE;
    if (--domain->count == 0)
        domain->operation = 0;
}

gboolean dasd_sequence_is_complete(const DasdChain *chain)
{
    return !chain->domain.operation || chain->previous == CMD_READ_IPL;
}
