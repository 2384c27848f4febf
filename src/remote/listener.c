/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/listener.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/log.h"
#include "util/timer.h"

#define ACCEPT_PAUSE_MS 100
#define ACCEPTS_MAX 64 /* maximum in one turn: root must not wait for many other clients in the queue of the socket */

struct _RemoteListener {
    RpcPoll *poll;
    char *path; /* NULL: another process made the socket */
    int fd;
    RpcPollWatch *watch;
    guint pause; /* timer of a pause, because the process had no descriptors left; or 0 */
    gboolean is_full;
    RemoteListenerFunc func;
    gpointer data;
};

static void on_event(guint32 events, gpointer data);

RemoteListener *remote_listener_new_for_fd(RpcPoll *poll, int fd, RemoteListenerFunc func, gpointer data)
{
    RemoteListener *listener = g_new0(RemoteListener, 1);

    ccw_fd_reject_fds(fd, TRUE); /* a client cannot send any before it is accepted, either */
    *listener = (RemoteListener){ .poll = poll, .fd = fd, .func = func, .data = data };
    listener->watch = rpc_poll_add(poll, fd, EPOLLIN, on_event, listener);
    return listener;
}

RemoteListener *remote_listener_new(RpcPoll *poll, const char *path, const RpcSocketAccess *access,
                                    RemoteListenerFunc func, gpointer data, GError **error)
{
    int fd = rpc_socket_listen(path, access, error);
    RemoteListener *listener = fd >= 0 ? remote_listener_new_for_fd(poll, fd, func, data) : NULL;

    if (listener)
        listener->path = g_strdup(path);
    return listener;
}

void remote_listener_free(RemoteListener *listener)
{
    if (!listener)
        return;
    if (listener->pause)
        ccw_timer_remove(listener->pause);
    rpc_poll_remove(listener->watch);
    close(listener->fd);
    if (listener->path)
        unlink(listener->path);
    g_free(listener->path);
    g_free(listener);
}

static void update(RemoteListener *listener)
{
    rpc_poll_set(listener->watch, listener->is_full || listener->pause ? 0 : EPOLLIN);
}

void remote_listener_set_full(RemoteListener *listener, gboolean is_full)
{
    listener->is_full = is_full;
    update(listener);
}

static gboolean end_pause(gpointer data)
{
    RemoteListener *listener = data;

    listener->pause = 0;
    update(listener);
    return G_SOURCE_REMOVE;
}

/* Stops accepting clients for a moment. */
static void begin_pause(RemoteListener *listener, const char *why)
{
    static CcwLogLimit limit;

    ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "a client has to wait: %s", why);
    listener->pause = ccw_timer_add(ACCEPT_PAUSE_MS, end_pause, listener);
    update(listener);
}

/* Returns: FALSE if no client waits, or if the next one has to wait. */
static gboolean accept_one(RemoteListener *listener)
{
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        ccw_fd_reject_fds(fd, TRUE);
        listener->func(fd, listener->data);
        return !listener->is_full && !listener->pause;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        begin_pause(listener, g_strerror(errno));
    return FALSE;
}

static void on_event(guint32 events, gpointer data)
{
    RemoteListener *listener = data;

    if (events & RPC_POLL_FAILED) {
        rpc_poll_remove(listener->watch);
        listener->watch = rpc_poll_add(listener->poll, listener->fd, 0, on_event, listener);
        if (!listener->pause)
            begin_pause(listener, "the socket cannot be watched");
        return;
    }
    for (guint i = 0; i < ACCEPTS_MAX && accept_one(listener); i++)
        ;
}
