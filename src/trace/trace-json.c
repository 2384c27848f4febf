/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Formats a record as one JSON object. Names and values come from our tables and printf(), so they are plain ASCII. */
#include <string.h>

#include "trace/trace-decode.h"
#include "trace/trace-format.h"
#include "util/endian.h"

static void append_hex(GString *text, const char *name, const guint8 *data, guint length)
{
    g_string_append_printf(text, ", \"%s\": \"", name);
    for (guint i = 0; i < length; i++)
        g_string_append_printf(text, "%02x", data[i]);
    g_string_append_c(text, '"');
}

/* Appends the flags "a b" as "name": ["a", "b"]. */
static void append_flags(GString *text, const char *name, TraceFlags what, guint32 value)
{
    g_autofree char *flags = trace_flags(what, value);
    g_auto(GStrv) words = *flags ? g_strsplit(flags, " ", -1) : NULL;

    g_string_append_printf(text, ", \"%s\": [", name);
    for (guint i = 0; words && words[i]; i++)
        g_string_append_printf(text, "%s\"%s\"", i ? ", " : "", words[i]);
    g_string_append_c(text, ']');
}

/* Appends the name "key length" as the identifier "key_length". */
static void append_key(GString *text, const char *name)
{
    g_autofree char *key = g_strdup(name);

    g_string_append_printf(text, "\"%s\": ", g_strdelimit(key, " -", '_'));
}

/* Appends fields of the same name, such as "node", as one name with a list of values. */
static void append_fields(GString *text, const char *name, const TraceFields *fields)
{
    g_string_append_printf(text, ", \"%s\": {", name);
    for (guint i = 0; i < fields->n; i++) {
        const TraceField *field = &fields->fields[i];
        gboolean list = i + 1 < fields->n && strcmp(fields->fields[i + 1].name, field->name) == 0;

        g_string_append(text, i ? ", " : "");
        append_key(text, field->name);
        g_string_append_printf(text, "%s\"%s\"", list ? "[" : "", field->value);
        for (; list && i + 1 < fields->n && strcmp(fields->fields[i + 1].name, field->name) == 0; i++)
            g_string_append_printf(text, ", \"%s\"", fields->fields[i + 1].value);
        g_string_append(text, list ? "]" : "");
    }
    g_string_append_c(text, '}');
}

static void append_addresses(GString *text, const TraceCcw *ccw)
{
    if (ccw->n_addresses == 0)
        return;
    g_string_append(text, ", \"addresses\": [");
    for (guint i = 0; i < ccw->n_addresses; i++) {
        guint64 address = ccw_load_be64(ccw->addresses + i * 8);

        g_string_append(text, i ? ", " : "");
        if (address == TRACE_NO_ADDRESS)
            g_string_append(text, "null");
        else
            g_string_append_printf(text, "\"%" G_GINT64_MODIFIER "x\"", address);
    }
    g_string_append_c(text, ']');
}

static void append_step(GString *text, const TraceStep *step, const TraceStyle *style)
{
    const TraceCcw *ccw = &step->ccw;
    const char *name = trace_command_name(ccw->cmd);
    TraceFields fields;
    gboolean decoded;
    guint hex;

    g_string_append_printf(text, "%s{\"command\": \"%02x\"", step->index ? ", " : "", ccw->cmd);
    if (ccw->cmd == CCW_CMD_TIC) {
        g_string_append_printf(text, ", \"name\": \"%s\", \"to\": %u}", name, ccw->cda / CCW_SIZE);
        return;
    }
    if (step->chained)
        g_string_append(text, ", \"chained\": true");
    else if (name)
        g_string_append_printf(text, ", \"name\": \"%s\"", name);
    append_flags(text, "flags", TRACE_FLAGS_CCW, ccw->flags);
    g_string_append_printf(text, ", \"count\": %u", ccw->count);
    append_addresses(text, ccw);
    decoded = !step->chained && trace_decode(ccw->cmd, ccw->data, ccw->n_data, &fields);
    hex = trace_format_hex(style, step, decoded);
    if (decoded)
        append_fields(text, "parameters", &fields);
    if (hex)
        append_hex(text, "data", ccw->data, hex);
    g_string_append_c(text, '}');
}

static void append_status(GString *text, const TraceRecord *record)
{
    const guint8 *sense = trace_format_sense(record);
    int stop = trace_format_stop(record);
    TraceFields fields = { 0 };

    g_string_append_printf(text, ", \"status\": {\"cpa\": \"%08x\"", ccw_load_be32(record->irb + CHANNEL_SCSW_OFS_CPA));
    append_flags(text, "device", TRACE_FLAGS_DEVICE_STATUS, record->irb[CHANNEL_SCSW_OFS_DSTAT]);
    append_flags(text, "channel", TRACE_FLAGS_SUBCHANNEL_STATUS, record->irb[CHANNEL_SCSW_OFS_CSTAT]);
    if (trace_format_is_suspended(record))
        g_string_append(text, ", \"suspended\": true");
    if (stop >= 0)
        g_string_append_printf(text, ", \"at\": %d, \"residual\": %u", stop,
                               ccw_load_be16(record->irb + CHANNEL_SCSW_OFS_COUNT));
    if (sense) {
        trace_decode_sense(&fields, sense, 32);
        append_fields(text, "sense", &fields);
        append_hex(text, "sense_data", sense, 32);
    }
    g_string_append_c(text, '}');
}

void trace_format_json(TraceRecord *record, const TraceStyle *style, GString *text)
{
    guint32 flags = ccw_load_be32(record->orb + CHANNEL_ORB_OFS_FLAGS);
    char bus_id[CCW_BUS_ID_STR_LEN];
    TraceStep step = { 0 };

    g_string_append_printf(text,
                           "{\"device\": \"%s\", \"sequence\": %" G_GUINT64_FORMAT
                           ", \"function\": \"%s\", \"started_ns\": %" G_GUINT64_FORMAT
                           ", \"duration_ns\": %" G_GUINT64_FORMAT,
                           ccw_bus_id_format(&record->bus_id, bus_id), record->sequence,
                           trace_function_name(record->function), record->started, record->duration);
    append_flags(text, "orb", TRACE_FLAGS_ORB, flags);
    g_string_append_printf(text, ", \"key\": %u, \"lpm\": \"%02x\", \"cpa\": \"%08x\", \"ccws\": [",
                           flags >> CHANNEL_ORB_KEY_SHIFT, flags >> CHANNEL_ORB_LPM_SHIFT & 0xff,
                           ccw_load_be32(record->orb + CHANNEL_ORB_OFS_CPA));
    while (trace_format_step(record, &step))
        append_step(text, &step, style);
    g_string_append_c(text, ']');
    if (record->error)
        g_string_append_printf(text, ", \"errno\": %u", record->error);
    else
        append_status(text, record);
    g_string_append(text, "}\n");
}
