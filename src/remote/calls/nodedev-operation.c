/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nodedev-detach, nodedev-reattach and nodedev-reset of a channel device, by its name or by that of its subchannel.
 * Stock libvirt supports them for PCI devices only. Here libvirt checks the client's access, and virtccwd does the
 * work:
 *
 *   find      a worker finds the device; if it is not one of ours, virtccwd forwards the call. The worker searches all
 *             subchannels of the host for root only, who needs no authorisation. Another client must name a device
 *             without a driver by its subchannel
 *   ask       asks libvirt for the same operation on the css_* node device; for a detach asks for a reattach, which
 *             does not look for VFIO first. libvirt checks access, and then says that this is no PCI device. If
 *             libvirt does not list the subchannel, because it was added to the machine after libvirt started, virtccwd
 *             asks with the name in the client's call
 *   operate   a worker makes sure that no running domain has the device, and does the operation
 */
#include <libvirt/virterror.h>
#include <string.h>

#include "node_device/node-detach.h"
#include "remote/calls/calls.h"
#include "remote/connection-private.h"
#include "remote/report.h"
#include "rpc/rpc-error.h"
#include "rpc/xdr.h"
#include "util/error.h"

#define ASKS_MAX 5     /* maximum number of repeated questions, while the subchannel's driver changes */
#define ATTEMPTS_MAX 3 /* maximum number of attempts, while domains attach devices */

static RemoteReport detach_report = { .done = "detached", .verb = "detach", .preposition = " from this host" };
static RemoteReport reattach_report = { .done = "reattached", .verb = "reattach", .preposition = " to this host" };
static RemoteReport reset_report = { .done = "reset", .verb = "reset", .preposition = "" };

static const struct kind {
    RemoteReport *report;
    gint32 procedure;
    gint32 question;
    HostdevOperateFunc func;
    gboolean needs_modules;
} kinds[] = {
    { &detach_report, REMOTE_PROC_NODE_DEVICE_DETTACH, REMOTE_PROC_NODE_DEVICE_RE_ATTACH, nodedev_detach_as_of, TRUE },
    { &detach_report, REMOTE_PROC_NODE_DEVICE_DETACH_FLAGS, REMOTE_PROC_NODE_DEVICE_RE_ATTACH, nodedev_detach_as_of,
      TRUE },
    { &reattach_report, REMOTE_PROC_NODE_DEVICE_RE_ATTACH, REMOTE_PROC_NODE_DEVICE_RE_ATTACH, nodedev_reattach_as_of,
      FALSE },
    { &reset_report, REMOTE_PROC_NODE_DEVICE_RESET, REMOTE_PROC_NODE_DEVICE_RESET, nodedev_reset_as_of, FALSE },
};

typedef enum {
    OPERATION_FIND,
    OPERATION_FORWARD,
    OPERATION_ASK,
    OPERATION_OPERATE,
} OperationState;

typedef struct {
    RemoteTask task;
    OperationState state;
    const struct kind *kind;
    ConfNodeKind node_kind; /* kind of the name in the client's call */
    CcwBusId named;         /* bus id in that name */
    CssDevice *device;      /* NULL: the device is not one of ours */
    char *asked;            /* name of the node device in the question to libvirt */
    guint asks;             /* number of repeated questions */
    GError *error;
} Operation;

static void enter(Operation *operation, OperationState state);

static void operation_free(RemoteTask *task)
{
    Operation *operation = (Operation *)task;

    css_device_free(operation->device);
    g_free(operation->asked);
    g_clear_error(&operation->error);
    g_free(operation);
}

/* Takes ownership of @reply. */
static void end(Operation *operation, GByteArray *reply)
{
    g_autofree char *bus_id = ccw_bus_id_to_string(&operation->device->bus_id);
    g_autofree char *device = g_strconcat("ccw device ", bus_id, NULL);

    remote_report_reply(operation->kind->report, &operation->task, device, reply);
    remote_task_end(&operation->task, reply);
}

static void lost(RemoteTask *task)
{
    end((Operation *)task, NULL);
}

/* As lost(), of a call whose device is not one of ours. */
static void lost_forwarded(RemoteTask *task)
{
    remote_task_end(task, NULL);
}

static void find_work(RemoteTask *task)
{
    HostdevManager *manager = task->connection->services->manager;
    Operation *operation = (Operation *)task;

    if (operation->node_kind == CONF_NODE_CCW && !remote_connection_is_root(task->connection))
        operation->device = hostdev_manager_find_bound(manager, &operation->named);
    else
        operation->device = hostdev_manager_find(manager, operation->node_kind, &operation->named);
}

static void found(RemoteTask *task)
{
    Operation *operation = (Operation *)task;

    if (operation->device)
        operation->asked = conf_node_name_format(CONF_NODE_CSS, &operation->device->subchannel);
    enter(operation, operation->device ? OPERATION_ASK : OPERATION_FORWARD);
}

static void forwarded(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    remote_task_end(task, remote_task_raise(task, header, payload, length));
}

typedef enum {
    ANSWER_OTHER,
    ANSWER_PAST_ACCESS, /* libvirt's access check has accepted the client */
    ANSWER_UNLISTED,    /* libvirt does not list the node device */
    ANSWER_CHANGING,    /* libvirt cannot read the subchannel's attributes, because its driver changes */
} Answer;

/*
 * libvirt uses one code and domain for many errors. Where another error may have the code, this function also searches
 * the text: for the name of the node device, and for the folder and the link that vanish while the subchannel's driver
 * changes. Every system call that fails in libvirt has VIR_ERR_SYSTEM_ERROR, and the path is what tells this one from
 * others.
 */
static Answer read_answer(const Operation *operation, const RpcHeader *header, const guint8 *payload, gsize length)
{
    Answer answer = ANSWER_OTHER;
    RpcError error;

    if (header->status != RPC_STATUS_ERROR || !rpc_error_decode(&error, payload, length))
        return ANSWER_OTHER;
    if (error.code == VIR_ERR_INVALID_ARG && rpc_error_mentions(&error, operation->asked))
        answer = ANSWER_PAST_ACCESS;
    else if (error.code == VIR_ERR_NO_NODE_DEVICE)
        answer = ANSWER_UNLISTED;
    else if (error.code == VIR_ERR_SYSTEM_ERROR &&
             (rpc_error_mentions(&error, "/mdev_supported_types") || rpc_error_mentions(&error, "/driver: ")))
        answer = ANSWER_CHANGING;
    rpc_error_clear(&error);
    return answer;
}

static void asked(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    Operation *operation = (Operation *)task;
    Answer answer = read_answer(operation, header, payload, length);
    const char *node = task->call->arguments.node;
    g_autoptr(GError) error = NULL;

    if (answer == ANSWER_PAST_ACCESS) {
        enter(operation, OPERATION_OPERATE);
    } else if (answer == ANSWER_UNLISTED && strcmp(operation->asked, node) != 0) {
        g_free(operation->asked);
        operation->asked = g_strdup(node);
        enter(operation, OPERATION_ASK);
    } else if (answer == ANSWER_CHANGING && operation->asks < ASKS_MAX) {
        operation->asks++;
        enter(operation, OPERATION_ASK);
    } else if (header->status == RPC_STATUS_ERROR) {
        end(operation, remote_task_error_reply(task, header, payload, length));
    } else {
        error = g_error_new(CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                            "libvirt accepted the operation on %s, which this virtccwd expects it to reject: "
                            "install a newer libvirt-ccw",
                            operation->asked);
        end(operation, rpc_error_reply_for(&task->header, error));
    }
}

static void ask(Operation *operation)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();

    rpc_xdr_write_string(payload, operation->asked, strlen(operation->asked));
    remote_task_ask(&operation->task, operation->kind->question, payload, asked, lost);
}

/*
 * Waits until libvirt lists a device that is online again. libvirt learns by a uevent that the host's driver has it. A
 * client that looks for it next then finds it, as it would find a PCI device.
 */
static void wait_listed(RemoteTask *task)
{
    const RemoteServices *services = task->connection->services;
    const CcwBusId *bus_id = &((Operation *)task)->device->bus_id;
    g_autoptr(CssDevice) device = hostdev_manager_find(services->manager, CONF_NODE_CCW, bus_id);
    g_autofree char *name = conf_node_name_format(CONF_NODE_CCW, bus_id);

    if (services->wait_listed && device && device->online == 1)
        services->wait_listed(services->query_data, name);
}

static HostdevLive *read_live(RemoteTask *task, GError **error)
{
    const RemoteServices *services = task->connection->services;

    return services->query ? services->query(services->query_data, error) : hostdev_live_new(services->manager);
}

static void operate_work(RemoteTask *task)
{
    Operation *operation = (Operation *)task;
    HostdevManager *manager = task->connection->services->manager;
    GError **error = &operation->error;
    gboolean is_outdated = TRUE;

    if (operation->kind->needs_modules && !hostdev_manager_load_modules(manager, error))
        return;
    for (guint i = 0; i < ATTEMPTS_MAX && is_outdated; i++) {
        g_autoptr(HostdevLive) live = read_live(task, error);

        if (!live || !hostdev_manager_operate(manager, operation->kind->func, &operation->device->bus_id, live,
                                              &is_outdated, error))
            return;
    }
    if (is_outdated)
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "%s: devices are being attached; try again",
                    task->call->arguments.node);
    else
        wait_listed(task);
}

static void operated(RemoteTask *task)
{
    const RemoteServices *services = task->connection->services;
    const GError *error = ((Operation *)task)->error;

    if (services->changed) /* reconcile has skipped the device meanwhile */
        services->changed(services->changed_data);
    end((Operation *)task, error ? rpc_error_reply_for(&task->header, error) : remote_task_success(task, NULL));
}

static void enter(Operation *operation, OperationState state)
{
    RemoteTask *task = &operation->task;

    operation->state = state;
    switch (state) {
    case OPERATION_FIND:
        remote_task_work(task, REMOTE_WORK_LOOK_UP, find_work, found);
        break;
    case OPERATION_FORWARD:
        remote_task_call(task, forwarded, lost_forwarded);
        break;
    case OPERATION_ASK:
        ask(operation);
        break;
    case OPERATION_OPERATE:
        remote_task_work(task, REMOTE_WORK_HOST, operate_work, operated);
        break;
    }
}

/* The driver's name in the kernel, that of QEMU's device and of libvirt's model, and libvirt's for PCI devices. */
static gboolean is_vfio_ccw(const char *driver)
{
    static const char *const names[] = { "vfio_ccw", "vfio-ccw", "vfio", NULL };

    return g_strv_contains(names, driver);
}

/* Returns: whether virtccwd handles the call. libvirt rejects a name of another driver, and flags. */
static gboolean is_ours(const RemoteArguments *arguments, ConfNodeKind *ret_kind, CcwBusId *ret_id)
{
    return (!arguments->option || is_vfio_ccw(arguments->option)) && arguments->flags == 0 &&
           conf_node_name_parse(arguments->node, ret_kind, ret_id);
}

gboolean remote_nodedev_operation_begin(RemoteConnection *connection, RemoteCall *call)
{
    ConfNodeKind node_kind;
    CcwBusId named;
    Operation *operation;

    if (!is_ours(&call->arguments, &node_kind, &named))
        return FALSE;
    operation = g_new0(Operation, 1);
    operation->task.free = operation_free;
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (kinds[i].procedure == call->procedure->number)
            operation->kind = &kinds[i];
    operation->node_kind = node_kind;
    operation->named = named;
    remote_task_begin(&operation->task, connection, call);
    enter(operation, OPERATION_FIND);
    return TRUE;
}
