/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/report.h"

#include "hostdev/release-log.h"
#include "remote/connection-private.h"
#include "rpc/rpc-error.h"
#include "rpc/xdr.h"
#include "util/error.h"
#include "util/log.h"

#define REASON_SHOWN 512 /* maximum number of characters of an error */
#define DEVICES_SHOWN 4

/* Formats the client's domain argument for the log. libvirt goes by its UUID, so the name may be wrong. */
static char *domain_of(const RemoteArguments *arguments)
{
    RpcXdrReader reader;
    g_autofree char *name = NULL;
    gsize length = 0, size;
    const guint8 *bytes;
    const char *text;

    bytes = g_bytes_get_data(arguments->domain, &size);
    rpc_xdr_reader_init(&reader, bytes, size);
    text = rpc_xdr_read_string(&reader, &length);
    name = text ? g_strndup(text, length) : NULL;
    return hostdev_log_domain(name, arguments->domain_uuid);
}

static char *client_of(const RemoteConnection *connection)
{
    const RemoteClientProcess *process = connection->process;

    return process ? g_strdup_printf("process %d of user %u", (int)process->pid, process->uid)
                   : g_strdup("virtccwd itself");
}

/* Returns: why libvirt or virtccwd rejected the call; NULL: the call succeeded. */
static char *reason_of(const GByteArray *reply)
{
    RpcHeader header;
    RpcError error;
    char *reason;

    if (!rpc_header_decode(reply->data, &header, NULL) || header.status != RPC_STATUS_ERROR)
        return NULL;
    if (!rpc_error_decode(&error, reply->data + RPC_FRAME_HEAD, reply->len - RPC_FRAME_HEAD))
        return g_strdup("the reply of libvirt does not have the form of an error");
    reason = ccw_log_shorten(error.message ? error.message : "no reason is given", REASON_SHOWN);
    rpc_error_clear(&error);
    return reason;
}

static void log_rejected(RemoteReport *report, const char *devices, const char *domain, const char *client,
                         const char *reason)
{
    ccw_log_limited(&report->rejected_limit, G_LOG_LEVEL_INFO, "cannot %s %s%s%s for %s: %s", report->verb, devices,
                    report->preposition, domain, client, reason);
}

void remote_report_reply(RemoteReport *report, const RemoteTask *task, const char *devices, const GByteArray *reply)
{
    g_autofree char *domain = task->call->arguments.domain ? domain_of(&task->call->arguments) : g_strdup("");
    g_autofree char *client = client_of(task->connection);
    g_autofree char *reason = reply ? reason_of(reply) : NULL;

    if (!reply)
        ccw_log_limited(&report->rejected_limit, G_LOG_LEVEL_INFO,
                        "%s wanted to %s %s%s%s: the client or libvirt has disconnected", client, report->verb, devices,
                        report->preposition, domain);
    else if (reason)
        log_rejected(report, devices, domain, client, reason);
    else
        ccw_log_limited(&report->done_limit, G_LOG_LEVEL_INFO, "%s %s%s%s for %s", report->done, devices,
                        report->preposition, domain, client);
}

void remote_report_error(RemoteReport *report, const RemoteConnection *connection, const RemoteCall *call)
{
    g_autofree char *devices = call->hostdevs ? remote_report_devices(call->hostdevs) : g_strdup("a ccw device");
    g_autofree char *domain = domain_of(&call->arguments);
    g_autofree char *client = client_of(connection);
    g_autofree char *reason = ccw_log_shorten(call->error->message, REASON_SHOWN);

    log_rejected(report, devices, domain, client, reason);
}

char *remote_report_devices(const GArray *hostdevs)
{
    GString *text = g_string_new(hostdevs->len == 1 ? "ccw device" : "ccw devices");
    char buf[CCW_BUS_ID_STR_LEN];

    for (guint i = 0; i < MIN(hostdevs->len, DEVICES_SHOWN); i++)
        g_string_append_printf(text, "%s %s", i ? "," : "",
                               ccw_bus_id_format(&g_array_index(hostdevs, ConfHostdev, i).source, buf));
    if (hostdevs->len > DEVICES_SHOWN)
        g_string_append_printf(text, " and %u more", hostdevs->len - DEVICES_SHOWN);
    return g_string_free(text, FALSE);
}
