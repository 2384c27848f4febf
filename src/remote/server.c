/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/server.h"

#include <errno.h>
#include <grp.h>
#include <libvirt/virterror.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "remote/limits.h"
#include "remote/login.h"
#include "remote/queue.h"
#include "remote/refusal.h"
#include "rpc/socket.h"
#include "util/error.h"
#include "util/log.h"

#define ACCEPT_PAUSE_MS 100
#define ACCEPTS_MAX 64 /* in a turn: root must not wait behind many others in the queue of the socket */
/* A client is connected to libvirt when the queue of its socket has room, tried that often, and that long. */
#define CONNECT_RETRY_MS 20
#define CONNECT_WAIT (30 * G_TIME_SPAN_SECOND)
#define NO_UID ((uid_t)-1) /* of a client whose credentials cannot be read */

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

/* A client from its accept to its end. */
typedef struct {
    Listener *listener;
    CcwUser *user;
    int fd;          /* until it is served; then -1 */
    CcwPeer *peer;   /* likewise */
    CcwPlace *place; /* in the queue in which it waits; or NULL */
    gint64 until;    /* it waits to be connected to libvirt */
} Client;

struct _CcwServer {
    const CcwServices *services;
    const CcwSettings *settings;
    CcwLimits *limits;
    Listener listeners[2];
    GHashTable *connections; /* CcwConnection -> Client */
    GHashTable *logins;      /* CcwLogin -> Client */
    CcwQueue *waiting;       /* Client: may authenticate itself when another login has ended */
    CcwQueue *connecting;    /* Client: libvirt's queue was full */
    guint connect_timer;     /* tries them again; or 0 */
    gboolean full;           /* no client is accepted until another one goes */
    void (*stopped)(gpointer data);
    gpointer data;
};

/* As libvirtd does it: who comes while there are too many waits in the queue of the socket. */
static void check_limits(CcwServer *server)
{
    static CcwLogLimit limit;
    gboolean full = ccw_limits_clients(server->limits) >= ccw_limits_max_clients(server->limits);

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

static void client_free(Client *client)
{
    if (client->fd >= 0)
        ccw_limits_hang_up(client->user->limits, client->user->uid, client->fd);
    ccw_peer_free(client->peer);
    ccw_user_remove_client(client->user);
    g_free(client);
}

static void start_waiting(Client *client, CcwQueue *queue)
{
    client->place = ccw_queue_add(queue, client->user->uid, client->fd, client);
}

static void stop_waiting(Client *client)
{
    if (client->place)
        ccw_queue_remove(g_steal_pointer(&client->place));
}

static void drop_waiting(CcwQueue *queue)
{
    Client *client;

    while ((client = ccw_queue_remove_any(queue)))
        client_free(client);
}

static guint count_clients(const CcwServer *server)
{
    return g_hash_table_size(server->connections) + g_hash_table_size(server->logins);
}

static void client_went(CcwServer *server)
{
    if (!server->stopped)
        check_limits(server);
    else if (count_clients(server) == 0)
        server->stopped(server->data);
}

/* A client that goes while it waits must not keep its descriptor, or have its turn. */
static void waiting_client_went(gpointer data)
{
    Client *client = data;
    CcwServer *server = client->listener->server;

    client_free(client);
    client_went(server);
}

static void connection_ended(CcwConnection *connection, gpointer data)
{
    CcwServer *server = data;
    Client *client = g_hash_table_lookup(server->connections, connection);

    g_hash_table_remove(server->connections, connection);
    client_free(client);
    client_went(server);
}

/* Takes client. */
static void refuse(Client *client, gint32 code, const GError *error)
{
    CcwServer *server = client->listener->server;

    ccw_refuse(server->services->poll, server->limits, client->user->uid, client->fd, code, error->message);
    client->fd = -1;
    client_free(client);
}

/* FALSE: libvirt's queue is full, and nothing happens. Else takes client. */
static gboolean let_in(gpointer data)
{
    static CcwLogLimit limit;
    Client *client = data;
    Listener *listener = client->listener;
    CcwServer *server = listener->server;
    g_autoptr(GError) error = NULL;
    int backend = ccw_socket_connect(listener->backend, "libvirt behind virtccwd", &error);
    CcwConnection *connection;

    if (g_error_matches(error, CCW_ERROR, CCW_ERROR_BUSY) && g_get_monotonic_time() < client->until)
        return FALSE;
    stop_waiting(client);
    if (backend < 0) {
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "%s", error->message);
        refuse(client, VIR_ERR_SYSTEM_ERROR, error);
        return TRUE;
    }
    if (!listener->readonly) /* by which no call comes that has descriptors */
        ccw_fd_refuse_fds(client->fd, FALSE);
    connection = ccw_connection_new(server->services, client->fd, backend, g_steal_pointer(&client->peer),
                                    connection_ended, server);
    client->fd = -1;
    g_hash_table_insert(server->connections, connection, client);
    if (listener->readonly)
        ccw_connection_set_readonly(connection);
    ccw_connection_start(connection, client->user);
    return TRUE;
}

static gboolean connect_again(gpointer data)
{
    CcwServer *server = data;

    while (ccw_queue_serve(server->connecting, let_in))
        ;
    if (ccw_queue_is_empty(server->connecting))
        server->connect_timer = 0;
    client_went(server);
    return server->connect_timer != 0;
}

/* Behind those that wait already, but for root. Takes client. */
static void let_in_in_turn(Client *client)
{
    CcwServer *server = client->listener->server;

    client->until = g_get_monotonic_time() + CONNECT_WAIT;
    if ((client->user->uid == 0 || ccw_queue_is_empty(server->connecting)) && let_in(client))
        return;
    start_waiting(client, server->connecting);
    if (!server->connect_timer)
        server->connect_timer = g_timeout_add(CONNECT_RETRY_MS, connect_again, server);
}

static gboolean begin_login(gpointer data);

static void login_ended(CcwLogin *login, int fd, CcwPeer *peer, gpointer data)
{
    CcwServer *server = data;
    Client *client = g_hash_table_lookup(server->logins, login);

    g_hash_table_remove(server->logins, login);
    ccw_user_end_login(client->user);
    client->fd = fd;
    client->peer = peer;
    if (fd >= 0)
        let_in_in_turn(client);
    else
        client_free(client);
    if (!server->stopped)
        ccw_queue_serve(server->waiting, begin_login); /* there is room for one more */
    client_went(server);
}

/* FALSE: there are too many logins, and nothing happens. Else takes client. */
static gboolean begin_login(gpointer data)
{
    Client *client = data;
    CcwServer *server = client->listener->server;
    int fd = client->fd;
    CcwLogin *login;

    if (!ccw_user_begin_login(client->user))
        return FALSE;
    stop_waiting(client);
    client->fd = -1;
    login = ccw_login_new(server->services->poll, server->limits, fd, g_steal_pointer(&client->peer),
                          client->listener->readonly, login_ended, server);
    g_hash_table_insert(server->logins, login, client);
    return TRUE;
}

static gboolean needs_login(const Listener *listener, uid_t uid)
{
    return listener->auth != CCW_AUTH_NONE && uid != 0;
}

/* A client that has hung up, or writes nothing any more, cannot authenticate itself. */
static gboolean has_gone(int fd)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLRDHUP };

    return poll(&poll_fd, 1, 0) > 0;
}

/* NULL: the client has gone or is refused, or there is no room to say so. A user who has no room costs little. */
static Client *admit(Listener *listener, int fd)
{
    static CcwLogLimit limit;
    CcwServer *server = listener->server;
    g_autoptr(GError) error = NULL;
    uid_t uid = NO_UID;
    gboolean is_known = ccw_peer_uid(fd, &uid, &error);
    CcwUser *user = NULL;
    CcwPeer *peer;
    Client *client;

    if (is_known && needs_login(listener, uid) && has_gone(fd)) {
        ccw_limits_hang_up(server->limits, uid, fd);
        return NULL;
    }
    if (is_known)
        user = ccw_limits_add_client(server->limits, uid, &error);
    peer = user ? ccw_peer_new(fd, &error) : NULL;
    if (!peer) {
        ccw_log_limited(&limit, G_LOG_LEVEL_MESSAGE, "a client is refused: %s", error->message);
        ccw_refuse(server->services->poll, server->limits, uid, fd, user ? VIR_ERR_AUTH_FAILED : VIR_ERR_RPC,
                   error->message);
        if (user)
            ccw_user_remove_client(user);
        return NULL;
    }
    client = g_new0(Client, 1);
    *client = (Client){ listener, user, fd, peer };
    return client;
}

static void serve(Listener *listener, int fd)
{
    CcwServer *server = listener->server;
    Client *client = admit(listener, fd);

    if (!client)
        return;
    if (!needs_login(listener, client->user->uid)) {
        let_in_in_turn(client);
    } else if (!begin_login(client)) {
        g_debug("process %d of user %u waits for a login to end", client->peer->pid, client->peer->uid);
        start_waiting(client, server->waiting);
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

/* Tries again a bit later. */
static void pause_listener(Listener *listener, const char *why)
{
    static CcwLogLimit limit;

    ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "a client has to wait: %s", why);
    listener->pause = g_timeout_add(ACCEPT_PAUSE_MS, accept_again, listener);
    check_limits(listener->server);
}

/* FALSE: no client waits, or the next one has to wait. */
static gboolean accept_one(Listener *listener)
{
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        ccw_fd_refuse_fds(fd, TRUE);
        serve(listener, fd);
        return !listener->server->full && !listener->pause;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        pause_listener(listener, g_strerror(errno));
    return FALSE;
}

static void on_event(guint32 events, gpointer data)
{
    Listener *listener = data;

    if (events & CCW_POLL_FAILED) {
        ccw_poll_remove(listener->watch);
        listener->watch = ccw_poll_add(listener->server->services->poll, listener->fd, 0, on_event, listener);
        if (!listener->pause)
            pause_listener(listener, "the socket cannot be watched");
        return;
    }
    for (guint i = 0; i < ACCEPTS_MAX && accept_one(listener); i++)
        ;
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
    if (listener->fd < 0)
        return TRUE;
    ccw_fd_refuse_fds(listener->fd, TRUE); /* also from a client that is not accepted yet */
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
    ccw_queue_free(server->waiting);
    ccw_queue_free(server->connecting);
    g_hash_table_unref(server->connections);
    g_hash_table_unref(server->logins);
    ccw_limits_free(server->limits);
    g_free(server);
}

static guint find_fd_limit(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= G_MAXINT ? (guint)limit.rlim_cur : G_MAXINT;
}

CcwServer *ccw_server_new(const CcwServices *services, const CcwSettings *settings, const CcwPlaces *places,
                          GError **error)
{
    CcwServer *server = g_new0(CcwServer, 1);

    server->services = services;
    server->settings = settings;
    server->waiting = ccw_queue_new(services->poll, waiting_client_went);
    server->connecting = ccw_queue_new(services->poll, waiting_client_went);
    server->limits = ccw_limits_new(services->workers, find_fd_limit(), ccw_limits_find_memory(), settings->max_clients,
                                    settings->max_user_clients, settings->max_anonymous_clients);
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
    drop_waiting(server->waiting);
    drop_waiting(server->connecting);
    g_clear_handle_id(&server->connect_timer, g_source_remove);
    for (GList *item = logins; item; item = item->next)
        ccw_login_close(item->data);
    for (GList *item = connections; item; item = item->next)
        ccw_connection_close(item->data);
    server->stopped = stopped;
    server->data = data;
    if (count_clients(server) == 0)
        stopped(data);
}
