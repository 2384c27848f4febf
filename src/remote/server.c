/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/server.h"

#include <grp.h>
#include <libvirt/virterror.h>
#include <poll.h>
#include <sys/resource.h>

#include "remote/limits.h"
#include "remote/listener.h"
#include "remote/login.h"
#include "remote/queue.h"
#include "remote/reject.h"
#include "remote/relay.h"
#include "rpc/socket.h"
#include "util/error.h"
#include "util/log.h"
#include "util/timer.h"

/*
 * If the queue of libvirt's socket is full, virtccwd tries to connect the client again: at this interval, for this
 * time.
 */
#define CONNECT_RETRY_MS 20
#define CONNECT_WAIT (30 * G_TIME_SPAN_SECOND)
#define NO_UID ((uid_t)-1) /* user of a client whose credentials virtccwd cannot read */

/* One of the two sockets of virtccwd. */
typedef struct {
    RemoteServer *server;
    gboolean is_readonly;
    RemoteAuth auth;
    char *backend;            /* libvirt's socket of the same name */
    RemoteListener *listener; /* NULL: systemd has not handed this socket over, or the socket is closed */
} Socket;

/* A client, from the moment it is accepted to its end. */
typedef struct {
    Socket *socket;
    RemoteUser *user;
    int fd;                       /* the socket while the client waits; then -1 */
    RemoteClientProcess *process; /* its identity while the client waits; then NULL */
    RemoteQueued *entry;          /* its entry in a queue; NULL: it does not wait */
    gint64 until;                 /* time until which it waits for a connection to libvirt */
} Client;

struct _RemoteServer {
    const RemoteServices *services;
    const RemoteSettings *settings;
    RemoteLimits *limits;
    Socket sockets[2];
    GHashTable *connections; /* RemoteConnection -> Client */
    GHashTable *logins;      /* RemoteLogin -> Client */
    RemoteQueue *waiting;    /* Client: waits for another login to end */
    RemoteQueue *connecting; /* Client: waits because the queue of libvirt's socket was full */
    guint connect_timer;     /* timer that serves connecting; or 0 */
    gboolean full;           /* virtccwd accepts no client until another one leaves */
    void (*stopped)(gpointer data);
    gpointer data;
};

/*
 * Stops accepting clients while there are too many. Like libvirtd, virtccwd lets them wait in the queue of the socket.
 */
static void check_limits(RemoteServer *server)
{
    static CcwLogLimit limit;
    gboolean full = remote_limits_clients(server->limits) >= remote_limits_max_clients(server->limits);

    if (full != server->full)
        ccw_log_limited(&limit, G_LOG_LEVEL_MESSAGE, "%s",
                        full ? "too many clients: new clients wait" : "new clients no longer wait");
    server->full = full;
    for (guint i = 0; i < G_N_ELEMENTS(server->sockets); i++)
        if (server->sockets[i].listener)
            remote_listener_set_full(server->sockets[i].listener, full);
}

static void client_free(Client *client)
{
    if (client->fd >= 0)
        remote_limits_hang_up(client->user->limits, client->user->uid, client->fd);
    remote_client_process_free(client->process);
    remote_user_remove_client(client->user);
    g_free(client);
}

static void start_waiting(Client *client, RemoteQueue *queue)
{
    client->entry = remote_queue_add(queue, client->user->uid, client->fd, client);
}

static void stop_waiting(Client *client)
{
    if (client->entry)
        remote_queue_remove(g_steal_pointer(&client->entry));
}

static void drop_waiting(RemoteQueue *queue)
{
    Client *client;

    while ((client = remote_queue_remove_any(queue)))
        client_free(client);
}

static guint count_clients(const RemoteServer *server)
{
    return g_hash_table_size(server->connections) + g_hash_table_size(server->logins);
}

static void client_went(RemoteServer *server)
{
    if (!server->stopped)
        check_limits(server);
    else if (count_clients(server) == 0)
        server->stopped(server->data);
}

/* Frees a client that leaves while it waits, so that it neither keeps its descriptor nor gets its turn. */
static void waiting_client_went(gpointer data)
{
    Client *client = data;
    RemoteServer *server = client->socket->server;

    client_free(client);
    client_went(server);
}

static void connection_ended(RemoteConnection *connection, gpointer data)
{
    RemoteServer *server = data;
    Client *client = g_hash_table_lookup(server->connections, connection);

    g_hash_table_remove(server->connections, connection);
    client_free(client);
    client_went(server);
}

/* Takes ownership of @client. */
static void reject(Client *client, gint32 code, const GError *error)
{
    RemoteServer *server = client->socket->server;

    remote_reject(server->services->poll, server->limits, client->user->uid, client->fd, code, error->message);
    client->fd = -1;
    client_free(client);
}

/*
 * Connects a client to libvirt. Returns: FALSE, without an effect, if the queue of libvirt's socket is full; otherwise
 * owns the client.
 */
static gboolean let_in(gpointer data)
{
    static CcwLogLimit limit;
    Client *client = data;
    Socket *sock = client->socket;
    RemoteServer *server = sock->server;
    g_autoptr(GError) error = NULL;
    int backend = rpc_socket_connect(sock->backend, "libvirt behind virtccwd", &error);
    RemoteConnection *connection;

    if (g_error_matches(error, CCW_ERROR, CCW_ERROR_BUSY) && g_get_monotonic_time() < client->until)
        return FALSE;
    stop_waiting(client);
    if (backend < 0) {
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "%s", error->message);
        reject(client, VIR_ERR_SYSTEM_ERROR, error);
        return TRUE;
    }
    if (!sock->is_readonly) /* no call with descriptors arrives on the read-only socket */
        ccw_fd_reject_fds(client->fd, FALSE);
    connection = remote_connection_new(server->services, &remote_relay_ops, client->fd, backend,
                                       g_steal_pointer(&client->process), connection_ended, server);
    client->fd = -1;
    g_hash_table_insert(server->connections, connection, client);
    if (sock->is_readonly)
        remote_connection_set_readonly(connection);
    remote_connection_start(connection, client->user);
    return TRUE;
}

static gboolean connect_again(gpointer data)
{
    RemoteServer *server = data;

    while (remote_queue_serve(server->connecting, let_in))
        ;
    if (remote_queue_is_empty(server->connecting))
        server->connect_timer = 0;
    client_went(server);
    return server->connect_timer != 0;
}

/*
 * Connects a client to libvirt after the clients that wait already; root does not wait for them. Takes ownership of
 * @client.
 */
static void let_in_in_turn(Client *client)
{
    RemoteServer *server = client->socket->server;

    client->until = g_get_monotonic_time() + CONNECT_WAIT;
    if ((client->user->uid == 0 || remote_queue_is_empty(server->connecting)) && let_in(client))
        return;
    start_waiting(client, server->connecting);
    if (!server->connect_timer)
        server->connect_timer = ccw_timer_add(CONNECT_RETRY_MS, connect_again, server);
}

static gboolean begin_login(gpointer data);

static void login_ended(RemoteLogin *login, int fd, RemoteClientProcess *process, gpointer data)
{
    RemoteServer *server = data;
    Client *client = g_hash_table_lookup(server->logins, login);

    g_hash_table_remove(server->logins, login);
    remote_user_end_login(client->user);
    client->fd = fd;
    client->process = process;
    if (fd >= 0)
        let_in_in_turn(client);
    else
        client_free(client);
    if (!server->stopped)
        remote_queue_serve(server->waiting, begin_login); /* one more client may authenticate itself */
    client_went(server);
}

/*
 * Begins a client's login. Returns: FALSE, without an effect, if there are too many logins; otherwise owns the client.
 */
static gboolean begin_login(gpointer data)
{
    Client *client = data;
    RemoteServer *server = client->socket->server;
    int fd = client->fd;
    RemoteLogin *login;

    if (!remote_user_begin_login(client->user))
        return FALSE;
    stop_waiting(client);
    client->fd = -1;
    login = remote_login_new(server->services->poll, server->limits, fd, g_steal_pointer(&client->process),
                             client->socket->is_readonly, login_ended, server);
    g_hash_table_insert(server->logins, login, client);
    return TRUE;
}

static gboolean needs_login(const Socket *sock, uid_t uid)
{
    return sock->auth != REMOTE_AUTH_NONE && uid != 0;
}

/* Returns: whether the client has hung up or shut down its end, so that it cannot authenticate itself. */
static gboolean has_gone(int fd)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLRDHUP };

    return poll(&poll_fd, 1, 0) > 0;
}

/*
 * Counts a new client. Returns: NULL if the client has left, or if virtccwd rejects or drops it. A rejection costs
 * little for a user who has no room.
 */
static Client *admit(Socket *sock, int fd)
{
    static CcwLogLimit limit;
    RemoteServer *server = sock->server;
    g_autoptr(GError) error = NULL;
    uid_t uid = NO_UID;
    gboolean is_known = remote_client_process_uid(fd, &uid, &error);
    RemoteUser *user = NULL;
    RemoteClientProcess *process;
    Client *client;

    if (is_known && needs_login(sock, uid) && has_gone(fd)) {
        remote_limits_hang_up(server->limits, uid, fd);
        return NULL;
    }
    if (is_known)
        user = remote_limits_add_client(server->limits, uid, &error);
    process = user ? remote_client_process_new(fd, &error) : NULL;
    if (!process) {
        ccw_log_limited(&limit, G_LOG_LEVEL_MESSAGE, "a client is rejected: %s", error->message);
        remote_reject(server->services->poll, server->limits, uid, fd, user ? VIR_ERR_AUTH_FAILED : VIR_ERR_RPC,
                      error->message);
        if (user)
            remote_user_remove_client(user);
        return NULL;
    }
    client = g_new0(Client, 1);
    *client = (Client){ sock, user, fd, process };
    return client;
}

static void on_client(int fd, gpointer data)
{
    Socket *sock = data;
    RemoteServer *server = sock->server;
    Client *client = admit(sock, fd);

    if (!client)
        return;
    if (!needs_login(sock, client->user->uid)) {
        let_in_in_turn(client);
    } else if (!begin_login(client)) {
        g_debug("process %d of user %u waits for a login to end", client->process->pid, client->process->uid);
        start_waiting(client, server->waiting);
    }
    check_limits(server);
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

static RemoteListener *make_listener(Socket *sock, const char *dir, const char *name, GError **error)
{
    const RemoteSettings *settings = sock->server->settings;
    RpcSocketAccess access = { .perms = settings->unix_sock_perms[sock->is_readonly],
                               .queue = settings->max_queued_clients };
    g_autofree char *path = g_build_filename(dir, name, NULL);

    if (!find_group(settings->unix_sock_group, &access.group, error))
        return NULL;
    return remote_listener_new(sock->server->services->poll, path, &access, on_client, sock, error);
}

static gboolean open_socket(RemoteServer *server, gboolean is_readonly, const RemoteServerPaths *paths, GError **error)
{
    Socket *sock = &server->sockets[is_readonly];
    gboolean is_inherited = paths->inherited[FALSE] >= 0 || paths->inherited[TRUE] >= 0;
    g_autofree char *name = g_strconcat(paths->socket_name, is_readonly ? "-ro" : "", NULL);

    sock->backend = g_build_filename(paths->backend_dir, name, NULL);
    if (!is_inherited)
        sock->listener = make_listener(sock, paths->socket_dir, name, error);
    else if (paths->inherited[is_readonly] >= 0)
        sock->listener =
            remote_listener_new_for_fd(server->services->poll, paths->inherited[is_readonly], on_client, sock);
    return is_inherited || sock->listener;
}

void remote_server_free(RemoteServer *server)
{
    for (guint i = 0; i < G_N_ELEMENTS(server->sockets); i++) {
        g_clear_pointer(&server->sockets[i].listener, remote_listener_free);
        g_free(server->sockets[i].backend);
    }
    remote_queue_free(server->waiting);
    remote_queue_free(server->connecting);
    g_hash_table_unref(server->connections);
    g_hash_table_unref(server->logins);
    remote_limits_free(server->limits);
    g_free(server);
}

static guint find_fd_limit(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= G_MAXINT ? (guint)limit.rlim_cur : G_MAXINT;
}

RemoteServer *remote_server_new(const RemoteServices *services, const RemoteSettings *settings,
                                const RemoteServerPaths *paths, GError **error)
{
    RemoteServer *server = g_new0(RemoteServer, 1);

    server->services = services;
    server->settings = settings;
    server->waiting = remote_queue_new(services->poll, waiting_client_went);
    server->connecting = remote_queue_new(services->poll, waiting_client_went);
    server->limits =
        remote_limits_new(services->workers, find_fd_limit(), remote_limits_find_memory(), settings->max_clients,
                          settings->max_user_clients, settings->max_anonymous_clients);
    server->connections = g_hash_table_new(NULL, NULL);
    server->logins = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(server->sockets); i++)
        server->sockets[i] = (Socket){ .server = server, .is_readonly = i != 0, .auth = settings->auth_unix[i] };
    if (open_socket(server, FALSE, paths, error) && open_socket(server, TRUE, paths, error))
        return server;
    remote_server_free(server);
    return NULL;
}

void remote_server_stop(RemoteServer *server, void (*stopped)(gpointer data), gpointer data)
{
    g_autoptr(GList) connections = g_hash_table_get_keys(server->connections);
    g_autoptr(GList) logins = g_hash_table_get_keys(server->logins);

    for (guint i = 0; i < G_N_ELEMENTS(server->sockets); i++)
        g_clear_pointer(&server->sockets[i].listener, remote_listener_free);
    drop_waiting(server->waiting);
    drop_waiting(server->connecting);
    g_clear_handle_id(&server->connect_timer, ccw_timer_remove);
    for (GList *item = logins; item; item = item->next)
        remote_login_close(item->data);
    for (GList *item = connections; item; item = item->next)
        remote_connection_close(item->data);
    server->stopped = stopped;
    server->data = data;
    if (count_clients(server) == 0)
        stopped(data);
}
