/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hot-plug of a managed ccw device. libvirt decides first, the host is touched second:
 *
 *   may it        unless the client is root: asks libvirt the same about an element that no domain has. A client that
 *                 libvirt rejects must not block other users of the device
 *   prepare       a worker lets the manager hold the devices
 *   ask           the domain's XML for its css feature, if no guest address is given, or one outside of css fe
 *   validate      the element, in a worker
 *   first call    the lowered attach, as the client sent it
 *   load          if libvirt misses VFIO first: the kernel's modules, in a worker; then the first call once more
 *   claim         if libvirt misses our mdev (VIR_ERR_DEVICE_MISSING): the device is taken, in a worker; or, as it is
 *                 not managed, the user gets to know what to do
 *   second call   the same once more
 *   settle        the claim is confirmed or rolled back, in a worker; then the client gets its reply
 *   warn          if libvirt accepted the device: a worker looks at the host, and logs what an administrator should
 *                 know
 *
 * Between claim and second call another client's attach may find the mdev that was made for this one, and get it:
 * the manager, which knows of both, sorts that out.
 */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/uuid.h"
#include "remote/calls/calls.h"
#include "remote/connection-private.h"
#include "remote/relay-xml.h"
#include "remote/report.h"
#include "remote/validator.h"
#include "rpc/rpc-error.h"
#include "rpc/xdr.h"
#include "util/error.h"
#include "util/log.h"

/* No element of a domain's: libvirt says so, naming it, once the client is past its access check. */
#define NO_DEVICE "no-device"

typedef struct {
    CcwAction action;
    const CcwProcedure *procedure;
    GByteArray *payload;  /* of the client's call */
    GArray *hostdevs;     /* of CcwHostdev: ours in it */
    GArray *ids;          /* of CcwBusId: theirs */
    GByteArray *frame;    /* the lowered call */
    char *domain_xml;     /* of the domain, if it was asked for and is its own; else NULL */
    gboolean is_present;  /* that XML has the device already */
    gboolean has_map;     /* the domain's feature has been asked for, */
    CcwMapCss map;        /* and this is it */
    gboolean is_stock;    /* it came in libvirt's own form */
    gboolean is_accepted; /* libvirt said yes */
    gboolean loaded;      /* the vfio modules, or tried to */
    GError *no_modules;   /* why they are not there; NULL if they are, or before they are loaded */
    CcwHostdev missing;   /* what libvirt misses, and is claimed if it is managed */
    GError *error;        /* of that claim */
    CcwAttachResult result;
    gboolean look;     /* the watcher has to look at the live XML */
    GByteArray *reply; /* to the client */
} Attach;

static void attach_free(CcwAction *action)
{
    Attach *attach = (Attach *)action;

    g_byte_array_unref(attach->payload);
    g_array_unref(attach->hostdevs);
    g_array_unref(attach->ids);
    g_clear_pointer(&attach->frame, g_byte_array_unref);
    g_free(attach->domain_xml);
    g_clear_pointer(&attach->reply, g_byte_array_unref);
    g_clear_error(&attach->no_modules);
    g_clear_error(&attach->error);
    g_free(attach);
}

static CcwManager *manager_of(CcwAction *action)
{
    return action->connection->services->manager;
}

static void settle_work(CcwAction *action)
{
    Attach *attach = (Attach *)action;

    attach->look = ccw_manager_settle(manager_of(action), action->arguments.domain_uuid, attach->ids, attach->result);
}

static const CcwMapCss *map_css(const Attach *attach)
{
    return attach->has_map ? &attach->map : NULL;
}

static void log_reply(const CcwAction *action, const GByteArray *reply)
{
    static CcwReport report = { .done = "attached", .verb = "attach", .place = " to " };
    g_autofree char *devices = ccw_report_devices(((const Attach *)action)->ids);

    ccw_report_reply(&report, action, devices, reply);
}

static void settled(CcwAction *action)
{
    static CcwLogLimit limit;
    const CcwServices *services = action->connection->services;
    Attach *attach = (Attach *)action;
    g_autofree char *subject = g_strdup_printf("attach to domain %s", action->arguments.domain_uuid);

    if (attach->look && services->changed)
        services->changed(services->changed_data);
    log_reply(action, attach->reply);
    ccw_action_reply(action, g_steal_pointer(&attach->reply));
    if (attach->is_accepted && !attach->is_stock)
        ccw_action_end_warned(action, map_css(attach), &limit, subject);
    else
        ccw_action_end(action, NULL);
}

/* Takes reply; NULL if the client has gone, or cannot get one. */
static void settle(Attach *attach, CcwAttachResult result, GByteArray *reply)
{
    attach->result = result;
    attach->reply = reply;
    ccw_action_work(&attach->action, CCW_WORK_HOST, settle_work, settled);
}

static void settle_error(Attach *attach, const GError *error)
{
    settle(attach, CCW_ATTACH_NONE, ccw_rpc_error_reply_for(&attach->action.call, error));
}

/* libvirt may have attached the device, and its reply is lost: the watcher looks at the live XML. */
static void lost_in_call(CcwAction *action)
{
    settle((Attach *)action, CCW_ATTACH_UNKNOWN, NULL);
}

static void lost_in_question(CcwAction *action)
{
    settle((Attach *)action, CCW_ATTACH_NONE, NULL);
}

static void second_reply(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    ((Attach *)action)->is_accepted = header->status == CCW_STATUS_OK;
    settle((Attach *)action, header->status == CCW_STATUS_OK ? CCW_ATTACH_LIVE : CCW_ATTACH_NONE,
           ccw_relay_raise(header, payload, length));
}

/* Only when libvirt has let the client past its access check, and for devices that are managed. */
static void load_work(CcwAction *action)
{
    Attach *attach = (Attach *)action;

    if (!attach->loaded)
        ccw_manager_load_modules(manager_of(action), &attach->no_modules);
    attach->loaded = TRUE;
}

static void claim_work(CcwAction *action)
{
    Attach *attach = (Attach *)action;

    if (attach->missing.managed)
        load_work(action);
    if (attach->missing.managed)
        ccw_manager_claim(manager_of(action), &attach->missing.source, action->arguments.domain_uuid, &attach->error);
    else
        ccw_manager_refuse_unmanaged(manager_of(action), &attach->missing.source, &attach->error);
}

static void claimed(CcwAction *action)
{
    Attach *attach = (Attach *)action;

    if (g_error_matches(attach->error, CCW_ERROR, CCW_ERROR_UNSUPPORTED) && attach->no_modules)
        settle_error(attach, attach->no_modules);
    else if (attach->error)
        settle_error(attach, attach->error);
    else if (ccw_connection_is_gone(action->connection, CCW_SIDE_BACKEND))
        settle(attach, CCW_ATTACH_NONE, NULL);
    else
        ccw_action_call(action, attach->frame, second_reply, lost_in_call);
}

/* Or it went while libvirt looked at it (src/util/virmdev.c): another's attach was rolled back, or it was detached. */
static gboolean is_missing(const CcwRpcError *error, const char *uuid)
{
    g_autofree char *inside = g_strdup_printf("/sys/bus/mdev/devices/%s/", uuid);

    if (error->code == VIR_ERR_DEVICE_MISSING)
        return ccw_rpc_error_mentions(error, uuid);
    return error->code == VIR_ERR_SYSTEM_ERROR && ccw_rpc_error_mentions(error, inside);
}

/* The device whose absence libvirt complains of; NULL if it is another complaint. */
static const CcwHostdev *find_missing(const Attach *attach, const CcwRpcError *error)
{
    const CcwHostdev *found = NULL;

    for (guint i = 0; i < attach->hostdevs->len; i++) {
        const CcwHostdev *hostdev = &g_array_index(attach->hostdevs, CcwHostdev, i);
        char uuid[CCW_UUID_STR_LEN];

        if (is_missing(error, ccw_uuid_encode(&hostdev->source, uuid)))
            found = hostdev;
    }
    return found;
}

/* "Mediated host device assignment requires VFIO support": virtccwd's own message says which module is missing. */
static gboolean is_no_vfio(const CcwRpcError *error)
{
    return error->code == VIR_ERR_CONFIG_UNSUPPORTED && ccw_rpc_error_mentions(error, "VFIO");
}

static gboolean any(const Attach *attach, gboolean (*is)(const CcwHostdev *hostdev))
{
    for (guint i = 0; i < attach->hostdevs->len; i++)
        if (is(&g_array_index(attach->hostdevs, CcwHostdev, i)))
            return TRUE;
    return FALSE;
}

static gboolean is_managed(const CcwHostdev *hostdev)
{
    return hostdev->managed;
}

static void first_reply(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length);

static void loaded(CcwAction *action)
{
    Attach *attach = (Attach *)action;

    if (attach->no_modules)
        settle_error(attach, attach->no_modules);
    else if (ccw_connection_is_gone(action->connection, CCW_SIDE_BACKEND))
        settle(attach, CCW_ATTACH_NONE, NULL);
    else
        ccw_action_call(action, attach->frame, first_reply, lost_in_call);
}

/*
 * libvirt finds a device that is attached twice by its guest address, and names that. Where the domain's XML is known
 * the device itself is named. A call for the domain's definition is about another XML.
 */
static gboolean is_twice(const Attach *attach, const CcwRpcError *error)
{
    gboolean of_config =
        attach->action.arguments.has_flags && attach->action.arguments.flags & VIR_DOMAIN_AFFECT_CONFIG;

    return attach->is_present && !of_config && error->code == VIR_ERR_XML_ERROR &&
           ccw_rpc_error_mentions(error, "CCW devno");
}

static void settle_twice(Attach *attach)
{
    const CcwBusId *id = &g_array_index(attach->ids, CcwBusId, 0);
    char buf[CCW_BUS_ID_STR_LEN];

    g_set_error(&attach->error, CCW_ERROR, CCW_ERROR_BUSY, "the domain already has ccw device %s",
                ccw_bus_id_format(id, buf));
    settle_error(attach, attach->error);
}

static void first_refused(Attach *attach, const CcwHeader *header, const guint8 *payload, gsize length)
{
    const CcwHostdev *missing = NULL;
    gboolean no_vfio = FALSE, twice = FALSE;
    CcwRpcError error;

    if (ccw_rpc_error_decode(&error, payload, length)) {
        missing = find_missing(attach, &error);
        twice = is_twice(attach, &error);
        no_vfio = is_no_vfio(&error);
        ccw_rpc_error_clear(&error);
    }
    if (missing && !ccw_connection_is_gone(attach->action.connection, CCW_SIDE_CLIENT)) {
        attach->missing = *missing;
        ccw_action_work(&attach->action, CCW_WORK_HOST, claim_work, claimed);
    } else if (no_vfio && !attach->loaded && any(attach, is_managed)) {
        ccw_action_work(&attach->action, CCW_WORK_HOST, load_work, loaded);
    } else if (twice) {
        settle_twice(attach);
    } else {
        settle(attach, CCW_ATTACH_NONE, ccw_relay_raise(header, payload, length));
    }
}

/* What libvirt has done when it says yes. Without flags the call is for running domains. */
static CcwAttachResult result_of(const CcwArguments *arguments)
{
    if (!arguments->has_flags || arguments->flags & VIR_DOMAIN_AFFECT_LIVE)
        return CCW_ATTACH_LIVE;
    return arguments->flags & VIR_DOMAIN_AFFECT_CONFIG ? CCW_ATTACH_NONE : CCW_ATTACH_UNKNOWN;
}

static void first_reply(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    Attach *attach = (Attach *)action;

    attach->is_accepted = header->status == CCW_STATUS_OK;
    if (attach->is_accepted)
        settle(attach, result_of(&action->arguments), ccw_relay_raise(header, payload, length));
    else
        first_refused(attach, header, payload, length);
}

static void validate_work(CcwAction *action)
{
    Attach *attach = (Attach *)action;

    ccw_validator_check(action->arguments.xml, map_css(attach), &attach->error);
}

static void validated(CcwAction *action)
{
    Attach *attach = (Attach *)action;

    if (attach->error)
        settle_error(attach, attach->error);
    else if (ccw_connection_is_gone(action->connection, CCW_SIDE_CLIENT))
        settle(attach, CCW_ATTACH_NONE, NULL);
    else
        ccw_action_call(action, attach->frame, first_reply, lost_in_call);
}

/* What comes in libvirt's own form is libvirt's to validate. */
static gboolean is_stock(const Attach *attach)
{
    return attach->frame->len == CCW_FRAME_HEAD + attach->payload->len &&
           memcmp(attach->frame->data + CCW_FRAME_HEAD, attach->payload->data, attach->payload->len) == 0;
}

/* An attach is of one device: libvirt refuses more, so that no more are compared. */
static gboolean has_device(const Attach *attach, const GArray *hostdevs)
{
    for (guint i = 0; attach->ids->len == 1 && i < hostdevs->len; i++)
        if (ccw_bus_id_equal(&g_array_index(hostdevs, CcwHostdev, i).source, &g_array_index(attach->ids, CcwBusId, 0)))
            return TRUE;
    return FALSE;
}

/* What is lowered already holds for a domain without the feature, which is for most. */
static void lower_work(CcwAction *action)
{
    static CcwLogLimit limit;
    Attach *attach = (Attach *)action;
    g_autoptr(GArray) hostdevs = NULL;
    g_autoptr(GError) error = NULL;

    if (attach->domain_xml) {
        hostdevs = ccw_conf_collect(attach->domain_xml, &attach->map, &error);
        attach->has_map = hostdevs != NULL;
        attach->is_present = hostdevs && has_device(attach, hostdevs);
    }
    if (!attach->has_map)
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING,
                        "the XML of domain %s is not understood, its s390-map-css feature is taken to be on: %s",
                        action->arguments.domain_uuid, error ? error->message : "it is not this domain's");
    g_clear_pointer(&attach->frame, g_byte_array_unref);
    attach->frame = ccw_relay_lower(attach->procedure, &action->call, attach->payload->data, attach->payload->len,
                                    (int)attach->map, &attach->error);
}

static void lowered(CcwAction *action)
{
    Attach *attach = (Attach *)action;

    if (!attach->frame) {
        settle_error(attach, attach->error);
        return;
    }
    attach->is_stock = is_stock(attach);
    if (attach->is_stock)
        ccw_action_call(action, attach->frame, first_reply, lost_in_call);
    else
        ccw_action_work(action, CCW_WORK_PARSE, validate_work, validated);
}

static void got_domain_xml(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    Attach *attach = (Attach *)action;

    if (header->status != CCW_STATUS_OK) {
        settle(attach, CCW_ATTACH_NONE, ccw_action_refusal(action, header, payload, length));
        return;
    }
    attach->domain_xml = ccw_action_read_domain_xml(action, payload, length);
    ccw_action_work(action, CCW_WORK_PARSE, lower_work, lowered);
}

/* The usual address is right whatever the feature says. */
static gboolean depends_on_feature(const CcwHostdev *hostdev)
{
    return !hostdev->has_guest || hostdev->guest.cssid != CCW_CSSID_VIRTUAL;
}

static void prepare_work(CcwAction *action)
{
    Attach *attach = (Attach *)action;

    ccw_manager_hold(manager_of(action), attach->ids);
}

static void prepared(CcwAction *action)
{
    Attach *attach = (Attach *)action;

    if (ccw_connection_is_gone(action->connection, CCW_SIDE_CLIENT))
        settle(attach, CCW_ATTACH_NONE, NULL);
    else if (any(attach, depends_on_feature))
        ccw_action_get_domain_xml(action, got_domain_xml, lost_in_question);
    else
        lowered(action);
}

/* Nothing is announced yet, so that nothing has to be settled. */
static void lost_before(CcwAction *action)
{
    ccw_action_end(action, NULL);
}

/* The number is another one from version to version. Before the check only the name of a domain can be in a message. */
static gboolean is_past_access(const CcwHeader *header, const guint8 *payload, gsize length)
{
    CcwRpcError error;
    gboolean past;

    if (header->status != CCW_STATUS_ERROR || !ccw_rpc_error_decode(&error, payload, length))
        return header->status == CCW_STATUS_OK;
    past = error.code != VIR_ERR_NO_DOMAIN && error.code != VIR_ERR_ACCESS_DENIED &&
           error.code != VIR_ERR_OPERATION_DENIED && ccw_rpc_error_mentions(&error, NO_DEVICE);
    ccw_rpc_error_clear(&error);
    return past;
}

/* Any other complaint is that which the attach would get: access, that there is no such domain, that it does not run.
 */
static void may_answered(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    GByteArray *refusal;

    if (is_past_access(header, payload, length)) {
        ccw_action_work(action, CCW_WORK_HOST, prepare_work, prepared);
    } else {
        refusal = ccw_action_refusal(action, header, payload, length);
        log_reply(action, refusal);
        ccw_action_end(action, refusal);
    }
}

static void ask_may(CcwAction *action)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();
    gsize length;
    const guint8 *domain = g_bytes_get_data(action->arguments.domain, &length);

    g_byte_array_append(payload, domain, (guint)length);
    ccw_xdr_write_string(payload, "<" NO_DEVICE "/>", strlen("<" NO_DEVICE "/>"));
    if (action->arguments.has_flags)
        ccw_xdr_write_u32(payload, action->arguments.flags);
    ccw_action_ask(action, action->call.procedure, payload, may_answered, lost_before);
}

gboolean ccw_attach_begin(CcwConnection *connection, CcwCall *call)
{
    Attach *attach;

    if (!call->hostdevs || !call->frame)
        return FALSE;
    attach = g_new0(Attach, 1);
    attach->action.free = attach_free;
    attach->procedure = call->procedure;
    attach->payload = g_byte_array_ref(call->payload);
    attach->frame = g_steal_pointer(&call->frame);
    attach->hostdevs = g_steal_pointer(&call->hostdevs);
    attach->ids = g_array_new(FALSE, FALSE, sizeof(CcwBusId));
    for (guint i = 0; i < attach->hostdevs->len; i++)
        g_array_append_val(attach->ids, g_array_index(attach->hostdevs, CcwHostdev, i).source);
    ccw_action_begin(&attach->action, connection, &call->header, &call->arguments);
    if (ccw_connection_is_root(connection))
        ccw_action_work(&attach->action, CCW_WORK_HOST, prepare_work, prepared);
    else
        ask_may(&attach->action);
    return TRUE;
}
