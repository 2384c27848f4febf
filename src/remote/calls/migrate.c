/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Migration of a running domain with a ccw device. A channel device cannot migrate. libvirt would learn so from QEMU in
 * the middle of the migration, and would not name the device; so virtccwd rejects the first call, and names it. A
 * domain that is not running can migrate (VIR_MIGRATE_OFFLINE), because only its definition moves.
 *
 * A call at the destination carries the XML. For a call at the source:
 *
 *   ask domain  asks for the domain's XML, in the client's name
 *   read        a worker reads whether the XML has a device of ours; then virtccwd rejects or forwards the call
 */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "conf/conf.h"
#include "conf/xml.h"
#include "remote/calls/calls.h"
#include "remote/connection-private.h"
#include "rpc/rpc-error.h"

typedef struct {
    RemoteTask task;
    char *xml;         /* the domain's XML */
    GByteArray *error; /* error reply, if the XML has a device of ours; else NULL */
} Migrate;

static void migrate_free(RemoteTask *task)
{
    Migrate *migrate = (Migrate *)task;

    g_free(migrate->xml);
    g_clear_pointer(&migrate->error, g_byte_array_unref);
    g_free(task);
}

/*
 * Returns: whether the call is the first one of a migration. The three PERFORM procedures come first only if libvirtd
 * itself leads the migration.
 */
static gboolean is_first(gint32 procedure, guint64 flags)
{
    return (procedure != REMOTE_PROC_DOMAIN_MIGRATE_PERFORM && procedure != REMOTE_PROC_DOMAIN_MIGRATE_PERFORM3 &&
            procedure != REMOTE_PROC_DOMAIN_MIGRATE_PERFORM3_PARAMS) ||
           flags & (VIR_MIGRATE_PEER2PEER | VIR_MIGRATE_TUNNELLED);
}

/* Returns: an error reply, or NULL if there is no device of ours. */
static GByteArray *reject(const RpcHeader *call, const GArray *hostdevs)
{
    g_autofree char *message = NULL;
    char text[CCW_BUS_ID_STR_LEN];

    if (!hostdevs || hostdevs->len == 0)
        return NULL;
    message = g_strdup_printf("cannot migrate a domain with <hostdev mode='subsystem' type='ccw'>: detach ccw device "
                              "%s%s first",
                              ccw_bus_id_format(&g_array_index(hostdevs, ConfHostdev, 0).source, text),
                              hostdevs->len > 1 ? ", and the others," : "");
    return rpc_error_reply(call, VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_QEMU, message);
}

static void read_work(RemoteTask *task);
static void read_done(RemoteTask *task);

/*
 * If the client may not read the XML, or if there is no such domain, the client gets libvirt's error to its own call.
 */
static void domain_asked(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    Migrate *migrate = (Migrate *)task;

    if (header->status == RPC_STATUS_OK)
        migrate->xml = remote_task_read_string(payload, length);
    if (migrate->xml)
        remote_task_work(task, REMOTE_WORK_PARSE, read_work, read_done);
    else
        remote_task_forward(task);
}

static void read_work(RemoteTask *task)
{
    Migrate *migrate = (Migrate *)task;
    g_autoptr(ConfXml) xml = remote_task_open_domain_xml(task, migrate->xml, NULL);
    g_autoptr(GArray) hostdevs = xml ? conf_collect_xml(xml, NULL, NULL) : NULL;

    migrate->error = reject(&task->header, hostdevs);
}

static void read_done(RemoteTask *task)
{
    Migrate *migrate = (Migrate *)task;

    if (migrate->error)
        remote_task_end(task, g_steal_pointer(&migrate->error));
    else
        remote_task_forward(task);
}

/* Rejects a migration at the destination. Takes ownership of @call if it returns TRUE. */
static gboolean reject_incoming(RemoteConnection *connection, RemoteCall *call)
{
    g_autoptr(GByteArray) reply = reject(&call->header, call->hostdevs);

    if (!reply)
        return FALSE;
    remote_connection_send(connection, REMOTE_SIDE_CLIENT, reply);
    remote_call_free(call);
    return TRUE;
}

gboolean remote_migrate_begin(RemoteConnection *connection, RemoteCall *call)
{
    const RemoteArguments *arguments = &call->arguments;
    guint64 flags = arguments->has_hyper ? arguments->hyper : arguments->flags;
    Migrate *migrate;

    if (flags & VIR_MIGRATE_OFFLINE || !is_first(call->procedure->number, flags))
        return FALSE;
    if (!arguments->domain)
        return reject_incoming(connection, call);
    if (call->error)
        return FALSE;
    migrate = g_new0(Migrate, 1);
    migrate->task.free = migrate_free;
    remote_task_begin(&migrate->task, connection, call);
    remote_task_get_domain_xml(&migrate->task, domain_asked, remote_task_forward);
    return TRUE;
}
