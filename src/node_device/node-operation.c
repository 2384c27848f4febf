/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node_device/node-operation.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <unistd.h>

#include "conf/node-name.h"
#include "conf/uuid.h"
#include "css/wait.h"
#include "hostdev/live-domains.h"
#include "hostdev/modules.h"
#include "node_device/node-detach.h"
#include "util/error.h"

#define LISTED_MS 5000
#define LOOKS_MAX 3 /* at what the domains have, if attaches come in between */

/* What each operation is: here, and as virtccwd is asked for it. */
typedef struct {
    CcwByHandFunc func;
    int (*ask)(virNodeDevicePtr node);
    gboolean needs_modules;
} Operation;

static int ask_detach(virNodeDevicePtr node)
{
    return virNodeDeviceDetachFlags(node, "vfio_ccw", 0);
}

static const Operation operations[] = {
    [CCW_NODE_DETACH] = { ccw_host_detach_as_of, ask_detach, TRUE },
    [CCW_NODE_REATTACH] = { ccw_host_reattach_as_of, virNodeDeviceReAttach, FALSE },
    [CCW_NODE_RESET] = { ccw_host_reset_as_of, virNodeDeviceReset, FALSE },
};

static void set_libvirt_error(GError **error, const char *what)
{
    const char *message = virGetLastErrorMessage();

    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "%s%s", what, message ? message : "no reason is given");
}

gboolean ccw_node_connect(const char *uri, virConnectPtr *ret_conn, char **ret_missing, GError **error)
{
    virConnectPtr conn = uri || geteuid() == 0 ? virConnectOpen(uri) : NULL;

    if (!uri && conn && g_strcmp0(virConnectGetType(conn), "QEMU") != 0) {
        virConnectClose(conn);
        conn = NULL;
    }
    if (!uri && !conn)
        conn = virConnectOpen(CCW_NODE_SYSTEM_URI);
    if (!conn && (uri || virGetLastErrorCode() != VIR_ERR_SYSTEM_ERROR)) {
        set_libvirt_error(error, "libvirt does not say what its guests have: ");
        return FALSE;
    }
    *ret_missing = conn ? NULL : g_strdup(virGetLastErrorMessage());
    *ret_conn = conn;
    return TRUE;
}

typedef struct {
    const CcwNodeRun *run;
    const CcwHostDevice *device;
    virNodeDevicePtr node;
} Listing;

/*
 * That of its subchannel is libvirt's own to list, also while the device is offline or detached; but not if it was put
 * into the machine after libvirt began. The device's is listed while it is online.
 */
static gboolean is_listed(gpointer data)
{
    Listing *listing = data;
    g_autofree char *css = ccw_node_name_format(CCW_NODE_CSS, &listing->device->subchannel);
    g_autofree char *ccw = ccw_node_name_format(CCW_NODE_CCW, &listing->device->bus_id);

    listing->node = virNodeDeviceLookupByName(listing->run->conn, css);
    if (!listing->node && virGetLastErrorCode() == VIR_ERR_NO_NODE_DEVICE)
        listing->node = virNodeDeviceLookupByName(listing->run->conn, ccw);
    return listing->node || virGetLastErrorCode() != VIR_ERR_NO_NODE_DEVICE;
}

/* What has just been put into the machine is listed a moment later. */
static virNodeDevicePtr find_node(const CcwNodeRun *run, const CcwHostDevice *device)
{
    Listing listing = { .run = run, .device = device };

    ccw_wait_until(is_listed, &listing, LISTED_MS);
    return listing.node;
}

typedef enum {
    ASKED_NONE,   /* there is no virtccwd */
    ASKED_ANYONE, /* not known yet: the answer tells stock libvirt from virtccwd */
    ASKED_VIRTCCWD,
} Asked;

/* libvirt reads which device is on a subchannel only when that is added, which may be before the kernel knows. */
static gboolean names_device(const char *css_xml, const CcwBusId *id)
{
    g_autofree char *devno = g_strdup_printf("<devno>0x%04x</devno>", id->devno);
    const char *address = strstr(css_xml, "<channel_dev_addr>");

    return address && strstr(address, devno);
}

/*
 * virtccwd alone shows the UUID that it wants from virt-install, of a device that the XML names. On another host the
 * subchannel may be another device's.
 */
static Asked who_shows(const CcwNodeRun *run, virNodeDevicePtr node, const CcwBusId *id)
{
    char *xml = virNodeDeviceGetXMLDesc(node, 0);
    char *uri = virConnectGetURI(run->conn);
    char uuid[CCW_UUID_STR_LEN];
    Asked asked = ASKED_NONE;

    if (xml && strstr(xml, ccw_uuid_encode_advertised(id, uuid)))
        asked = ASKED_VIRTCCWD;
    else if (xml && uri && strstr(uri, ":///") && !names_device(xml, id))
        asked = ASKED_ANYONE;
    free(uri);
    free(xml);
    return asked;
}

/* NULL: do it here, without virtccwd. */
static virNodeDevicePtr find_asked(const CcwNodeRun *run, const CcwHostDevice *device, Asked *ret_asked)
{
    virNodeDevicePtr node = NULL;

    if (run->conn && run->is_system && device)
        node = find_node(run, device);
    *ret_asked = node ? who_shows(run, node, &device->bus_id) : ASKED_NONE;
    if (*ret_asked != ASKED_NONE)
        return node;
    if (node)
        virNodeDeviceFree(node);
    return NULL;
}

/*
 * Stock libvirt does this with PCI devices only, some drivers of its not at all, and some versions look first whether
 * the host could give a PCI device to a guest; virtccwd has other numbers.
 */
static gboolean is_refused_by_stock(void)
{
    static const int numbers[] = { VIR_ERR_INVALID_ARG, VIR_ERR_NO_SUPPORT, VIR_ERR_ARGUMENT_UNSUPPORTED };

    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
        if (virGetLastErrorCode() == numbers[i])
            return TRUE;
    return FALSE;
}

static gboolean do_here(const CcwNodeRun *run, const Operation *operation, const CcwBusId *id, GError **error)
{
    gboolean stale = TRUE;

    if (operation->needs_modules && !ccw_host_load_modules(run->host, error))
        return FALSE;
    for (guint looks = 0; looks < LOOKS_MAX && stale; looks++) {
        g_autoptr(CcwLive) live = run->conn ? ccw_look(run->conn, run->manager, error) : ccw_live_new(run->manager);

        if (!live || !ccw_manager_by_hand(run->manager, operation->func, id, live, &stale, error))
            return FALSE;
    }
    return TRUE;
}

typedef enum {
    ANSWER_NONE, /* there is no virtccwd, and nothing is done */
    ANSWER_DONE,
    ANSWER_REFUSED,
    ANSWER_NOT_LISTED, /* it was still when it was looked for, and is not yet again */
} Answer;

static Answer ask_once(const CcwNodeRun *run, const Operation *operation, const CcwHostDevice *device, GError **error)
{
    Asked asked;
    virNodeDevicePtr node = find_asked(run, device, &asked);
    Answer answer;

    if (!node)
        return ANSWER_NONE;
    if (operation->ask(node) == 0) {
        answer = ANSWER_DONE;
    } else if (asked == ASKED_ANYONE && is_refused_by_stock()) {
        answer = ANSWER_NONE;
    } else {
        answer = virGetLastErrorCode() == VIR_ERR_NO_NODE_DEVICE ? ANSWER_NOT_LISTED : ANSWER_REFUSED;
        set_libvirt_error(error, "");
    }
    virNodeDeviceFree(node);
    return answer;
}

static Answer ask_virtccwd(const CcwNodeRun *run, const Operation *operation, const CcwHostDevice *device,
                           GError **error)
{
    g_autoptr(GError) refusal = NULL;
    Answer answer = ANSWER_NOT_LISTED;

    for (guint tries = 0; tries < LOOKS_MAX && answer == ANSWER_NOT_LISTED; tries++) {
        g_clear_error(&refusal);
        answer = ask_once(run, operation, device, &refusal);
    }
    if (refusal)
        g_propagate_error(error, g_steal_pointer(&refusal));
    return answer;
}

gboolean ccw_node_operate(const CcwNodeRun *run, CcwNodeOperation operation, const CcwBusId *id,
                          const CcwHostDevice *device, gboolean *ret_by_virtccwd, GError **error)
{
    Answer answer = ask_virtccwd(run, &operations[operation], device, error);

    *ret_by_virtccwd = answer == ANSWER_DONE;
    return *ret_by_virtccwd || (answer == ANSWER_NONE && do_here(run, &operations[operation], id, error));
}
