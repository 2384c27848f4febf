/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/ccw-server.h"

#include <errno.h>
#include <grp.h>
#include <libvirt/virterror.h>
#include <sys/socket.h>
#include <unistd.h>

#include "remote/ccw-log.h"
#include "remote/ccw-login.h"
#include "remote/ccw-refusal.h"
#include "remote/ccw-socket.h"
#include "util/ccw-error.h"

#define ACCEPT_PAUSE_MS 100

typedef struct {
    CcwServer *server;
    gboolean readonly;
    CcwAuth auth;
    char *path; /* NULL: it was not made here */
    char *backend;
    int fd;
    CcwPollWatch *watch;
    guint pause; /* a timer: no descriptors were left */
} Listener;

struct _CcwServer {
    const CcwServices *services;
    const CcwSettings *settings;
    Listener listeners[2];
    GHashTable *connections; /* a set */
    GHashTable *logins;      /* CcwLogin -> Listener */
    gboolean full;           /* nobody is let in until somebody goes */
    void (*stopped)(gpointer data);
    gpointer data;
};

/* As libvirtd does it: who comes while there are too many waits in the queue of the socket. */
static void check_limits(CcwServer *server)
{
    static CcwLogLimit limit;
    const CcwSettings *settings = server->settings;
    guint logins = g_hash_table_size(server->logins);
    gboolean full = logins + g_hash_table_size(server->connections) >= settings->max_clients ||
                    (settings->max_anonymous_clients && logins >= settings->max_anonymous_clients);

    if (full != server->full)
        ccw_log_limited(&limit, G_LOG_LEVEL_MESSAGE, "%s",
                        full ? "too many clients: others wait" : "clients are let in again");
    server->full = full;
    for (guint i = 0; i < G_N_ELEMENTS(server->listeners); i++) {
        Listener *listener = &server->listeners[i];

        if (listener->fd >= 0)
            ccw_poll_set(listener->watch, full || listener->pause ? 0 : EPOLLIN);
    }
}

static void somebody_went(CcwServer *server)
{
    if (!server->stopped)
        check_limits(server);
    else if (g_hash_table_size(server->connections) + g_hash_table_size(server->logins) == 0)
        server->stopped(server->data);
}

static void connection_ended(CcwConnection *connection, gpointer data)
{
    CcwServer *server = data;

    g_hash_table_remove(server->connections, connection);
    somebody_went(server);
}

/* Takes fd and peer. */
static void let_in(Listener *listener, int fd, CcwPeer *peer)
{
    static CcwLogLimit limit;
    CcwServer *server = listener->server;
    g_autoptr(GError) error = NULL;
    int backend = ccw_socket_connect(listener->backend, &error);
    CcwConnection *connection;

    if (backend < 0) {
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "%s", error->message);
        ccw_refuse(server->services->poll, fd, VIR_ERR_SYSTEM_ERROR, error->message);
        ccw_peer_free(peer);
        return;
    }
    connection = ccw_connection_new(server->services, fd, backend, peer, connection_ended, server);
    if (listener->readonly)
        ccw_connection_set_readonly(connection);
    g_hash_table_add(server->connections, connection);
}

static void login_ended(CcwLogin *login, int fd, CcwPeer *peer, gpointer data)
{
    CcwServer *server = data;
    Listener *listener = g_hash_table_lookup(server->logins, login);

    g_hash_table_remove(server->logins, login);
    if (fd >= 0)
        let_in(listener, fd, peer);
    else
        ccw_peer_free(peer);
    somebody_went(server);
}

static void serve(Listener *listener, int fd)
{
    static CcwLogLimit limit;
    CcwServer *server = listener->server;
    g_autoptr(GError) error = NULL;
    CcwPeer *peer = ccw_peer_new(fd, &error);

    if (!peer) {
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "%s", error->message);
        ccw_refuse(server->services->poll, fd, VIR_ERR_AUTH_FAILED, error->message);
    } else if (listener->auth == CCW_AUTH_NONE) {
        let_in(listener, fd, peer);
    } else {
        g_hash_table_insert(server->logins,
                            ccw_login_new(server->services->poll, fd, peer, listener->readonly, login_ended, server),
                            listener);
    }
    check_limits(server);
}

static gboolean accept_again(gpointer data)
{
    Listener *listener = data;

    listener->pause = 0;
    check_limits(listener->server);
    return G_SOURCE_REMOVE;
}

static void on_event(guint32 events G_GNUC_UNUSED, gpointer data)
{
    static CcwLogLimit limit;
    Listener *listener = data;
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        serve(listener, fd);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "a client has to wait: %s", g_strerror(errno));
        listener->pause = g_timeout_add(ACCEPT_PAUSE_MS, accept_again, listener);
        check_limits(listener->server);
    }
}

static gboolean find_group(const char *name, gid_t *ret_group, GError **error)
{
    const struct group *found = name ? getgrnam(name) : NULL;

    if (name && !found) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "unix_sock_group: there is no group '%s'", name);
        return FALSE;
    }
    *ret_group = found ? found->gr_gid : (gid_t)-1;
    return TRUE;
}

static gboolean listener_make(Listener *listener, const char *dir, const char *name, GError **error)
{
    const CcwSettings *settings = listener->server->settings;
    CcwSocketAccess access = { .perms = settings->unix_sock_perms[listener->readonly],
                               .queue = settings->max_queued_clients };

    listener->path = g_build_filename(dir, name, NULL);
    if (find_group(settings->unix_sock_group, &access.group, error))
        listener->fd = ccw_socket_listen(listener->path, &access, error);
    if (listener->fd < 0)
        g_clear_pointer(&listener->path, g_free); /* another's */
    return listener->fd >= 0;
}

static gboolean listener_start(CcwServer *server, gboolean readonly, const CcwPlaces *places, GError **error)
{
    Listener *listener = &server->listeners[readonly];
    gboolean inherited = places->inherited[FALSE] >= 0 || places->inherited[TRUE] >= 0;
    g_autofree char *name = g_strconcat(places->socket_name, readonly ? "-ro" : "", NULL);

    listener->backend = g_build_filename(places->backend_dir, name, NULL);
    if (inherited)
        listener->fd = places->inherited[readonly];
    else if (!listener_make(listener, places->socket_dir, name, error))
        return FALSE;
    if (listener->fd >= 0)
        listener->watch = ccw_poll_add(server->services->poll, listener->fd, EPOLLIN, on_event, listener);
    return TRUE;
}

static void listener_stop(Listener *listener)
{
    if (listener->fd < 0)
        return;
    if (listener->pause)
        g_source_remove(listener->pause);
    ccw_poll_remove(listener->watch);
    close(listener->fd);
    if (listener->path)
        unlink(listener->path);
    listener->fd = -1;
}

void ccw_server_free(CcwServer *server)
{
    for (guint i = 0; i < G_N_ELEMENTS(server->listeners); i++) {
        listener_stop(&server->listeners[i]);
        g_free(server->listeners[i].path);
        g_free(server->listeners[i].backend);
    }
    g_hash_table_unref(server->connections);
    g_hash_table_unref(server->logins);
    g_free(server);
}

CcwServer *ccw_server_new(const CcwServices *services, const CcwSettings *settings, const CcwPlaces *places,
                          GError **error)
{
    CcwServer *server = g_new0(CcwServer, 1);

    server->services = services;
    server->settings = settings;
    server->connections = g_hash_table_new(NULL, NULL);
    server->logins = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(server->listeners); i++)
        server->listeners[i] =
            (Listener){ .server = server, .readonly = i != 0, .auth = settings->auth_unix[i], .fd = -1 };
    if (listener_start(server, FALSE, places, error) && listener_start(server, TRUE, places, error))
        return server;
    ccw_server_free(server);
    return NULL;
}

void ccw_server_stop(CcwServer *server, void (*stopped)(gpointer data), gpointer data)
{
    g_autoptr(GList) connections = g_hash_table_get_keys(server->connections);
    g_autoptr(GList) logins = g_hash_table_get_keys(server->logins);

    for (guint i = 0; i < G_N_ELEMENTS(server->listeners); i++)
        listener_stop(&server->listeners[i]);
    for (GList *item = logins; item; item = item->next)
        ccw_login_close(item->data);
    for (GList *item = connections; item; item = item->next)
        ccw_connection_close(item->data);
    server->stopped = stopped;
    server->data = data;
    if (g_hash_table_size(server->connections) + g_hash_table_size(server->logins) == 0)
        stopped(data);
}
