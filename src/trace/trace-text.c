/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Formats a record as text: the function, a line for each CCW, the status. */
#include <string.h>
#include <time.h>

#include "trace/trace-decode.h"
#include "trace/trace-format.h"
#include "util/endian.h"

#define ADDRESSES_SHOWN 4

static void append_hex(GString *text, const guint8 *data, guint length, guint of)
{
    for (guint i = 0; i < length; i++)
        g_string_append_printf(text, "%s%02x", i % 4 || i == 0 ? "" : " ", data[i]);
    if (length < of)
        g_string_append(text, "...");
}

static void append_flags(GString *text, TraceFlags what, guint32 value)
{
    g_autofree char *flags = trace_flags(what, value);

    if (*flags)
        g_string_append_printf(text, " %s", flags);
}

static void append_fields(GString *text, const TraceFields *fields)
{
    for (guint i = 0; i < fields->n; i++)
        g_string_append_printf(text, "%s%s %s", i ? ", " : "", fields->fields[i].name, fields->fields[i].value);
}

static void append_addresses(GString *text, const TraceCcw *ccw)
{
    if (ccw->n_addresses == 0)
        return;
    g_string_append(text, ccw->flags & CCW_FLAG_IDA ? " at {" : " at ");
    for (guint i = 0; i < MIN(ccw->n_addresses, ADDRESSES_SHOWN); i++) {
        guint64 address = ccw_load_be64(ccw->addresses + i * 8);

        g_string_append(text, i ? " " : "");
        if (address == TRACE_NO_ADDRESS)
            g_string_append_c(text, '?');
        else
            g_string_append_printf(text, "%" G_GINT64_MODIFIER "x", address);
    }
    if (ccw->n_addresses > ADDRESSES_SHOWN)
        g_string_append_printf(text, " +%u", ccw->n_addresses - ADDRESSES_SHOWN);
    g_string_append(text, ccw->flags & CCW_FLAG_IDA ? "}" : "");
}

static void append_step(GString *text, const TraceStep *step, const TraceStyle *style)
{
    const TraceCcw *ccw = &step->ccw;
    const char *name = trace_command_name(ccw->cmd);
    gboolean decoded;
    TraceFields fields;
    guint hex;

    g_string_append_printf(text, "    [%u] %02x ", step->index, ccw->cmd);
    if (ccw->cmd == CCW_CMD_TIC) {
        g_string_append_printf(text, "%s to [%u]\n", name, ccw->cda / CCW_SIZE);
        return;
    }
    g_string_append(text, step->chained ? "(data chained)" : name ? name : "UNKNOWN");
    append_flags(text, TRACE_FLAGS_CCW, ccw->flags);
    g_string_append_printf(text, " %u", ccw->count);
    append_addresses(text, ccw);
    decoded = !step->chained && trace_decode(ccw->cmd, ccw->data, ccw->n_data, &fields);
    hex = trace_format_hex(style, step, decoded);
    if (decoded || hex)
        g_string_append(text, ": ");
    if (decoded)
        append_fields(text, &fields);
    if (hex) {
        g_string_append(text, decoded ? " | " : "");
        append_hex(text, ccw->data, hex, ccw->count);
    }
    g_string_append_c(text, '\n');
}

static void append_orb(GString *text, const TraceRecord *record)
{
    guint32 flags = ccw_load_be32(record->orb + CHANNEL_ORB_OFS_FLAGS);

    if (record->function != TRACE_START && record->function != TRACE_REQUEST)
        return;
    append_flags(text, TRACE_FLAGS_ORB, flags);
    if (flags >> CHANNEL_ORB_KEY_SHIFT)
        g_string_append_printf(text, " key %x", flags >> CHANNEL_ORB_KEY_SHIFT);
    g_string_append_printf(text, " lpm %02x", flags >> CHANNEL_ORB_LPM_SHIFT & 0xff);
    if (record->function == TRACE_START)
        g_string_append_printf(text, " cpa %08x", ccw_load_be32(record->orb + CHANNEL_ORB_OFS_CPA));
}

static void append_status(GString *text, const TraceRecord *record)
{
    const guint8 *sense = trace_format_sense(record);
    guint8 dstat = record->irb[CHANNEL_SCSW_OFS_DSTAT], cstat = record->irb[CHANNEL_SCSW_OFS_CSTAT];
    int stop = trace_format_stop(record);
    TraceFields fields = { 0 };

    g_string_append(text, "  =");
    if (trace_format_is_suspended(record))
        g_string_append(text, " suspended");
    else if (dstat || !cstat)
        g_string_append(text, dstat ? " device" : " no status");
    append_flags(text, TRACE_FLAGS_DEVICE_STATUS, dstat);
    if (cstat) {
        g_string_append(text, dstat ? ", channel" : " channel");
        append_flags(text, TRACE_FLAGS_SUBCHANNEL_STATUS, cstat);
    }
    if (stop >= 0)
        g_string_append_printf(text, " at [%d], residual %u", stop,
                               ccw_load_be16(record->irb + CHANNEL_SCSW_OFS_COUNT));
    else if (cstat)
        g_string_append_printf(text, ", cpa %08x", ccw_load_be32(record->irb + CHANNEL_SCSW_OFS_CPA));
    if (sense) {
        trace_decode_sense(&fields, sense, 32);
        g_string_append(text, ", ");
        append_fields(text, &fields);
        g_string_append(text, " (");
        append_hex(text, sense, 32, 32);
        g_string_append_c(text, ')');
    }
}

static void append_time(GString *text, const TraceRecord *record)
{
    time_t seconds = (time_t)(record->started / 1000000000);
    struct tm local = { 0 };

    localtime_r(&seconds, &local);
    g_string_append_printf(text, "%02d:%02d:%02d.%06u ", local.tm_hour, local.tm_min, local.tm_sec,
                           (guint)(record->started / 1000 % 1000000));
}

/* Functions are shown in the order in which they end, so that one may have started before the one shown before it. */
static void append_relative(GString *text, const TraceRecord *record, guint64 previous)
{
    gboolean is_earlier = record->started < previous;
    guint64 ns = previous == 0 ? 0 : is_earlier ? previous - record->started : record->started - previous;
    g_autofree char *seconds = g_strdup_printf("%s%" G_GUINT64_FORMAT ".%06u", is_earlier ? "-" : "", ns / 1000000000,
                                               (guint)(ns / 1000 % 1000000));

    g_string_append_printf(text, "%10s ", seconds);
}

static void append_stamp(GString *text, const TraceRecord *record, const TraceStyle *style)
{
    if (style->stamp == TRACE_STAMP_TIME)
        append_time(text, record);
    else if (style->stamp == TRACE_STAMP_RELATIVE)
        append_relative(text, record, style->previous);
}

void trace_format_text(TraceRecord *record, const TraceStyle *style, GString *text)
{
    char bus_id[CCW_BUS_ID_STR_LEN];
    TraceStep step = { 0 };

    append_stamp(text, record, style);
    g_string_append_printf(text, "%s #%" G_GUINT64_FORMAT " %s", ccw_bus_id_format(&record->bus_id, bus_id),
                           record->sequence, trace_function_name(record->function));
    append_orb(text, record);
    g_string_append_c(text, '\n');
    while (trace_format_step(record, &step))
        append_step(text, &step, style);
    if (record->error)
        g_string_append_printf(text, "  = error %u (%s)", record->error, g_strerror((int)record->error));
    else
        append_status(text, record);
    g_string_append_printf(text, ", %" G_GUINT64_FORMAT ".%03" G_GUINT64_FORMAT " ms\n", record->duration / 1000000,
                           record->duration / 1000 % 1000);
}
