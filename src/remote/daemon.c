/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/daemon.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hostdev/manager.h"
#include "hostdev/watcher.h"
#include "remote/activation.h"
#include "remote/connection.h"
#include "remote/hook-check.h"
#include "remote/polkit.h"
#include "remote/raised.h"
#include "remote/server.h"
#include "remote/workers.h"
#include "rpc/poll.h"
#include "util/error.h"
#include "util/timer.h"

/* After a signal, virtccwd waits this long for running attaches. The next virtccwd finds the others in the journal. */
#define STOP_SECONDS 10
/* Then it waits this long for other work, such as a close(2) of a descriptor from a client. */
#define WORK_TIMEOUT G_TIME_SPAN_SECOND

/* What the worker threads use. The last of them frees it, because work may outlive the main loop. */
typedef struct {
    RemoteServices services;
    HostdevWatcher *watcher;
} Shared;

typedef struct {
    GMainLoop *loop;
    RemoteServer *server; /* NULL: it does not listen */
    Shared *shared;
    guint stop_timer;    /* source id of on_stop_timeout(), or 0 */
    gboolean is_stopped; /* all clients' connections have ended */
} Daemon;

/* Each client needs two descriptors. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        g_warning("cannot raise the limit of open files: %s", g_strerror(errno));
}

static gboolean say_ready(gint fd, GError **error)
{
    remote_activation_notify("READY=1");
    if (fd < 0)
        return TRUE;
    if (write(fd, "\n", 1) != 1) {
        ccw_error_set_errno(error, errno, "cannot write to file descriptor %d of --ready-fd", fd);
        return FALSE;
    }
    close(fd);
    return TRUE;
}

static void on_stopped(gpointer data)
{
    Daemon *daemon = data;

    daemon->is_stopped = TRUE;
    g_clear_handle_id(&daemon->stop_timer, ccw_timer_remove);
    g_main_loop_quit(daemon->loop);
}

static gboolean on_stop_timeout(gpointer data)
{
    Daemon *daemon = data;

    daemon->stop_timer = 0;
    g_warning("stopped in the middle of an attach: the next virtccwd completes or undoes it");
    g_main_loop_quit(daemon->loop);
    return G_SOURCE_REMOVE;
}

static gboolean on_signal(gpointer data)
{
    Daemon *daemon = data;

    if (daemon->stop_timer)
        return G_SOURCE_REMOVE; /* the other signal came first */
    remote_activation_notify("STOPPING=1");
    daemon->stop_timer = ccw_timer_add(STOP_SECONDS * 1000, on_stop_timeout, daemon);
    remote_server_stop(daemon->server, on_stopped, daemon);
    return G_SOURCE_REMOVE;
}

static void end_at_signal(Daemon *daemon, int number)
{
    g_autoptr(GSource) source = g_unix_signal_source_new(number);

    g_source_set_callback(source, on_signal, daemon, NULL);
    g_source_attach(source, g_main_context_get_thread_default());
}

static void kick(gpointer data)
{
    hostdev_watcher_kick(data);
}

static void start_failed(gpointer data)
{
    hostdev_watcher_start_failed(data);
}

static HostdevLive *query(gpointer data, GError **error)
{
    return hostdev_watcher_query(data, error);
}

static void wait_listed(gpointer data, const char *node)
{
    hostdev_watcher_wait_listed(data, node);
}

/* inherited: the sockets from systemd. */
static RemoteServer *start_server(const RemoteServices *services, const RemoteDaemonConfig *config,
                                  const int inherited[2], GError **error)
{
    RemoteServerPaths paths = {
        .socket_dir = config->socket_dir,
        .socket_name = config->socket_name,
        .backend_dir = config->backend_dir,
        .inherited = { inherited[0], inherited[1] },
    };

    return remote_server_new(services, config->settings, &paths, error);
}

static void check_hook(const char *hooks_dir, const char *backend)
{
    g_autofree char *complaint = remote_hook_check(hooks_dir, backend);

    if (complaint)
        g_warning("%s", complaint);
}

static void shared_free(gpointer data)
{
    Shared *shared = data;

    hostdev_watcher_unref(shared->watcher);
    hostdev_manager_unref(shared->services.manager);
    remote_raised_free(shared->services.raised);
    g_free(shared);
}

/* host: the manager frees it. */
static Shared *shared_new(CssHost *host, const char *backend)
{
    Shared *shared = g_new0(Shared, 1);
    RemoteServices *services = &shared->services;

    services->host = host;
    services->manager = hostdev_manager_new(host);
    services->raised = remote_raised_new();
    shared->watcher = hostdev_watcher_new(backend, services->manager);
    services->changed = kick;
    services->start_failed = start_failed;
    services->changed_data = shared->watcher;
    services->query = query;
    services->wait_listed = wait_listed;
    services->query_data = shared->watcher;
    return shared;
}

/* Starts the threads for @shared, which they own then. Returns: FALSE with an error, and @shared is freed. */
static gboolean start_threads(Shared *shared, GError **error)
{
    RemoteServices *services = &shared->services;
    GMainContext *context = g_main_context_get_thread_default();

    services->poll = rpc_poll_new(context, error);
    services->workers = services->poll ? remote_workers_new(context, error) : NULL;
    if (services->workers) {
        remote_workers_keep(services->workers, shared, shared_free);
        return TRUE;
    }
    g_clear_pointer(&services->poll, rpc_poll_free);
    shared_free(shared);
    return FALSE;
}

static gboolean start(Daemon *daemon, const RemoteDaemonConfig *config, const char *backend, const int inherited[2],
                      GError **error)
{
    const RemoteServices *services = &daemon->shared->services;
    const RemoteSettings *settings = config->settings;

    daemon->server = start_server(services, config, inherited, error);
    if (!daemon->server)
        return FALSE;
    if (settings->auth_unix[0] == REMOTE_AUTH_POLKIT || settings->auth_unix[1] == REMOTE_AUTH_POLKIT)
        remote_polkit_prepare(services->poll);
    check_hook(config->hooks_dir, backend);
    if (!hostdev_watcher_start(daemon->shared->watcher, error))
        return FALSE;
    end_at_signal(daemon, SIGTERM);
    end_at_signal(daemon, SIGINT);
    return say_ready(config->ready_fd, error);
}

static gboolean on_work_timeout(gpointer data)
{
    *(gboolean *)data = TRUE;
    return G_SOURCE_REMOVE;
}

/* The results of the work that closes the clients' descriptors use the server. Returns whether all have come. */
static gboolean wait_for_closes(RemoteWorkers *workers)
{
    gboolean is_late = FALSE;
    guint timer = ccw_timer_add(WORK_TIMEOUT / G_TIME_SPAN_MILLISECOND, on_work_timeout, &is_late);
    gboolean are_closed;

    while (!(are_closed = remote_workers_are_idle(workers, REMOTE_WORK_CLOSE) &&
                          remote_workers_are_idle(workers, REMOTE_WORK_HANG_UP)) &&
           !is_late)
        g_main_context_iteration(g_main_context_get_thread_default(), TRUE);
    if (!is_late)
        ccw_timer_remove(timer);
    return are_closed;
}

/*
 * Ends the threads and frees what they share. The connection of a client's unfinished call stays, and with it the
 * server and the poll, because a thread may still use them.
 */
static void end(Daemon *daemon)
{
    RemoteServices *services = &daemon->shared->services;
    RemoteWorkers *workers = services->workers;
    RpcPoll *poll = services->poll;

    hostdev_watcher_stop(daemon->shared->watcher);
    if (daemon->is_stopped && wait_for_closes(workers)) {
        g_clear_pointer(&daemon->server, remote_server_free);
        remote_polkit_end();
        rpc_poll_free(poll);
    }
    remote_workers_stop(workers, g_get_monotonic_time() + WORK_TIMEOUT);
    remote_workers_unref(workers);
}

/*
 * The main thread has a GMainContext of its own: the watcher runs libvirt's event loop in the default context, in
 * another thread.
 */
gboolean remote_daemon_run(const RemoteDaemonConfig *config, CssHost *host, GError **error)
{
    g_autoptr(GMainContext) context = g_main_context_new();
    g_autoptr(GMainContextPusher) pusher G_GNUC_UNUSED = g_main_context_pusher_new(context);
    g_autofree char *backend = g_build_filename(config->backend_dir, config->socket_name, NULL);
    g_autoptr(GMainLoop) loop = g_main_loop_new(context, FALSE);
    Daemon daemon = { .loop = loop };
    gboolean is_started;
    int inherited[2];

    if (!remote_activation_take(inherited, error)) { /* changes the environment: no threads yet */
        css_host_free(host);
        return FALSE;
    }
    raise_descriptor_limit();
    daemon.shared = shared_new(host, backend);
    if (!start_threads(daemon.shared, error))
        return FALSE;
    is_started = start(&daemon, config, backend, inherited, error);
    if (is_started)
        g_main_loop_run(loop);
    else if (daemon.server)
        remote_server_stop(daemon.server, on_stopped, &daemon);
    else
        daemon.is_stopped = TRUE;
    end(&daemon);
    return is_started;
}
