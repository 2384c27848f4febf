/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/report.h"

#include "hostdev/release-log.h"
#include "remote/connection-private.h"
#include "rpc/rpc-error.h"
#include "rpc/xdr.h"
#include "util/error.h"
#include "util/log.h"

#define REASON_SHOWN 512 /* characters of why a call was refused */
#define DEVICES_SHOWN 4

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
    return ccw_log_domain(name, arguments->domain_uuid);
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
    reason = ccw_log_shorten(error.message ? error.message : "no reason is given", REASON_SHOWN);
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
