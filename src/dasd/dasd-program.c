/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Checks the program of a request, and fetches its CCWs.
 */
#include "dasd/dasd-program.h"

#include <errno.h>
#include <string.h>

#include "util/endian.h"

static gboolean is_tic(const guint8 *ccw)
{
    return ccw[CCW_OFS_CMD] == CCW_CMD_TIC;
}

/* Checks targets and offsets within the program. The maker of the request must get them right. */
static gboolean check_ccw(const DasdProgram *program, guint32 i)
{
    const guint8 *ccw = program->code.ccw[i];
    guint32 cda = ccw_load_be32(ccw + CCW_OFS_CDA);

    if (is_tic(ccw))
        return cda % CCW_SIZE == 0 && cda / CCW_SIZE < program->ccw_count;
    return ccw_load_be16(ccw + CCW_OFS_COUNT) == 0 || cda == CHANNEL_PROGRAM_CDA_OFS + i * sizeof(guint64) ||
           (ccw[CCW_OFS_FLAGS] & CCW_FLAG_SKIP) || ccw[CCW_OFS_CMD] == CCW_CMD_NOOP;
}

/* Another thread may change the request meanwhile. So this function copies the entries in use before any check. */
static void copy_code(DasdProgram *program, const ChannelProgram *code, guint32 ccw_count)
{
    memcpy(program->code.ccw, code->ccw, ccw_count * sizeof(code->ccw[0]));
    memcpy(program->code.cda, code->cda, ccw_count * sizeof(code->cda[0]));
}

int dasd_program_load(DasdProgram *program, const CcwCmdRequest *request)
{
    guint32 flags = ccw_load_be32(request->orb + CHANNEL_ORB_OFS_FLAGS);
    guint32 start = ccw_load_be32(request->orb + CHANNEL_ORB_OFS_CPA);

    if (request->ccw_count < 1 || request->ccw_count > CHANNEL_PROGRAM_MAX || !request->program || start % CCW_SIZE ||
        start / CCW_SIZE >= request->ccw_count)
        return -EINVAL;
    copy_code(program, GSIZE_TO_POINTER(request->program), request->ccw_count);
    program->ccw_count = request->ccw_count;
    program->start = start / CCW_SIZE;
    program->block = (flags & CHANNEL_ORB_C64) && !(flags & CHANNEL_ORB_T2K) ? 4096 : 2048;
    program->fetches = 0;
    program->can_suspend = (flags & CHANNEL_ORB_SUSPEND) != 0;
    program->is_resumed = (ccw_load_be16(request->scsw + CHANNEL_SCSW_OFS_CTL) & CHANNEL_SCSW_ACTL_RESUME_PENDING) != 0;
    program->is_length_suppressed = (flags & CHANNEL_ORB_ILS) != 0;
    for (guint32 i = 0; i < program->ccw_count; i++)
        if (!check_ccw(program, i))
            return -EINVAL;
    return 0;
}

/*
 * Chapter 16, "Program Check": the channel notices an invalid data address before the command, if the first byte has no
 * valid address.
 */
static gboolean has_data(const DasdProgram *program, const DasdCcw *ccw, gboolean data_chained)
{
    guint64 address = program->code.cda[ccw->index];

    /* The device rejects read backward, with any modifier, without checking its data. */
    if (!data_chained && (ccw->cmd == CCW_CMD_NOOP || (ccw->cmd & 0x0f) == 0x0c))
        return TRUE;
    if (ccw->count == 0 || (channel_cmd_is_input(ccw->cmd) && (ccw->flags & CCW_FLAG_SKIP)))
        return TRUE;
    return address && (!(ccw->flags & CCW_FLAG_IDA) || *(const guint64 *)GSIZE_TO_POINTER(address));
}

/* Format-1 CCWs: Principles of Operation, chapter 16, "Program Check". */
static gboolean is_valid(const DasdProgram *program, const DasdCcw *ccw, gboolean data_chained)
{
    if (ccw->flags & CCW_FLAG_MIDA)
        return FALSE;
    /* "Invalid Suspend Flag" */
    if ((ccw->flags & CCW_FLAG_SUSPEND) && (data_chained || !program->can_suspend))
        return FALSE;
    if (ccw->count == 0 && (data_chained || (ccw->flags & CCW_FLAG_CD)))
        return FALSE;
    if (!data_chained && ((ccw->cmd & 0x0f) == 0 || (ccw->cmd & 0x0f) == CCW_CMD_TIC))
        return FALSE;
    return has_data(program, ccw, data_chained);
}

guint8 dasd_program_fetch(DasdProgram *program, guint32 index, guint8 data_of, DasdCcw *ret_ccw)
{
    const guint8 *ccw;

    *ret_ccw = (DasdCcw){ .index = index };
    if (index >= program->ccw_count)
        return CHANNEL_CSTAT_PROGRAM_CHECK;
    ccw = program->code.ccw[index];
    if (is_tic(ccw)) {
        index = ccw_load_be32(ccw + CCW_OFS_CDA) / CCW_SIZE;
        ccw = program->code.ccw[index];
        /* A TIC must not be the target of a TIC, nor the first CCW, except in a resumed program. */
        if ((program->fetches == 0 && !program->is_resumed) || is_tic(ccw))
            return CHANNEL_CSTAT_PROGRAM_CHECK;
    }
    ret_ccw->index = index;
    ret_ccw->cmd = data_of ? data_of : ccw[CCW_OFS_CMD];
    ret_ccw->flags = ccw[CCW_OFS_FLAGS];
    ret_ccw->count = ccw_load_be16(ccw + CCW_OFS_COUNT);
    if (++program->fetches > DASD_PROGRAM_FETCHES_MAX)
        return CHANNEL_CSTAT_CHANNEL_CONTROL_CHECK;
    return is_valid(program, ret_ccw, data_of != 0) ? 0 : CHANNEL_CSTAT_PROGRAM_CHECK;
}

gboolean dasd_program_has_bytes(const DasdProgram *program, const DasdCcw *ccw, guint32 wanted)
{
    guint32 total = ccw->count, index = ccw->index;
    guint8 flags = ccw->flags;

    while (total < wanted && (flags & CCW_FLAG_CD)) {
        const guint8 *next;
        guint16 count;

        if (++index >= program->ccw_count)
            return TRUE;
        if (is_tic(program->code.ccw[index]))
            index = ccw_load_be32(program->code.ccw[index] + CCW_OFS_CDA) / CCW_SIZE;
        next = program->code.ccw[index];
        count = ccw_load_be16(next + CCW_OFS_COUNT);
        /* A TIC has no count, so a TIC to a TIC is invalid, too. */
        if (count == 0)
            return TRUE;
        total += count;
        flags = next[CCW_OFS_FLAGS];
    }
    return total >= wanted;
}
