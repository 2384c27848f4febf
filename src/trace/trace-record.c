/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trace/trace-record.h"

#include "util/endian.h"
#include "util/error.h"

#define ERRNO_MAX 4095 /* the kernel's MAX_ERRNO */

static gsize padded(gsize length)
{
    return (length + 7) & ~(gsize)7;
}

gsize trace_record_length(const guint8 *bytes)
{
    gsize length = ccw_load_be32(bytes + TRACE_OFS_LENGTH);

    if (ccw_load_be32(bytes) != TRACE_RECORD_MAGIC || length < TRACE_RECORD_SIZE || length > TRACE_RECORD_MAX ||
        length % 8)
        return 0;
    return length;
}

/* Parses the CCW at the beginning of left bytes. Returns: its length; 0 if it is longer, or not valid. */
static gsize parse_ccw(const guint8 *at, gsize left, TraceCcw *ret_ccw)
{
    gsize length;

    if (left < TRACE_CCW_SIZE)
        return 0;
    *ret_ccw = (TraceCcw){
        .cmd = at[CCW_OFS_CMD],
        .flags = at[CCW_OFS_FLAGS],
        .count = ccw_load_be16(at + CCW_OFS_COUNT),
        .cda = ccw_load_be32(at + CCW_OFS_CDA),
        .n_addresses = ccw_load_be16(at + TRACE_CCW_OFS_ADDRESSES),
        .addresses = at + TRACE_CCW_SIZE,
        .n_data = ccw_load_be16(at + TRACE_CCW_OFS_DATA),
    };
    length = TRACE_CCW_SIZE + ret_ccw->n_addresses * (gsize)8 + padded(ret_ccw->n_data);
    if (ret_ccw->n_addresses > TRACE_ADDRESSES_MAX || ret_ccw->n_data > TRACE_DATA_MAX || length > left)
        return 0;
    ret_ccw->data = ret_ccw->addresses + ret_ccw->n_addresses * (gsize)8;
    return length;
}

gboolean trace_record_next(TraceRecord *record, TraceCcw *ret_ccw)
{
    if (record->n_left == 0)
        return FALSE;
    record->n_left--;
    record->rest += parse_ccw(record->rest, TRACE_RECORD_MAX, ret_ccw);
    return TRUE;
}

static gboolean check_ccws(const guint8 *bytes, gsize length, guint n)
{
    gsize at = TRACE_RECORD_SIZE;
    TraceCcw ccw;

    if (n > CHANNEL_PROGRAM_MAX)
        return FALSE;
    for (guint i = 0; i < n; i++) {
        gsize size = parse_ccw(bytes + at, length - at, &ccw);

        if (size == 0)
            return FALSE;
        at += size;
    }
    return at == length;
}

gboolean trace_record_parse(const guint8 *bytes, gsize length, TraceRecord *ret_record, GError **error)
{
    guint n;

    if (length < TRACE_RECORD_SIZE || trace_record_length(bytes) != length) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_PROTOCOL, "%zu bytes are not a trace record", length);
        return FALSE;
    }
    n = ccw_load_be16(bytes + TRACE_OFS_CCWS);
    if (bytes[TRACE_OFS_FUNCTION] >= TRACE_FUNCTIONS || ccw_load_be32(bytes + TRACE_OFS_ERRNO) > ERRNO_MAX ||
        !check_ccws(bytes, length, n)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_PROTOCOL, "a trace record of %zu bytes holds no function with %u CCWs",
                    length, n);
        return FALSE;
    }
    *ret_record = (TraceRecord){
        .sequence = ccw_load_be64(bytes + TRACE_OFS_SEQUENCE),
        .started = ccw_load_be64(bytes + TRACE_OFS_STARTED),
        .duration = ccw_load_be64(bytes + TRACE_OFS_DURATION),
        .bus_id = { bytes[TRACE_OFS_CSSID], bytes[TRACE_OFS_SSID], ccw_load_be16(bytes + TRACE_OFS_DEVNO) },
        .function = bytes[TRACE_OFS_FUNCTION],
        .error = ccw_load_be32(bytes + TRACE_OFS_ERRNO),
        .stop = ccw_load_be32(bytes + TRACE_OFS_STOP),
        .n_ccws = n,
        .orb = bytes + TRACE_OFS_ORB,
        .irb = bytes + TRACE_OFS_IRB,
        .rest = bytes + TRACE_RECORD_SIZE,
        .n_left = n,
    };
    return TRUE;
}
