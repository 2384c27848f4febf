/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What text and JSON share; see trace-format.h. */
#include "trace/trace-format.h"

#include "util/endian.h"

#define HEX_DEFAULT 16
#define OFS_ERW (CCW_IRB_OFS_ESW + 4)

/*
 * The translation closes each run of CCWs with a NOOP of its own where there is a place (channel/request.h): the
 * guest has no such CCW.
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
        /* A TIC in a data chain is no end of it. */
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

gboolean trace_format_suspended(const TraceRecord *record)
{
    return (ccw_load_be16(record->irb + CCW_SCSW_OFS_CTL) & CCW_SCSW_ACTL_SUSPENDED) != 0;
}

const guint8 *trace_format_sense(const TraceRecord *record)
{
    gboolean extended = ccw_load_be16(record->irb + CCW_SCSW_OFS_FLAGS) & CCW_SCSW_FLAG_E;

    return extended && ccw_load_be32(record->irb + OFS_ERW) & CCW_ERW_CONS ? record->irb + CCW_IRB_OFS_ECW : NULL;
}
