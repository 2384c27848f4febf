/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/ccw-server.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "remote/ccw-refusal.h"
#include "util/ccw-error.h"

#define BACKLOG 128
#define ACCEPT_PAUSE_MS 100

typedef struct {
    CcwServer *server;
    char *path;
    char *backend;
    int fd;
    CcwPollWatch *watch;
    guint pause; /* a timer: no descriptors were left */
} Listener;

struct _CcwServer {
    const CcwServices *services;
    Listener listeners[2];
    GHashTable *connections; /* a set */
    void (*stopped)(gpointer data);
    gpointer data;
};

static gboolean make_address(const char *path, struct sockaddr_un *ret_address, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof(address.sun_path)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "%s is too long for a socket's path, which has at most %zu bytes", path,
                    sizeof(address.sun_path) - 1);
        return FALSE;
    }
    strcpy(address.sun_path, path);
    *ret_address = address;
    return TRUE;
}

/* A connected socket that does not block, or -1. */
static int connect_to(const char *path, GError **error)
{
    struct sockaddr_un address;
    int fd;

    if (!make_address(path, &address, error))
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    ccw_error_set_errno(error, errno, "cannot connect to libvirt behind virtccwd at %s", path);
    if (fd >= 0)
        close(fd);
    return -1;
}

static void connection_ended(CcwConnection *connection, gpointer data)
{
    CcwServer *server = data;

    g_hash_table_remove(server->connections, connection);
    if (server->stopped && g_hash_table_size(server->connections) == 0)
        server->stopped(server->data);
}

static void let_in(Listener *listener, int fd)
{
    CcwServer *server = listener->server;
    g_autoptr(GError) error = NULL;
    int backend = connect_to(listener->backend, &error);

    if (backend < 0) {
        g_warning("%s", error->message);
        ccw_refuse(server->services->poll, fd, VIR_ERR_SYSTEM_ERROR, error->message);
        return;
    }
    g_hash_table_add(server->connections, ccw_connection_new(server->services, fd, backend, connection_ended, server));
}

static void refuse_user(Listener *listener, int fd, const struct ucred *peer)
{
    g_autofree char *message =
        g_strdup_printf("virtccwd serves root only, not user %u: run this as root, or connect to libvirt itself with "
                        "'?socket=%s' in the URI, which does not know ccw devices",
                        peer->uid, listener->backend);

    g_message("refused process %d of user %u", peer->pid, peer->uid);
    ccw_refuse(listener->server->services->poll, fd, VIR_ERR_AUTH_FAILED, message);
}

static void serve(Listener *listener, int fd)
{
    struct ucred peer;
    socklen_t length = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) {
        g_warning("a client without credentials: %s", g_strerror(errno));
        close(fd);
    } else if (peer.uid == 0) {
        let_in(listener, fd);
    } else {
        refuse_user(listener, fd, &peer);
    }
}

static gboolean accept_again(gpointer data)
{
    Listener *listener = data;

    listener->pause = 0;
    ccw_poll_set(listener->watch, EPOLLIN);
    return G_SOURCE_REMOVE;
}

static void on_event(guint32 events G_GNUC_UNUSED, gpointer data)
{
    Listener *listener = data;
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        serve(listener, fd);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        g_warning("a client has to wait: %s", g_strerror(errno));
        ccw_poll_set(listener->watch, 0);
        listener->pause = g_timeout_add(ACCEPT_PAUSE_MS, accept_again, listener);
    }
}

/* A socket file that nobody listens on is left from a virtccwd that was killed. */
static gboolean remove_stale(const char *path, GError **error)
{
    struct stat st;
    int fd;

    if (lstat(path, &st) < 0)
        return TRUE;
    if (!S_ISSOCK(st.st_mode)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "%s is in the way: it is not a socket", path);
        return FALSE;
    }
    fd = connect_to(path, NULL);
    if (fd >= 0) {
        close(fd);
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "somebody listens on %s already: stop it, or move its sockets (unix_sock_dir in libvirtd.conf)",
                    path);
        return FALSE;
    }
    unlink(path);
    return TRUE;
}

static int listen_on(const char *path, GError **error)
{
    struct sockaddr_un address;
    int fd;

    if (!make_address(path, &address, error) || !remove_stale(path, error))
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* Everybody may connect: whom we do not serve gets to know why. */
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && chmod(path, 0777) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    ccw_error_set_errno(error, errno, "cannot listen on %s", path);
    if (fd >= 0)
        close(fd);
    return -1;
}

static gboolean listener_start(CcwServer *server, Listener *listener, const char *name, const char *socket_dir,
                               const char *backend_dir, GError **error)
{
    listener->server = server;
    listener->backend = g_build_filename(backend_dir, name, NULL);
    listener->path = g_build_filename(socket_dir, name, NULL);
    listener->fd = listen_on(listener->path, error);
    if (listener->fd < 0)
        return FALSE;
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
    g_free(server);
}

CcwServer *ccw_server_new(const CcwServices *services, const char *socket_dir, const char *backend_dir, GError **error)
{
    CcwServer *server = g_new0(CcwServer, 1);

    server->services = services;
    server->connections = g_hash_table_new(NULL, NULL);
    server->listeners[0].fd = server->listeners[1].fd = -1;
    if (listener_start(server, &server->listeners[0], CCW_SOCKET, socket_dir, backend_dir, error) &&
        listener_start(server, &server->listeners[1], CCW_SOCKET_RO, socket_dir, backend_dir, error))
        return server;
    ccw_server_free(server);
    return NULL;
}

void ccw_server_stop(CcwServer *server, void (*stopped)(gpointer data), gpointer data)
{
    g_autoptr(GList) connections = g_hash_table_get_keys(server->connections);

    for (guint i = 0; i < G_N_ELEMENTS(server->listeners); i++)
        listener_stop(&server->listeners[i]);
    for (GList *item = connections; item; item = item->next)
        ccw_connection_close(item->data);
    server->stopped = stopped;
    server->data = data;
    if (g_hash_table_size(server->connections) == 0)
        stopped(data);
}
