/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hot-plug of a managed ccw device. libvirt decides first, and virtccwd touches the host second:
 *
 *   ask access    unless the client is root: asks libvirt to attach a deliberately unknown element. A client that
 *                 libvirt rejects must not block other users of the device
 *   announce      a worker lets the manager announce the attach
 *   ask domain    asks for the domain's XML, with its css feature, if the element has no guest address, or one
 *                 outside css fe
 *   check         a worker lowers the element for that feature, and validates it
 *   call          sends the client's attach, lowered
 *   load          if libvirt does not find VFIO: a worker loads the kernel's modules; then call once more
 *   claim         if libvirt does not find our mdev (VIR_ERR_DEVICE_MISSING): a worker acquires the device. If the
 *                 device is not managed, the client gets an error that says what to do
 *   call again    sends the same call
 *   finish        a worker confirms the claim or rolls it back; then the client gets its reply
 *
 * If libvirt accepted the device, a worker then looks it up on the host, and logs its warnings for the administrator.
 *
 * Between claim and call again, another client's attach may find and get the mdev that was made for this one. The
 * manager knows both attaches, and decides which domain owns the device.
 */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "conf/conf.h"
#include "conf/xml.h"
#include "remote/calls/attach-answer.h"
#include "remote/calls/attach-host.h"
#include "remote/calls/calls.h"
#include "remote/connection-private.h"
#include "remote/report.h"
#include "rpc/rpc-error.h"
#include "rpc/xdr.h"
#include "util/error.h"
#include "util/log.h"

/* A deliberately unknown element. libvirt's error names it after libvirt's access check has accepted the client. */
#define NO_DEVICE "no-device"

typedef enum {
    ATTACH_ASK_ACCESS,
    ATTACH_ANNOUNCE,
    ATTACH_ASK_DOMAIN,
    ATTACH_CHECK,
    ATTACH_CALL,
    ATTACH_LOAD,
    ATTACH_CLAIM,
    ATTACH_CALL_CLAIMED,
    ATTACH_FINISH,
} AttachState;

typedef struct {
    RemoteTask task;
    AttachState state;
    RemoteAttachHost host;
    char *domain_xml;     /* domain's XML, libvirt's answer to ask domain; or NULL */
    gboolean is_present;  /* the domain's XML has the device already */
    gboolean has_map;     /* map is known */
    ConfMapCss map;       /* the domain's css feature */
    gboolean is_stock;    /* the client sent the element in libvirt's own form, which libvirt validates */
    gboolean is_accepted; /* libvirt has accepted the attach */
    ConfHostdev missing;  /* the device that libvirt does not find */
    GError *error;        /* error of the check */
    HostdevAttachResult result;
    gboolean is_outdated; /* the watcher must read the live XML */
    GByteArray *reply;    /* reply to the client */
} Attach;

static void enter(Attach *attach, AttachState state);

static void attach_free(RemoteTask *task)
{
    Attach *attach = (Attach *)task;

    remote_attach_host_clear(&attach->host);
    g_free(attach->domain_xml);
    g_clear_pointer(&attach->reply, g_byte_array_unref);
    g_clear_error(&attach->error);
    g_free(attach);
}

static const ConfMapCss *map_css(const Attach *attach)
{
    return attach->has_map ? &attach->map : NULL;
}

static gboolean any(const Attach *attach, gboolean (*is)(const ConfHostdev *hostdev))
{
    const GArray *hostdevs = attach->task.call->hostdevs;

    for (guint i = 0; i < hostdevs->len; i++)
        if (is(&g_array_index(hostdevs, ConfHostdev, i)))
            return TRUE;
    return FALSE;
}

static RemoteReport report = { .done = "attached", .verb = "attach", .preposition = " to " };

static void log_reply(const Attach *attach, const GByteArray *reply)
{
    g_autofree char *devices = remote_report_devices(attach->task.call->hostdevs);

    remote_report_reply(&report, &attach->task, devices, reply);
}

/* @reply: the function owns it; NULL if the client has left, or cannot get a reply */
static void finish(Attach *attach, HostdevAttachResult result, GByteArray *reply)
{
    attach->result = result;
    attach->reply = reply;
    enter(attach, ATTACH_FINISH);
}

static void finish_with_error(Attach *attach, const GError *error)
{
    finish(attach, HOSTDEV_ATTACH_NONE, rpc_error_reply_for(&attach->task.header, error));
}

/*
 * libvirt does not reply any more. After the call it may have attached the device, so the watcher must read the live
 * XML.
 */
static void lost(RemoteTask *task)
{
    Attach *attach = (Attach *)task;

    if (attach->state == ATTACH_ASK_ACCESS) {
        log_reply(attach, NULL);
        remote_task_end(task, NULL); /* there is no announcement to withdraw yet */
    } else if (attach->state == ATTACH_ASK_DOMAIN) {
        finish(attach, HOSTDEV_ATTACH_NONE, NULL);
    } else {
        finish(attach, HOSTDEV_ATTACH_UNKNOWN, NULL);
    }
}

/*
 * The client gets any other answer, because its attach would get the same: no access, no such domain, or a domain that
 * does not run.
 */
static void access_asked(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    Attach *attach = (Attach *)task;
    GByteArray *reply;

    if (remote_attach_is_past_access(header, payload, length, NO_DEVICE)) {
        enter(attach, ATTACH_ANNOUNCE);
    } else {
        reply = remote_task_error_reply(task, header, payload, length);
        log_reply(attach, reply);
        remote_task_end(task, reply);
    }
}

static void ask_access(RemoteTask *task)
{
    const RemoteArguments *arguments = &task->call->arguments;
    g_autoptr(GByteArray) payload = g_byte_array_new();
    gsize length;
    const guint8 *domain = g_bytes_get_data(arguments->domain, &length);

    g_byte_array_append(payload, domain, (guint)length);
    rpc_xdr_write_string(payload, "<" NO_DEVICE "/>", strlen("<" NO_DEVICE "/>"));
    if (arguments->has_flags)
        rpc_xdr_write_u32(payload, arguments->flags);
    remote_task_ask(task, task->header.procedure, payload, access_asked, lost);
}

/*
 * Returns: whether the meaning of the guest address depends on the domain's css feature. That of the usual address does
 * not.
 */
static gboolean depends_on_feature(const ConfHostdev *hostdev)
{
    return !hostdev->has_guest || hostdev->guest.cssid != CCW_CSSID_VIRTUAL;
}

static void announce_work(RemoteTask *task)
{
    remote_attach_host_announce(&((Attach *)task)->host);
}

static void announced(RemoteTask *task)
{
    Attach *attach = (Attach *)task;

    if (remote_connection_is_gone(task->connection, REMOTE_SIDE_CLIENT))
        finish(attach, HOSTDEV_ATTACH_NONE, NULL);
    else if (any(attach, depends_on_feature))
        enter(attach, ATTACH_ASK_DOMAIN);
    else
        enter(attach, attach->is_stock ? ATTACH_CALL : ATTACH_CHECK);
}

static void domain_asked(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    Attach *attach = (Attach *)task;

    if (header->status != RPC_STATUS_OK) {
        finish(attach, HOSTDEV_ATTACH_NONE, remote_task_error_reply(task, header, payload, length));
        return;
    }
    attach->domain_xml = remote_task_read_string(payload, length);
    enter(attach, ATTACH_CHECK);
}

/* An attach carries one device. libvirt rejects more, so this function compares only one. */
static gboolean has_device(const Attach *attach, const GArray *hostdevs)
{
    for (guint i = 0; attach->host.ids->len == 1 && i < hostdevs->len; i++)
        if (ccw_bus_id_equal(&g_array_index(hostdevs, ConfHostdev, i).source, remote_attach_host_first(&attach->host)))
            return TRUE;
    return FALSE;
}

static void read_domain(Attach *attach)
{
    static CcwLogLimit limit;
    g_autoptr(GError) error = NULL;
    g_autoptr(ConfXml) xml =
        attach->domain_xml ? remote_task_open_domain_xml(&attach->task, attach->domain_xml, &error) : NULL;
    g_autoptr(GArray) hostdevs = xml ? conf_collect_xml(xml, &attach->map, &error) : NULL;

    attach->has_map = hostdevs != NULL;
    attach->is_present = hostdevs && has_device(attach, hostdevs);
    if (!attach->has_map)
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING,
                        "the XML of domain %s is not understood, its s390-map-css feature is taken to be on: %s",
                        attach->task.call->arguments.domain_uuid, error ? error->message : "libvirt has sent none");
}

static void check_work(RemoteTask *task)
{
    Attach *attach = (Attach *)task;

    if (any(attach, depends_on_feature))
        read_domain(attach);
    if (!attach->is_stock)
        remote_call_lower(task->call, map_css(attach), &attach->error);
}

static void checked(RemoteTask *task)
{
    Attach *attach = (Attach *)task;

    if (attach->error)
        finish_with_error(attach, attach->error);
    else if (!attach->is_stock && remote_connection_is_gone(task->connection, REMOTE_SIDE_CLIENT))
        finish(attach, HOSTDEV_ATTACH_NONE, NULL);
    else
        enter(attach, ATTACH_CALL);
}

static gboolean is_managed(const ConfHostdev *hostdev)
{
    return hostdev->managed;
}

/* Returns: the effect of an attach that libvirt accepted. Without flags the call is for running domains. */
static HostdevAttachResult result_of(const RemoteArguments *arguments)
{
    if (!arguments->has_flags || arguments->flags & VIR_DOMAIN_AFFECT_LIVE)
        return HOSTDEV_ATTACH_LIVE;
    return arguments->flags & VIR_DOMAIN_AFFECT_CONFIG ? HOSTDEV_ATTACH_NONE : HOSTDEV_ATTACH_UNKNOWN;
}

/*
 * Returns: whether the domain's XML shows that the domain has the device. A call for the domain's definition changes
 * another XML.
 */
static gboolean is_known_duplicate(const Attach *attach)
{
    const RemoteArguments *arguments = &attach->task.call->arguments;

    return attach->is_present && !(arguments->has_flags && arguments->flags & VIR_DOMAIN_AFFECT_CONFIG);
}

static void finish_duplicate(Attach *attach)
{
    char buf[CCW_BUS_ID_STR_LEN];

    g_set_error(&attach->error, CCW_ERROR, CCW_ERROR_BUSY, "the domain already has ccw device %s",
                ccw_bus_id_format(remote_attach_host_first(&attach->host), buf));
    finish_with_error(attach, attach->error);
}

static void called(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    Attach *attach = (Attach *)task;
    RemoteAttachAnswer answer = remote_attach_answer(header, payload, length, task->call->hostdevs, &attach->missing);

    attach->is_accepted = answer == REMOTE_ATTACH_ACCEPTED;
    if (attach->is_accepted)
        finish(attach, result_of(&task->call->arguments), remote_task_raise(task, header, payload, length));
    else if (answer == REMOTE_ATTACH_MISSING && !remote_connection_is_gone(task->connection, REMOTE_SIDE_CLIENT))
        enter(attach, ATTACH_CLAIM);
    else if (answer == REMOTE_ATTACH_NO_VFIO && !attach->host.is_loaded && any(attach, is_managed))
        enter(attach, ATTACH_LOAD);
    else if (answer == REMOTE_ATTACH_DUPLICATE && is_known_duplicate(attach))
        finish_duplicate(attach);
    else
        finish(attach, HOSTDEV_ATTACH_NONE, remote_task_raise(task, header, payload, length));
}

static void load_work(RemoteTask *task)
{
    remote_attach_host_load(&((Attach *)task)->host);
}

static void loaded(RemoteTask *task)
{
    Attach *attach = (Attach *)task;

    if (attach->host.modules_error)
        finish_with_error(attach, attach->host.modules_error);
    else
        enter(attach, ATTACH_CALL);
}

static void claim_work(RemoteTask *task)
{
    Attach *attach = (Attach *)task;

    remote_attach_host_claim(&attach->host, &attach->missing);
}

static void claimed(RemoteTask *task)
{
    Attach *attach = (Attach *)task;

    if (attach->host.error)
        finish_with_error(attach, attach->host.error);
    else
        enter(attach, ATTACH_CALL_CLAIMED);
}

static void called_claimed(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    Attach *attach = (Attach *)task;

    attach->is_accepted = header->status == RPC_STATUS_OK;
    finish(attach, attach->is_accepted ? HOSTDEV_ATTACH_LIVE : HOSTDEV_ATTACH_NONE,
           remote_task_raise(task, header, payload, length));
}

static void finish_work(RemoteTask *task)
{
    Attach *attach = (Attach *)task;

    attach->is_outdated = remote_attach_host_finish(&attach->host, attach->result);
}

static void finished(RemoteTask *task)
{
    static CcwLogLimit limit;
    const RemoteServices *services = task->connection->services;
    Attach *attach = (Attach *)task;
    g_autofree char *subject = g_strdup_printf("attach to domain %s", task->call->arguments.domain_uuid);

    if (attach->is_outdated && services->changed)
        services->changed(services->changed_data);
    log_reply(attach, attach->reply);
    remote_task_send_reply(task, g_steal_pointer(&attach->reply));
    if (attach->is_accepted && !attach->is_stock)
        remote_task_end_warned(task, &limit, subject);
    else
        remote_task_end(task, NULL);
}

/* If libvirt has gone before this call, the domain does not get the device. */
static void call(Attach *attach, RemoteTaskOnReply on_reply)
{
    RemoteTask *task = &attach->task;

    remote_call_drop_xml(task->call);
    if (remote_connection_is_gone(task->connection, REMOTE_SIDE_BACKEND))
        finish(attach, HOSTDEV_ATTACH_NONE, NULL);
    else
        remote_task_call_first(task, on_reply, lost);
}

static void enter(Attach *attach, AttachState state)
{
    RemoteTask *task = &attach->task;

    attach->state = state;
    switch (state) {
    case ATTACH_ASK_ACCESS:
        ask_access(task);
        break;
    case ATTACH_ANNOUNCE:
        remote_task_work(task, REMOTE_WORK_HOST, announce_work, announced);
        break;
    case ATTACH_ASK_DOMAIN:
        remote_task_get_domain_xml(task, domain_asked, lost);
        break;
    case ATTACH_CHECK:
        remote_task_work(task, REMOTE_WORK_PARSE, check_work, checked);
        break;
    case ATTACH_CALL:
        call(attach, called);
        break;
    case ATTACH_LOAD:
        remote_task_work(task, REMOTE_WORK_HOST, load_work, loaded);
        break;
    case ATTACH_CLAIM:
        remote_task_work(task, REMOTE_WORK_HOST, claim_work, claimed);
        break;
    case ATTACH_CALL_CLAIMED:
        call(attach, called_claimed);
        break;
    case ATTACH_FINISH:
        remote_task_work(task, REMOTE_WORK_HOST, finish_work, finished);
        break;
    }
}

gboolean remote_attach_begin(RemoteConnection *connection, RemoteCall *call)
{
    Attach *attach;

    if (call->error)
        remote_report_error(&report, connection, call);
    if (!call->hostdevs || call->error)
        return FALSE;
    attach = g_new0(Attach, 1);
    attach->task.free = attach_free;
    attach->is_stock = !call->lowered;
    remote_attach_host_init(&attach->host, connection->services->manager, call->arguments.domain_uuid, call->hostdevs);
    remote_task_begin(&attach->task, connection, call);
    enter(attach, remote_connection_is_root(connection) ? ATTACH_ANNOUNCE : ATTACH_ASK_ACCESS);
    return TRUE;
}
