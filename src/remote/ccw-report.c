/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/ccw-report.h"

#include <stdio.h>
#include <unistd.h>

#include "remote/ccw-connection-private.h"
#include "remote/ccw-log.h"
#include "remote/ccw-rpc-error.h"
#include "remote/ccw-xdr.h"
#include "util/ccw-error.h"

#define NAME_SHOWN 64    /* characters of a domain's name, */
#define REASON_SHOWN 512 /* and of why a call was refused */
#define DEVICES_SHOWN 4

/* On one line, and not longer than that: a client may have chosen it. */
static char *shorten(const char *text, glong shown)
{
    g_autofree char *line = ccw_one_line(text);
    g_autofree char *start = NULL;

    if (g_utf8_strlen(line, -1) <= shown)
        return g_steal_pointer(&line);
    start = g_utf8_substring(line, 0, shown);
    return g_strconcat(start, "...", NULL);
}

static char *describe_domain(const char *name, const char *uuid)
{
    g_autofree char *shown = name ? shorten(name, NAME_SHOWN) : NULL;

    return shown ? g_strdup_printf("domain '%s' (%s)", shown, uuid) : g_strdup_printf("domain %s", uuid);
}

/* The name in the client's domain argument. libvirt goes by the UUID, so that only the UUID is sure. */
static char *domain_of(const CcwArguments *arguments)
{
    CcwXdrReader reader;
    g_autofree char *name = NULL;
    gsize length = 0, size;
    const guint8 *bytes;
    const char *text;

    bytes = g_bytes_get_data(arguments->domain, &size);
    ccw_xdr_reader_init(&reader, bytes, size);
    text = ccw_xdr_read_string(&reader, &length);
    name = text ? g_strndup(text, length) : NULL;
    return describe_domain(name, arguments->domain_uuid);
}

static char *client_of(const CcwAction *action)
{
    const CcwPeer *peer = action->connection->peer;

    return peer ? g_strdup_printf("process %d of user %u", (int)peer->pid, peer->uid) : g_strdup("virtccwd itself");
}

/* Why libvirt or virtccwd refused; NULL: it did not. */
static char *reason_of(const GByteArray *reply)
{
    CcwHeader header;
    CcwRpcError error;
    char *reason;

    if (!ccw_header_decode(reply->data, &header, NULL) || header.status != CCW_STATUS_ERROR)
        return NULL;
    if (!ccw_rpc_error_decode(&error, reply->data + CCW_FRAME_HEAD, reply->len - CCW_FRAME_HEAD))
        return g_strdup("the reason is not laid out as libvirt's errors are");
    reason = shorten(error.message ? error.message : "no reason is given", REASON_SHOWN);
    ccw_rpc_error_clear(&error);
    return reason;
}

void ccw_report_reply(CcwReport *report, const CcwAction *action, const char *devices, const GByteArray *reply)
{
    g_autofree char *domain = action->arguments.domain ? domain_of(&action->arguments) : g_strdup("");
    g_autofree char *client = client_of(action);
    g_autofree char *reason = reply ? reason_of(reply) : NULL;

    if (!reply)
        ccw_log_limited(&report->refused_limit, G_LOG_LEVEL_INFO,
                        "%s wanted to %s %s%s%s: the client or libvirt has gone", client, report->verb, devices,
                        report->place, domain);
    else if (reason)
        ccw_log_limited(&report->refused_limit, G_LOG_LEVEL_INFO, "refused to %s %s%s%s for %s: %s", report->verb,
                        devices, report->place, domain, client, reason);
    else
        ccw_log_limited(&report->done_limit, G_LOG_LEVEL_INFO, "%s %s%s%s for %s", report->done, devices, report->place,
                        domain, client);
}

char *ccw_report_devices(const GArray *ids)
{
    GString *text = g_string_new(ids->len == 1 ? "ccw device" : "ccw devices");
    char buf[CCW_BUS_ID_STR_LEN];

    for (guint i = 0; i < MIN(ids->len, DEVICES_SHOWN); i++)
        g_string_append_printf(text, "%s %s", i ? "," : "", ccw_bus_id_format(&g_array_index(ids, CcwBusId, i), buf));
    if (ids->len > DEVICES_SHOWN)
        g_string_append_printf(text, " and %u more", ids->len - DEVICES_SHOWN);
    return g_string_free(text, FALSE);
}

void ccw_report_release(const CcwBusId *id, const char *domain_uuid, const char *name)
{
    static CcwLogLimit limit;
    g_autofree char *domain = domain_uuid ? describe_domain(name, domain_uuid) : g_strdup("a client that detached it");
    char buf[CCW_BUS_ID_STR_LEN];

    ccw_log_limited(&limit, G_LOG_LEVEL_INFO, "released ccw device %s of %s to this host", ccw_bus_id_format(id, buf),
                    domain);
}

GLogWriterOutput ccw_report_writer(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
    gboolean is_ours = TRUE; /* no library's: this program's messages have no domain */

    for (gsize i = 0; i < n_fields; i++)
        is_ours = is_ours && g_strcmp0(fields[i].key, "GLIB_DOMAIN") != 0;
    if (!is_ours || (level & G_LOG_LEVEL_MASK) != G_LOG_LEVEL_INFO)
        return g_log_writer_default(level, fields, n_fields, data);
    if (g_log_writer_is_journald(fileno(stderr)))
        return g_log_writer_journald(level, fields, n_fields, data);
    return g_log_writer_standard_streams(level, fields, n_fields, data);
}
