/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The watcher's connections to libvirt: the events that wake the watcher, and the questions of other threads, each on a
 * connection of its own.
 */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "css/wait.h"
#include "hostdev/live-domains.h"
#include "hostdev/watcher-private.h"
#include "util/error.h"

#define KEEPALIVE_SECONDS 5
#define KEEPALIVE_COUNT 5
#define LISTED_MS 5000

/*
 * libvirt has one type for the callbacks of all events, and calls each callback by the type of its event. libvirt's
 * macro casts directly, which clang 19 rejects; a cast to void (*)(void) between marks the cast as intended.
 */
#define EVENT_CALLBACK(callback) ((virConnectDomainEventGenericCallback)(void (*)(void))(callback))

/* libvirt calls this when it no longer calls the callback. */
static void unref_watcher(void *data)
{
    hostdev_watcher_unref(data);
}

/* libvirt's library has both strings: this sends no request to the daemon. */
static void note_name(HostdevWatcher *watcher, virDomainPtr domain)
{
    char uuid[VIR_UUID_STRING_BUFLEN];

    if (virDomainGetUUIDString(domain, uuid) == 0)
        hostdev_manager_note_name(watcher->manager, uuid, virDomainGetName(domain));
}

static void on_removed(virConnectPtr conn G_GNUC_UNUSED, virDomainPtr domain, const char *alias G_GNUC_UNUSED,
                       void *data)
{
    note_name(data, domain);
    hostdev_watcher_kick(data);
}

static int on_lifecycle(virConnectPtr conn G_GNUC_UNUSED, virDomainPtr domain, int event, int detail G_GNUC_UNUSED,
                        void *data)
{
    note_name(data, domain);
    if (event == VIR_DOMAIN_EVENT_STOPPED)
        hostdev_watcher_kick(data);
    return 0;
}

static void on_close(virConnectPtr conn G_GNUC_UNUSED, int reason G_GNUC_UNUSED, void *data)
{
    HostdevWatcher *watcher = data;

    hostdev_watcher_set_flag(watcher, &watcher->is_lost);
}

static const struct {
    int id;
    virConnectDomainEventGenericCallback callback;
} events[] = {
    { VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, EVENT_CALLBACK(on_removed) },
    { VIR_DOMAIN_EVENT_ID_LIFECYCLE, EVENT_CALLBACK(on_lifecycle) },
};
G_STATIC_ASSERT(G_N_ELEMENTS(events) == HOSTDEV_SUBSCRIPTIONS);

gboolean hostdev_watcher_subscribe(HostdevWatcher *watcher, virConnectPtr conn, HostdevSubscriptions *ret_subscriptions)
{
    for (gsize i = 0; i < HOSTDEV_SUBSCRIPTIONS; i++)
        ret_subscriptions->registered[i] = -1;
    if (virConnectRegisterCloseCallback(conn, on_close, hostdev_watcher_ref(watcher), unref_watcher) < 0) {
        hostdev_watcher_unref(watcher);
        return FALSE;
    }
    if (virConnectSetKeepAlive(conn, KEEPALIVE_SECONDS, KEEPALIVE_COUNT) < 0)
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(events); i++) {
        int registered = virConnectDomainEventRegisterAny(conn, NULL, events[i].id, events[i].callback,
                                                          hostdev_watcher_ref(watcher), unref_watcher);

        ret_subscriptions->registered[i] = registered;
        if (registered < 0) {
            hostdev_watcher_unref(watcher);
            return FALSE;
        }
    }
    return TRUE;
}

void hostdev_watcher_unsubscribe(virConnectPtr conn, const HostdevSubscriptions *subscriptions)
{
    for (gsize i = 0; i < HOSTDEV_SUBSCRIPTIONS; i++)
        if (subscriptions->registered[i] >= 0)
            virConnectDomainEventDeregisterAny(conn, subscriptions->registered[i]);
    virConnectUnregisterCloseCallback(conn, on_close);
}

virConnectPtr hostdev_watcher_connect(HostdevWatcher *watcher)
{
    virResetLastError();
    return hostdev_watcher_is_stopping(watcher) ? NULL : virConnectOpen(watcher->uri);
}

HostdevLive *hostdev_watcher_query(HostdevWatcher *watcher, GError **error)
{
    virConnectPtr conn = hostdev_watcher_connect(watcher);
    HostdevLive *live;

    if (!conn) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "cannot ask libvirt which running domains have the device: %s",
                    hostdev_watcher_is_stopping(watcher) ? "virtccwd ends" : virGetLastErrorMessage());
        return NULL;
    }
    live = hostdev_query_domains(conn, watcher->manager, error);
    virConnectClose(conn);
    return live;
}

typedef struct {
    virConnectPtr conn;
    const char *node;
} Listed;

/* Also returns TRUE if libvirt does not answer. */
static gboolean is_listed(gpointer data)
{
    const Listed *listed = data;
    virNodeDevicePtr device = virNodeDeviceLookupByName(listed->conn, listed->node);

    if (!device)
        return virGetLastErrorCode() != VIR_ERR_NO_NODE_DEVICE;
    virNodeDeviceFree(device);
    return TRUE;
}

void hostdev_watcher_wait_listed(HostdevWatcher *watcher, const char *node)
{
    Listed listed = { hostdev_watcher_connect(watcher), node };

    if (!listed.conn)
        return;
    css_wait_until(is_listed, &listed, LISTED_MS);
    virConnectClose(listed.conn);
}
