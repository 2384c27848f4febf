/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nodedev-detach, nodedev-reattach and nodedev-reset of a channel device, named as such or by its subchannel. Stock
 * libvirt knows them for PCI devices only, so that its part is to say who may:
 *
 *   find    which device that is, in a worker; if none of ours, the call is forwarded. All subchannels of the host are
 *           searched only for root, who needs no authorisation: another client names a device that no driver has by its
 *           subchannel
 *   ask     the same of the css_* node device, or its reattach for a detach, which does not look for VFIO first: it
 *           checks access, and then says that this is no PCI device. A subchannel that was put into the machine is not
 *           in libvirt's list before libvirt starts anew: then it is asked by the client's own name
 *   do      past that: no running domain has it, and it is done, in a worker
 */
#include <libvirt/virterror.h>
#include <string.h>

#include "node_device/node-detach.h"
#include "remote/calls/calls.h"
#include "remote/connection-private.h"
#include "remote/relay-xml.h"
#include "remote/report.h"
#include "rpc/rpc-error.h"
#include "rpc/xdr.h"
#include "util/error.h"

#define ASKS_MAX 5  /* of libvirt, while the subchannel's driver changes */
#define LOOKS_MAX 3 /* at what the domains have, if attaches come in between */

static CcwReport detach_report = { .done = "detached", .verb = "detach", .place = " from this host" };
static CcwReport reattach_report = { .done = "reattached", .verb = "reattach", .place = " to this host" };
static CcwReport reset_report = { .done = "reset", .verb = "reset", .place = "" };

static const struct deed {
    CcwReport *report;
    gint32 procedure;
    gint32 question;
    CcwByHandFunc func;
    gboolean needs_modules;
} deeds[] = {
    { &detach_report, CCW_PROC_NODE_DEVICE_DETTACH, CCW_PROC_NODE_DEVICE_RE_ATTACH, ccw_host_detach_as_of, TRUE },
    { &detach_report, CCW_PROC_NODE_DEVICE_DETACH_FLAGS, CCW_PROC_NODE_DEVICE_RE_ATTACH, ccw_host_detach_as_of, TRUE },
    { &reattach_report, CCW_PROC_NODE_DEVICE_RE_ATTACH, CCW_PROC_NODE_DEVICE_RE_ATTACH, ccw_host_reattach_as_of,
      FALSE },
    { &reset_report, CCW_PROC_NODE_DEVICE_RESET, CCW_PROC_NODE_DEVICE_RESET, ccw_host_reset_as_of, FALSE },
};

typedef struct {
    CcwAction action;
    const struct deed *deed;
    GByteArray *frame; /* the client's call */
    CcwNodeKind kind;
    CcwBusId named;
    CcwHostDevice *device; /* NULL: none of ours */
    char *asked;           /* the node device that libvirt is asked about */
    guint asks;            /* how often libvirt was asked again */
    GError *error;
} ByHand;

static void by_hand_free(CcwAction *action)
{
    ByHand *hand = (ByHand *)action;

    g_byte_array_unref(hand->frame);
    ccw_host_device_free(hand->device);
    g_free(hand->asked);
    g_clear_error(&hand->error);
    g_free(hand);
}

static void lost(CcwAction *action)
{
    ccw_action_end(action, NULL);
}

static CcwLive *look(CcwAction *action, GError **error)
{
    const CcwServices *services = action->connection->services;

    return services->look ? services->look(services->look_data, error) : ccw_live_new(services->manager);
}

/* libvirt hears by a uevent that the host's driver has it again: who asks for it then shall find it, as a PCI device.
 */
static void wait_listed(CcwAction *action)
{
    const CcwServices *services = action->connection->services;
    const ByHand *hand = (ByHand *)action;
    g_autoptr(CcwHostDevice) device = ccw_manager_find(services->manager, CCW_NODE_CCW, &hand->device->bus_id);
    g_autofree char *name = ccw_node_name_format(CCW_NODE_CCW, &hand->device->bus_id);

    if (services->wait_listed && device && device->online == 1)
        services->wait_listed(services->look_data, name);
}

static void do_work(CcwAction *action)
{
    ByHand *hand = (ByHand *)action;
    CcwManager *manager = action->connection->services->manager;
    gboolean stale = TRUE;

    if (hand->deed->needs_modules && !ccw_manager_load_modules(manager, &hand->error))
        return;
    for (guint looks = 0; looks < LOOKS_MAX && stale; looks++) {
        g_autoptr(CcwLive) live = look(action, &hand->error);

        if (!live || !ccw_manager_by_hand(manager, hand->deed->func, &hand->device->bus_id, live, &stale, &hand->error))
            return;
    }
    if (stale)
        g_set_error(&hand->error, CCW_ERROR, CCW_ERROR_BUSY, "%s: devices are being attached; try again",
                    action->arguments.node);
    else
        wait_listed(action);
}

/* Takes reply. */
static void end(ByHand *hand, GByteArray *reply)
{
    g_autofree char *bus_id = ccw_bus_id_to_string(&hand->device->bus_id);
    g_autofree char *device = g_strconcat("ccw device ", bus_id, NULL);

    ccw_report_reply(hand->deed->report, &hand->action, device, reply);
    ccw_action_end(&hand->action, reply);
}

static void done(CcwAction *action)
{
    const CcwServices *services = action->connection->services;
    ByHand *hand = (ByHand *)action;

    if (services->changed) /* the device was left alone meanwhile */
        services->changed(services->changed_data);
    end(hand, hand->error ? ccw_rpc_error_reply_for(&action->call, hand->error) : ccw_action_success(action, NULL));
}

/* Whether libvirt has let the client past its access check. */
static gboolean is_past_access(const ByHand *hand, const CcwHeader *header, const guint8 *payload, gsize length)
{
    CcwRpcError error;
    gboolean past;

    if (header->status != CCW_STATUS_ERROR || !ccw_rpc_error_decode(&error, payload, length))
        return FALSE;
    past = error.code == VIR_ERR_INVALID_ARG && ccw_rpc_error_mentions(&error, hand->asked);
    ccw_rpc_error_clear(&error);
    return past;
}

static void answered(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length);

static void ask(ByHand *hand)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();

    ccw_xdr_write_string(payload, hand->asked, strlen(hand->asked));
    ccw_action_ask(&hand->action, hand->deed->question, payload, answered, lost);
}

static gboolean is_unlisted(const CcwHeader *header, const guint8 *payload, gsize length)
{
    CcwRpcError error;
    gboolean unlisted;

    if (header->status != CCW_STATUS_ERROR || !ccw_rpc_error_decode(&error, payload, length))
        return FALSE;
    unlisted = error.code == VIR_ERR_NO_NODE_DEVICE;
    ccw_rpc_error_clear(&error);
    return unlisted;
}

/* libvirt reads the subchannel's attributes to answer. It fails while these go because another driver gets the
 * subchannel. */
static gboolean is_changing(const CcwHeader *header, const guint8 *payload, gsize length)
{
    CcwRpcError error;
    gboolean changing;

    if (header->status != CCW_STATUS_ERROR || !ccw_rpc_error_decode(&error, payload, length))
        return FALSE;
    changing = error.code == VIR_ERR_SYSTEM_ERROR && ccw_rpc_error_mentions(&error, "/mdev_supported_types");
    ccw_rpc_error_clear(&error);
    return changing;
}

static void answered(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    ByHand *hand = (ByHand *)action;
    g_autoptr(GError) error = NULL;

    if (is_past_access(hand, header, payload, length)) {
        ccw_action_work(action, CCW_WORK_HOST, do_work, done);
    } else if (is_unlisted(header, payload, length) && strcmp(hand->asked, action->arguments.node) != 0) {
        g_free(hand->asked);
        hand->asked = g_strdup(action->arguments.node);
        ask(hand);
    } else if (hand->asks < ASKS_MAX && is_changing(header, payload, length)) {
        hand->asks++;
        ask(hand);
    } else if (header->status == CCW_STATUS_ERROR) {
        end(hand, ccw_action_refusal(action, header, payload, length));
    } else {
        error = g_error_new(CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                            "this libvirt handles %s itself, and virtccwd does not know how", hand->asked);
        end(hand, ccw_rpc_error_reply_for(&action->call, error));
    }
}

static void passed_on(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    ccw_action_end(action, ccw_relay_raise(header, payload, length));
}

static void find_work(CcwAction *action)
{
    ByHand *hand = (ByHand *)action;

    CcwManager *manager = action->connection->services->manager;

    if (hand->kind == CCW_NODE_CCW && !ccw_connection_is_root(action->connection))
        hand->device = ccw_manager_find_bound(manager, &hand->named);
    else
        hand->device = ccw_manager_find(manager, hand->kind, &hand->named);
}

static void found(CcwAction *action)
{
    ByHand *hand = (ByHand *)action;

    if (!hand->device) {
        ccw_action_call(action, hand->frame, passed_on, lost);
        return;
    }
    hand->asked = ccw_node_name_format(CCW_NODE_CSS, &hand->device->subchannel);
    ask(hand);
}

/* "vfio" is what libvirt calls it for PCI devices. Any other name, and flags, are libvirt's to refuse. */
static gboolean is_ours(const CcwArguments *arguments, CcwNodeKind *ret_kind, CcwBusId *ret_id)
{
    return (!arguments->option || strcmp(arguments->option, "vfio_ccw") == 0 ||
            strcmp(arguments->option, "vfio") == 0) &&
           arguments->flags == 0 && ccw_node_name_parse(arguments->node, ret_kind, ret_id);
}

gboolean ccw_by_hand_begin(CcwConnection *connection, const CcwProcedure *procedure, const CcwHeader *header,
                           const guint8 *payload, gsize length)
{
    CcwArguments arguments;
    CcwNodeKind kind;
    CcwBusId id;
    ByHand *hand;

    if (!ccw_arguments_read(&arguments, procedure->call, payload, length))
        return FALSE;
    if (!is_ours(&arguments, &kind, &id)) {
        ccw_arguments_clear(&arguments);
        return FALSE;
    }
    hand = g_new0(ByHand, 1);
    hand->action.free = by_hand_free;
    for (gsize i = 0; i < G_N_ELEMENTS(deeds); i++)
        if (deeds[i].procedure == procedure->number)
            hand->deed = &deeds[i];
    hand->frame = ccw_frame_new(header, payload, length);
    hand->kind = kind;
    hand->named = id;
    ccw_action_begin(&hand->action, connection, header, &arguments);
    ccw_action_work(&hand->action, CCW_WORK_LOOK_UP, find_work, found);
    return TRUE;
}
