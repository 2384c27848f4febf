/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hot-unplug, by XML or by alias:
 *
 *   call        sends the client's detach, lowered
 *   ask domain  if libvirt says that it has detached the device: asks for the domain's live XML
 *   read        a worker reads the devices in that XML
 *   reconcile   a worker releases the devices that the domain no longer has, as libvirt does with managed PCI devices;
 *               then the client gets its reply
 *
 * While the guest has not let go of the device, the XML still has it. Then this task releases no device; the event of
 * its removal makes the watcher release it.
 */
#include <libvirt/virterror.h>

#include "conf/uuid.h"
#include "conf/xml.h"
#include "remote/calls/calls.h"
#include "remote/connection-private.h"
#include "remote/report.h"
#include "rpc/rpc-error.h"

/* Maximum number of reads of a live XML that attaches make outdated; then the watcher reads the XML. */
#define READS_MAX 3

#define ALIAS_SHOWN 64 /* maximum number of characters of an alias in the log */

typedef enum {
    DETACH_CALL,
    DETACH_ASK_DOMAIN,
    DETACH_READ,
    DETACH_RECONCILE,
} DetachState;

typedef struct {
    RemoteTask task;
    DetachState state;
    GArray *ids;       /* of CcwBusId: ccw devices in the client's XML; empty if the client gave an alias */
    GByteArray *reply; /* libvirt's reply, held back */
    char *xml;         /* the domain's XML until a worker has read it; or NULL */
    HostdevLive *live; /* the devices in the XML; NULL: the worker could not read it */
    guint reads;
    gboolean is_outdated; /* an attach has changed the domain since the XML was read */
} Detach;

static void enter(Detach *detach, DetachState state);

static void detach_free(RemoteTask *task)
{
    Detach *detach = (Detach *)task;

    g_array_unref(detach->ids);
    g_clear_pointer(&detach->reply, g_byte_array_unref);
    g_clear_pointer(&detach->live, hostdev_live_free);
    g_free(detach->xml);
    g_free(detach);
}

static void end(RemoteTask *task)
{
    remote_task_end(task, g_steal_pointer(&((Detach *)task)->reply));
}

/* libvirt may have detached the device, even if it does not reply any more. */
static void leave_to_watcher(RemoteTask *task)
{
    const RemoteServices *services = task->connection->services;

    if (services->changed)
        services->changed(services->changed_data);
    end(task);
}

static RemoteReport report = { .done = "detached", .verb = "detach", .preposition = " from " };

/* Returns: the device as the client named it, for the log. */
static char *device_of(const RemoteCall *call)
{
    const char *given = call->arguments.string;
    g_autofree char *alias = given ? ccw_log_shorten(given, ALIAS_SHOWN) : NULL;

    if (call->hostdevs)
        return remote_report_devices(call->hostdevs);
    return alias ? g_strdup_printf("the device with alias '%s'", alias) : g_strdup("a device by its alias");
}

static void log_reply(const Detach *detach)
{
    g_autofree char *devices = device_of(detach->task.call);

    remote_report_reply(&report, &detach->task, devices, detach->reply);
}

static void lost(RemoteTask *task)
{
    log_reply((Detach *)task);
    leave_to_watcher(task);
}

/*
 * Replaces libvirt's error that it has no such mediated device, which sounds as if the host did not have the ccw
 * device. Returns: NULL for any other error.
 */
static GByteArray *absent(const Detach *detach, const guint8 *payload, gsize length)
{
    GByteArray *reply = NULL;
    RpcError error;

    /* A detach carries one device: libvirt rejects more with another error. */
    if (detach->ids->len != 1 || !rpc_error_decode(&error, payload, length))
        return NULL;
    if (error.code == VIR_ERR_DEVICE_MISSING) {
        const CcwBusId *id = &g_array_index(detach->ids, CcwBusId, 0);
        char uuid[CONF_UUID_STR_LEN], buf[CCW_BUS_ID_STR_LEN];
        g_autofree char *message = g_strdup_printf("the domain has no ccw device %s", ccw_bus_id_format(id, buf));

        if (rpc_error_mentions(&error, conf_uuid_encode(id, uuid)))
            reply = rpc_error_reply(&detach->task.header, VIR_ERR_DEVICE_MISSING, error.domain, message);
    }
    rpc_error_clear(&error);
    return reply;
}

static void called(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    Detach *detach = (Detach *)task;

    detach->reply = header->status == RPC_STATUS_ERROR ? absent(detach, payload, length) : NULL;
    if (!detach->reply)
        detach->reply = remote_task_raise(task, header, payload, length);
    log_reply(detach);
    if (header->status == RPC_STATUS_OK)
        enter(detach, DETACH_ASK_DOMAIN);
    else
        end(task);
}

static void domain_asked(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    Detach *detach = (Detach *)task;

    if (header->status == RPC_STATUS_OK)
        detach->xml = remote_task_read_string(payload, length);
    if (detach->xml)
        enter(detach, DETACH_READ);
    else
        leave_to_watcher(task);
}

static void ask_domain(RemoteTask *task)
{
    Detach *detach = (Detach *)task;

    g_clear_pointer(&detach->live, hostdev_live_free);
    detach->live = hostdev_live_new(task->connection->services->manager);
    remote_task_get_domain_xml(task, domain_asked, leave_to_watcher);
}

static void read_work(RemoteTask *task)
{
    Detach *detach = (Detach *)task;
    g_autofree char *text = g_steal_pointer(&detach->xml);
    g_autoptr(ConfXml) xml = remote_task_open_domain_xml(task, text, NULL);

    if (!xml || !hostdev_live_add(detach->live, task->call->arguments.domain_uuid, NULL, text, NULL))
        g_clear_pointer(&detach->live, hostdev_live_free);
}

static void read_done(RemoteTask *task)
{
    if (((Detach *)task)->live)
        enter((Detach *)task, DETACH_RECONCILE);
    else
        leave_to_watcher(task);
}

static void reconcile_work(RemoteTask *task)
{
    Detach *detach = (Detach *)task;
    const char *uuid = task->call->arguments.domain_uuid;
    g_autoptr(GError) error = NULL;

    detach->is_outdated = FALSE;
    if (!hostdev_manager_reconcile(task->connection->services->manager, detach->live, uuid, &detach->is_outdated,
                                   &error))
        g_warning("after a detach from domain %s: %s", uuid, error->message);
}

static void reconciled(RemoteTask *task)
{
    Detach *detach = (Detach *)task;

    if (!detach->is_outdated)
        end(task);
    else if (++detach->reads < READS_MAX)
        enter(detach, DETACH_ASK_DOMAIN);
    else
        leave_to_watcher(task);
}

static void enter(Detach *detach, DetachState state)
{
    RemoteTask *task = &detach->task;

    detach->state = state;
    switch (state) {
    case DETACH_CALL:
        remote_task_call(task, called, lost);
        break;
    case DETACH_ASK_DOMAIN:
        ask_domain(task);
        break;
    case DETACH_READ:
        remote_task_work(task, REMOTE_WORK_PARSE, read_work, read_done);
        break;
    case DETACH_RECONCILE:
        remote_task_work(task, REMOTE_WORK_HOST, reconcile_work, reconciled);
        break;
    }
}

gboolean remote_detach_begin(RemoteConnection *connection, RemoteCall *call)
{
    Detach *detach;

    /*
     * libvirt ignores the guest address in a detach, so the domain's feature does not matter. An alias may be one of
     * our devices.
     */
    if (call->error)
        remote_report_error(&report, connection, call);
    if (call->error || (call->arguments.xml && !call->hostdevs))
        return FALSE;
    detach = g_new0(Detach, 1);
    detach->task.free = detach_free;
    detach->ids = g_array_new(FALSE, FALSE, sizeof(CcwBusId));
    for (guint i = 0; call->hostdevs && i < call->hostdevs->len; i++)
        g_array_append_val(detach->ids, g_array_index(call->hostdevs, ConfHostdev, i).source);
    remote_task_begin(&detach->task, connection, call);
    enter(detach, DETACH_CALL);
    return TRUE;
}
