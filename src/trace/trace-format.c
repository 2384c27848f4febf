/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prepares a record for both formats. */
#include "trace/trace-format.h"

#include "util/endian.h"

#define HEX_DEFAULT 16
#define OFS_ERW (CHANNEL_IRB_OFS_ESW + 4)

/*
 * Returns: whether the guest does not have this CCW: it is the NOOP that the translation adds after the end of a chain
 * (channel/request.h).
 */
static gboolean is_padding(const TraceCcw *ccw, const TraceCcw *before)
{
    return ccw->cmd == CCW_CMD_NOOP && ccw->flags == CCW_FLAG_SLI && ccw->count == 0 && before->cmd != CCW_CMD_TIC &&
           !(before->flags & (CCW_FLAG_CC | CCW_FLAG_CD));
}

gboolean trace_format_step(TraceRecord *record, TraceStep *step)
{
    guint index = record->n_ccws - record->n_left;
    gboolean chained = FALSE;
    guint8 cmd = step->cmd;
    TraceCcw ccw;

    if (!trace_record_next(record, &ccw))
        return FALSE;
    if (index > 0 && is_padding(&ccw, &step->ccw)) {
        index++;
        if (!trace_record_next(record, &ccw))
            return FALSE;
    } else if (index > 0) {
        /* A TIC does not end a data chain. */
        chained = step->ccw.cmd == CCW_CMD_TIC ? step->chained : (step->ccw.flags & CCW_FLAG_CD) != 0;
    }
    *step = (TraceStep){ .ccw = ccw, .index = index, .chained = chained, .cmd = chained ? cmd : ccw.cmd };
    return TRUE;
}

guint trace_format_hex(const TraceStyle *style, const TraceStep *step, gboolean decoded)
{
    if (!style->hex)
        return 0;
    if (style->hex_more)
        return MIN(style->hex_more, step->ccw.n_data);
    return decoded ? 0 : MIN(HEX_DEFAULT, step->ccw.n_data);
}

int trace_format_stop(const TraceRecord *record)
{
    guint n = record->stop / CCW_SIZE;

    return n == 0 || n > record->n_ccws ? -1 : (int)n - 1;
}

gboolean trace_format_is_suspended(const TraceRecord *record)
{
    return (ccw_load_be16(record->irb + CHANNEL_SCSW_OFS_CTL) & CHANNEL_SCSW_ACTL_SUSPENDED) != 0;
}

gboolean trace_format_is_error(const TraceRecord *record)
{
    guint8 dstat = record->irb[CHANNEL_SCSW_OFS_DSTAT], cstat = record->irb[CHANNEL_SCSW_OFS_CSTAT];

    return record->error || (dstat & (CHANNEL_DSTAT_UNIT_CHECK | CHANNEL_DSTAT_UNIT_EXCEPTION)) ||
           (cstat & ~CHANNEL_CSTAT_PCI);
}

const guint8 *trace_format_sense(const TraceRecord *record)
{
    gboolean extended = ccw_load_be16(record->irb + CHANNEL_SCSW_OFS_FLAGS) & CHANNEL_SCSW_FLAG_E;

    return extended && ccw_load_be32(record->irb + OFS_ERW) & CHANNEL_ERW_CONS ? record->irb + CHANNEL_IRB_OFS_ECW
                                                                               : NULL;
}
