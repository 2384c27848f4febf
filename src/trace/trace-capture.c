/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trace/trace-capture.h"

#include "util/endian.h"

/* The data of a CCW: one piece, or a list of pieces that each end at the end of a block. */
typedef struct {
    const ChannelProgram *program;
    guint index;
    guint32 block;
    gboolean is_list;
    guint16 count;
} Source;

/* Finds piece n of the data, after done bytes. Returns: the piece, or NULL after the last. */
static const guint8 *piece(const Source *source, guint n, gsize done, gsize *ret_length)
{
    guint64 cda = source->program->cda[source->index];
    const guint64 *list = (const guint64 *)(guintptr)cda;

    if (cda == 0 || done >= source->count || n >= TRACE_ADDRESSES_MAX || (n > 0 && !source->is_list))
        return NULL;
    *ret_length = source->count - done;
    if (source->is_list) {
        cda = list[n];
        *ret_length = MIN(*ret_length, source->block - (cda & (source->block - 1)));
    }
    return (const guint8 *)(guintptr)cda;
}

static guint8 *put_addresses(const TraceCapture *capture, const Source *source, guint8 *at, guint *ret_n)
{
    const guint8 *host;
    gsize done = 0, length = 0;
    guint n;

    for (n = 0; (host = piece(source, n, done, &length)) != NULL; n++) {
        ccw_store_be64(at, capture->guest_address(capture->opaque, host));
        at += 8;
        done += length;
    }
    *ret_n = n;
    return at;
}

static guint8 *put_data(const Source *source, gsize want, guint8 *at, guint *ret_length)
{
    const guint8 *host;
    gsize done = 0, length = 0;

    for (guint n = 0; done < want && (host = piece(source, n, done, &length)) != NULL; n++) {
        length = MIN(length, want - done);
        memcpy(at + done, host, length);
        done += length;
    }
    memset(at + done, 0, -done & 7);
    *ret_length = (guint)done;
    return at + done + (-done & 7);
}

/*
 * Returns: the number of bytes of a CCW's data to record. The data of an output command is complete from the start. The
 * data of an input command is valid if the device has executed the command, except the residual count.
 */
static gsize data_length(const TraceCapture *capture, guint index, const guint8 *ccw, guint8 cmd)
{
    const guint8 *irb = capture->request->irb;
    guint executed = ccw_load_be32(irb + CHANNEL_SCSW_OFS_CPA) / CCW_SIZE;
    gsize count = ccw_load_be16(ccw + CCW_OFS_COUNT);
    gsize residual = ccw_load_be16(irb + CHANNEL_SCSW_OFS_COUNT);

    if (channel_cmd_is_input(cmd)) {
        if (index >= executed || ccw[CCW_OFS_FLAGS] & CCW_FLAG_SKIP)
            return 0;
        if (index + 1 == executed)
            count -= MIN(count, residual);
    }
    return MIN(count, capture->data_max);
}

/* cmd: the command; for a data-chained CCW that of the CCW before it */
static guint8 *put_ccw(const TraceCapture *capture, const ChannelProgram *program, guint index, guint8 cmd, guint8 *at)
{
    guint32 flags = ccw_load_be32(capture->request->orb + CHANNEL_ORB_OFS_FLAGS);
    const guint8 *ccw = program->ccw[index];
    Source source = {
        .program = program,
        .index = index,
        .block = flags & CHANNEL_ORB_C64 && !(flags & CHANNEL_ORB_T2K) ? 4096 : 2048,
        .is_list = ccw[CCW_OFS_FLAGS] & CCW_FLAG_IDA ? TRUE : FALSE,
        .count = ccw_load_be16(ccw + CCW_OFS_COUNT),
    };
    guint8 *end = at + TRACE_CCW_SIZE;
    guint n_addresses = 0, n_data = 0;

    memcpy(at, ccw, CCW_SIZE);
    if (capture->with_data && ccw[CCW_OFS_CMD] != CCW_CMD_TIC) {
        end = put_addresses(capture, &source, end, &n_addresses);
        end = put_data(&source, data_length(capture, index, ccw, cmd), end, &n_data);
    }
    ccw_store_be16(at + TRACE_CCW_OFS_ADDRESSES, (guint16)n_addresses);
    ccw_store_be16(at + TRACE_CCW_OFS_DATA, (guint16)n_data);
    ccw_store_be32(at + 12, 0);
    return end;
}

static guint8 *put_program(const TraceCapture *capture, guint n, guint8 *at)
{
    const ChannelProgram *program = (const ChannelProgram *)(guintptr)capture->request->program;
    gboolean data_chained = FALSE;
    guint8 cmd = 0;

    for (guint i = 0; i < n; i++) {
        const guint8 *ccw = program->ccw[i];

        cmd = data_chained ? cmd : ccw[CCW_OFS_CMD];
        at = put_ccw(capture, program, i, cmd, at);
        if (ccw[CCW_OFS_CMD] != CCW_CMD_TIC)
            data_chained = ccw[CCW_OFS_FLAGS] & CCW_FLAG_CD ? TRUE : FALSE;
    }
    return at;
}

gsize trace_capture(const TraceCapture *capture, guint8 *buffer)
{
    guint n = capture->request ? MIN(capture->request->ccw_count, CHANNEL_PROGRAM_MAX) : 0;
    guint8 *end = buffer + TRACE_RECORD_SIZE;

    memset(buffer, 0, TRACE_RECORD_SIZE);
    ccw_store_be32(buffer, TRACE_RECORD_MAGIC);
    ccw_store_be64(buffer + TRACE_OFS_STARTED, capture->started);
    ccw_store_be64(buffer + TRACE_OFS_DURATION, capture->duration);
    buffer[TRACE_OFS_CSSID] = capture->bus_id.cssid;
    buffer[TRACE_OFS_SSID] = capture->bus_id.ssid;
    ccw_store_be16(buffer + TRACE_OFS_DEVNO, capture->bus_id.devno);
    buffer[TRACE_OFS_FUNCTION] = (guint8)capture->function;
    ccw_store_be16(buffer + TRACE_OFS_CCWS, (guint16)n);
    ccw_store_be32(buffer + TRACE_OFS_ERRNO, (guint32)capture->error);
    if (capture->orb)
        memcpy(buffer + TRACE_OFS_ORB, capture->orb, CHANNEL_ORB_SIZE);
    if (capture->irb)
        memcpy(buffer + TRACE_OFS_IRB, capture->irb, CHANNEL_IRB_SIZE);
    if (n > 0) {
        ccw_store_be32(buffer + TRACE_OFS_STOP, ccw_load_be32(capture->request->irb + CHANNEL_SCSW_OFS_CPA));
        end = put_program(capture, n, end);
    }
    ccw_store_be32(buffer + TRACE_OFS_LENGTH, (guint32)(end - buffer));
    return (gsize)(end - buffer);
}
