/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node_device/node-operation.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <unistd.h>

#include "conf/node-name.h"
#include "conf/nodedev.h"
#include "css/wait.h"
#include "hostdev/live-domains.h"
#include "hostdev/modules.h"
#include "node_device/node-detach.h"
#include "util/error.h"

#define LISTED_MS 5000
#define TRIES_MAX 3 /* after attaches by other clients, or changes of libvirt's list */

/* One operation. */
typedef struct {
    HostdevOperateFunc func;           /* does it in this process */
    int (*ask)(virNodeDevicePtr node); /* asks virtccwd to do it */
    gboolean needs_modules;
    const char *done, *verb, *preposition; /* words of the log line, as virtccwd has them */
} Operation;

static int ask_detach(virNodeDevicePtr node)
{
    return virNodeDeviceDetachFlags(node, "vfio_ccw", 0);
}

static const Operation operations[] = {
    [NODEDEV_DETACH] = { nodedev_detach_as_of, ask_detach, TRUE, "detached", "detach", " from this host" },
    [NODEDEV_REATTACH] = { nodedev_reattach_as_of, virNodeDeviceReAttach, FALSE, "reattached", "reattach",
                           " to this host" },
    [NODEDEV_RESET] = { nodedev_reset_as_of, virNodeDeviceReset, FALSE, "reset", "reset", "" },
};

static void set_libvirt_error(GError **error, const char *prefix)
{
    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "%s%s", prefix, virGetLastErrorMessage());
}

gboolean nodedev_connect(const char *uri, virConnectPtr *ret_conn, char **ret_missing, GError **error)
{
    virConnectPtr conn = uri || geteuid() == 0 ? virConnectOpen(uri) : NULL;

    if (!uri && conn && g_strcmp0(virConnectGetType(conn), "QEMU") != 0) {
        virConnectClose(conn);
        conn = NULL;
    }
    if (!uri && !conn)
        conn = virConnectOpen(NODEDEV_SYSTEM_URI);
    if (!conn && (uri || virGetLastErrorCode() != VIR_ERR_SYSTEM_ERROR)) {
        set_libvirt_error(error, "cannot ask libvirt which devices its guests have: ");
        return FALSE;
    }
    *ret_missing = conn ? NULL : g_strdup(virGetLastErrorMessage());
    *ret_conn = conn;
    return TRUE;
}

typedef struct {
    const NodedevRun *run;
    const CssDevice *device;
    virNodeDevicePtr node;
} Listing;

/*
 * Looks up the node device of the subchannel, which libvirt itself lists, also while the device is offline or detached;
 * but not if the subchannel was added to the machine after libvirt started. Then looks up the node device of the ccw
 * device, which libvirt lists while it is online.
 */
static gboolean is_listed(gpointer data)
{
    Listing *listing = data;
    g_autofree char *css = conf_node_name_format(CONF_NODE_CSS, &listing->device->subchannel);
    g_autofree char *ccw = conf_node_name_format(CONF_NODE_CCW, &listing->device->bus_id);

    listing->node = virNodeDeviceLookupByName(listing->run->conn, css);
    if (!listing->node && virGetLastErrorCode() == VIR_ERR_NO_NODE_DEVICE)
        listing->node = virNodeDeviceLookupByName(listing->run->conn, ccw);
    return listing->node || virGetLastErrorCode() != VIR_ERR_NO_NODE_DEVICE;
}

/* Waits: libvirt lists a device a moment after it was added to the machine. */
static virNodeDevicePtr find_node(const NodedevRun *run, const CssDevice *device)
{
    Listing listing = { .run = run, .device = device };

    css_wait_until(is_listed, &listing, LISTED_MS);
    return listing.node;
}

typedef enum {
    SERVER_STOCK,
    SERVER_UNKNOWN, /* stock libvirt or virtccwd: its answer to the operation will show */
    SERVER_VIRTCCWD,
} Server;

/*
 * Whether the XML is for another device, or for a subchannel without one. libvirt reads the device on a subchannel only
 * when the subchannel is added, which may be before the kernel knows the device.
 */
static gboolean lacks_device(const char *xml, const CcwBusId *id)
{
    CcwBusId device;

    return !conf_nodedev_device(xml, &device) || device.devno != id->devno;
}

static gboolean is_local(const char *uri)
{
    g_autoptr(GUri) parsed = g_uri_parse(uri, G_URI_FLAGS_NONE, NULL);
    const char *server = parsed ? g_uri_get_host(parsed) : NULL;

    return parsed && (!server || !*server);
}

/*
 * Only virtccwd advertises a UUID (conf/nodedev.h), and only for a device that the XML has. On another host the
 * subchannel may have another device.
 */
static Server find_server(const NodedevRun *run, virNodeDevicePtr node, const CcwBusId *id)
{
    char *xml = virNodeDeviceGetXMLDesc(node, 0);
    char *uri = virConnectGetURI(run->conn);
    Server server = SERVER_STOCK;

    if (xml && conf_nodedev_is_advertised(xml, id))
        server = SERVER_VIRTCCWD;
    else if (xml && uri && is_local(uri) && lacks_device(xml, id))
        server = SERVER_UNKNOWN;
    free(uri);
    free(xml);
    return server;
}

/* Returns NULL if this process has to do the operation, without virtccwd. */
static virNodeDevicePtr find_server_node(const NodedevRun *run, const CssDevice *device, Server *ret_server)
{
    virNodeDevicePtr node = NULL;

    if (run->conn && run->is_system && device)
        node = find_node(run, device);
    *ret_server = node ? find_server(run, node, &device->bus_id) : SERVER_STOCK;
    if (*ret_server != SERVER_STOCK)
        return node;
    if (node)
        virNodeDeviceFree(node);
    return NULL;
}

/*
 * Whether the last error is one of stock libvirt. Stock libvirt supports these operations for PCI devices only, some of
 * its drivers not at all, and some versions check first whether the host can give PCI devices to guests. virtccwd uses
 * other error codes.
 */
static gboolean is_error_of_stock(void)
{
    static const int codes[] = { VIR_ERR_INVALID_ARG, VIR_ERR_NO_SUPPORT, VIR_ERR_ARGUMENT_UNSUPPORTED };

    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++)
        if (virGetLastErrorCode() == codes[i])
            return TRUE;
    return FALSE;
}

static gboolean do_here(const NodedevRun *run, const Operation *operation, const CcwBusId *id, GError **error)
{
    gboolean is_outdated = TRUE;

    if (operation->needs_modules && !hostdev_load_modules(run->host, error))
        return FALSE;
    for (guint tries = 0; tries < TRIES_MAX && is_outdated; tries++) {
        g_autoptr(HostdevLive) live =
            run->conn ? hostdev_query_domains(run->conn, run->manager, error) : hostdev_live_new(run->manager);

        if (!live || !hostdev_manager_operate(run->manager, operation->func, id, live, &is_outdated, error))
            return FALSE;
    }
    return TRUE;
}

/* Logs how an operation of this process ended, as virtccwd logs those that it does. */
static gboolean do_here_logged(const NodedevRun *run, const Operation *operation, const CcwBusId *id, GError **error)
{
    g_autoptr(GError) local = NULL;
    char buf[CCW_BUS_ID_STR_LEN];

    ccw_bus_id_format(id, buf);
    if (do_here(run, operation, id, &local)) {
        g_info("%s ccw device %s%s for process %d of user %u", operation->done, buf, operation->preposition,
               (int)getpid(), getuid());
        return TRUE;
    }
    g_info("cannot %s ccw device %s%s for process %d of user %u: %s", operation->verb, buf, operation->preposition,
           (int)getpid(), getuid(), local->message);
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

typedef enum {
    ANSWER_NONE, /* there is no virtccwd: this process has to do it */
    ANSWER_DONE,
    ANSWER_ERROR,
    ANSWER_NOT_LISTED, /* libvirt has removed the device from its list since the lookup; it may list it again */
} Answer;

static Answer ask_once(const NodedevRun *run, const Operation *operation, const CssDevice *device, GError **error)
{
    Server server;
    virNodeDevicePtr node = find_server_node(run, device, &server);
    Answer answer;

    if (!node)
        return ANSWER_NONE;
    if (operation->ask(node) == 0) {
        answer = ANSWER_DONE;
    } else if (server == SERVER_UNKNOWN && is_error_of_stock()) {
        answer = ANSWER_NONE;
    } else {
        answer = virGetLastErrorCode() == VIR_ERR_NO_NODE_DEVICE ? ANSWER_NOT_LISTED : ANSWER_ERROR;
        set_libvirt_error(error, "");
    }
    virNodeDeviceFree(node);
    return answer;
}

static Answer ask_virtccwd(const NodedevRun *run, const Operation *operation, const CssDevice *device, GError **error)
{
    g_autoptr(GError) last_error = NULL;
    Answer answer = ANSWER_NOT_LISTED;

    for (guint tries = 0; tries < TRIES_MAX && answer == ANSWER_NOT_LISTED; tries++) {
        g_clear_error(&last_error);
        answer = ask_once(run, operation, device, &last_error);
    }
    if (last_error)
        g_propagate_error(error, g_steal_pointer(&last_error));
    return answer;
}

gboolean nodedev_operate(const NodedevRun *run, NodedevOperation operation, const CcwBusId *id, const CssDevice *device,
                         gboolean *ret_by_virtccwd, GError **error)
{
    Answer answer = ask_virtccwd(run, &operations[operation], device, error);

    *ret_by_virtccwd = answer == ANSWER_DONE;
    return *ret_by_virtccwd || (answer == ANSWER_NONE && do_here_logged(run, &operations[operation], id, error));
}
