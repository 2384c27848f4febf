/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hot-unplug, by XML or by alias. When libvirt says it is done, and before the client hears it, the domain's live XML
 * is looked at and what is no longer in it goes back to the host, as managed PCI devices do. A guest that has not let
 * go of it yet still has it in the XML; then nothing happens here, and the event of its removal brings the watcher.
 */
#include <libvirt/virterror.h>

#include "conf/uuid.h"
#include "remote/calls/calls.h"
#include "remote/connection-private.h"
#include "remote/relay-xml.h"
#include "remote/report.h"
#include "rpc/rpc-error.h"

#define LOOKS_MAX 3 /* at a live XML that an attach made stale; then the watcher does it */

typedef struct {
    CcwAction action;
    GArray *ids;       /* of CcwBusId: ours in the client's XML; empty where the client gave an alias */
    GByteArray *reply; /* libvirt's, held back */
    CcwLive *live;
    char *xml; /* the domain's, to be added to live; NULL: it is, or could not be understood */
    guint looks;
    gboolean stale;
} Detach;

static void detach_free(CcwAction *action)
{
    Detach *detach = (Detach *)action;

    g_array_unref(detach->ids);
    g_clear_pointer(&detach->reply, g_byte_array_unref);
    g_clear_pointer(&detach->live, ccw_live_free);
    g_free(detach->xml);
    g_free(detach);
}

static void look(CcwAction *action);

static void end(CcwAction *action)
{
    ccw_action_end(action, g_steal_pointer(&((Detach *)action)->reply));
}

static void leave_to_watcher(CcwAction *action)
{
    const CcwServices *services = action->connection->services;

    if (services->changed)
        services->changed(services->changed_data);
    end(action);
}

static void add_work(CcwAction *action)
{
    Detach *detach = (Detach *)action;
    g_autofree char *xml = g_steal_pointer(&detach->xml);

    if (!ccw_live_add(detach->live, action->arguments.domain_uuid, NULL, xml, NULL))
        g_clear_pointer(&detach->live, ccw_live_free);
}

static void reconcile_work(CcwAction *action)
{
    Detach *detach = (Detach *)action;
    g_autoptr(GError) error = NULL;

    detach->stale = FALSE;
    if (!ccw_manager_reconcile(action->connection->services->manager, detach->live, action->arguments.domain_uuid,
                               &detach->stale, &error))
        g_warning("after a detach from domain %s: %s", action->arguments.domain_uuid, error->message);
}

static void reconciled(CcwAction *action)
{
    Detach *detach = (Detach *)action;

    if (!detach->stale)
        end(action);
    else if (++detach->looks < LOOKS_MAX)
        look(action);
    else
        leave_to_watcher(action);
}

static void added(CcwAction *action)
{
    if (((Detach *)action)->live)
        ccw_action_work(action, CCW_WORK_HOST, reconcile_work, reconciled);
    else
        leave_to_watcher(action);
}

static void got_domain_xml(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    Detach *detach = (Detach *)action;

    if (header->status == CCW_STATUS_OK)
        detach->xml = ccw_action_read_domain_xml(action, payload, length);
    if (detach->xml)
        ccw_action_work(action, CCW_WORK_PARSE, add_work, added);
    else
        leave_to_watcher(action);
}

static void look(CcwAction *action)
{
    Detach *detach = (Detach *)action;

    g_clear_pointer(&detach->live, ccw_live_free);
    detach->live = ccw_live_new(action->connection->services->manager);
    ccw_action_get_domain_xml(action, got_domain_xml, leave_to_watcher);
}

/* libvirt says that it has no such mediated device, which sounds as if the host did not have the ccw device. */
static GByteArray *absent(const Detach *detach, const guint8 *payload, gsize length)
{
    GByteArray *reply = NULL;
    CcwRpcError error;

    /* A detach is of one device: libvirt refuses more in other words. */
    if (detach->ids->len != 1 || !ccw_rpc_error_decode(&error, payload, length))
        return NULL;
    if (error.code == VIR_ERR_DEVICE_MISSING) {
        const CcwBusId *id = &g_array_index(detach->ids, CcwBusId, 0);
        char uuid[CCW_UUID_STR_LEN], buf[CCW_BUS_ID_STR_LEN];
        g_autofree char *message = g_strdup_printf("the domain has no ccw device %s", ccw_bus_id_format(id, buf));

        if (ccw_rpc_error_mentions(&error, ccw_uuid_encode(id, uuid)))
            reply = ccw_rpc_error_reply(&detach->action.call, VIR_ERR_DEVICE_MISSING, error.domain, message);
    }
    ccw_rpc_error_clear(&error);
    return reply;
}

static void log_reply(const Detach *detach)
{
    static CcwReport report = { .done = "detached", .verb = "detach", .place = " from " };
    g_autofree char *devices = detach->ids->len ? ccw_report_devices(detach->ids) : g_strdup("a device by its alias");

    ccw_report_reply(&report, &detach->action, devices, detach->reply);
}

static void got_reply(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    Detach *detach = (Detach *)action;

    detach->reply = header->status == CCW_STATUS_ERROR ? absent(detach, payload, length) : NULL;
    if (!detach->reply)
        detach->reply = ccw_relay_raise(header, payload, length);
    log_reply(detach);
    if (header->status == CCW_STATUS_OK)
        look(action);
    else
        end(action);
}

gboolean ccw_detach_begin(CcwConnection *connection, CcwCall *call)
{
    Detach *detach;

    /* The guest address says nothing to libvirt here, so the domain's feature need not be known. An alias may be ours.
     */
    if (!call->frame || (call->arguments.xml && !call->hostdevs))
        return FALSE;
    detach = g_new0(Detach, 1);
    detach->action.free = detach_free;
    detach->ids = g_array_new(FALSE, FALSE, sizeof(CcwBusId));
    for (guint i = 0; call->hostdevs && i < call->hostdevs->len; i++)
        g_array_append_val(detach->ids, g_array_index(call->hostdevs, CcwHostdev, i).source);
    ccw_action_begin(&detach->action, connection, &call->header, &call->arguments);
    ccw_action_call(&detach->action, call->frame, got_reply, leave_to_watcher);
    return TRUE;
}
