/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virtccwd: the stacked driver in front of libvirt (docs/proxy.md). This file has only the options, the signals, and
 * the order in which the parts start and end.
 */
#include <errno.h>
#include <glib-unix.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd-complete.h"
#include "cmd-table.h"
#include "hook/status.h"
#include "hostdev/watcher.h"
#include "remote/activation.h"
#include "remote/hook-check.h"
#include "remote/polkit.h"
#include "remote/server.h"
#include "remote/settings.h"
#include "util/ccw-config.h"
#include "util/error.h"
#include "util/log.h"
#include "util/timer.h"

#define PROC_ROOT "/proc"
#define CONFIG "/etc/libvirt/virtccwd.conf"
#define SOCKET_DIR "/run/libvirt"
#define HOOKS_DIR "/etc/libvirt/hooks"
/* After a signal, virtccwd waits this long for running attaches. The next virtccwd finds the others in the journal. */
#define STOP_SECONDS 10
/* Then it waits this long for other work, such as a close(2) of a descriptor from a client. */
#define WORK_TIMEOUT G_TIME_SPAN_SECOND
/* A larger block of memory gets pages of its own, which return to the system when the block is freed. */
#define MMAP_THRESHOLD (128 * 1024)

typedef struct {
    char *config;     /* NULL: the default file, if it exists */
    char *socket_dir; /* NULL: that of the settings, or the default folder */
    char *socket_name;
    char *backend_dir;
    char *sysfs_root;
    char *run_dir;
    gint ready_fd;
    gboolean version;
} Options;

static void options_clear(Options *options)
{
    g_free(options->config);
    g_free(options->socket_dir);
    g_free(options->socket_name);
    g_free(options->backend_dir);
    g_free(options->sysfs_root);
    g_free(options->run_dir);
}

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

static void set_default(char **option, const char *value)
{
    if (!*option)
        *option = g_strdup(value);
}

/* What the command line gives. */
static Options given = { .ready_fd = -1 };

static const GOptionEntry options[] = {
    { "config", 'f', 0, G_OPTION_ARG_FILENAME, &given.config,
      "Read which clients may connect from FILE, in the form of libvirtd.conf [" CONFIG "]", "FILE" },
    { "socket-dir", 0, 0, G_OPTION_ARG_FILENAME, &given.socket_dir,
      "Listen on DIR/libvirt-sock and DIR/libvirt-sock-ro [" SOCKET_DIR "]", "DIR" },
    { "socket-name", 0, 0, G_OPTION_ARG_FILENAME, &given.socket_name,
      "Name the sockets NAME and NAME-ro; virtqemud-sock in front of virtqemud [" REMOTE_SOCKET "]", "NAME" },
    { "backend-dir", 0, 0, G_OPTION_ARG_FILENAME, &given.backend_dir,
      "Find the sockets of libvirtd or virtqemud in DIR [/run/libvirt-ccw/backend]", "DIR" },
    { "sysfs-root", 0, 0, G_OPTION_ARG_FILENAME, &given.sysfs_root, "Take DIR for /sys [/sys]", "DIR" },
    { "run-dir", 0, 0, G_OPTION_ARG_FILENAME, &given.run_dir, "Keep the journal in DIR [/run/libvirt-ccw]", "DIR" },
    { "ready-fd", 0, 0, G_OPTION_ARG_INT, &given.ready_fd, "Write a byte to descriptor N when virtccwd is listening",
      "N" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &given.version, "Show the version", NULL },
    G_OPTION_ENTRY_NULL,
};

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

static RemoteSettings *load_settings(const Options *wanted, GError **error)
{
    g_autoptr(RemoteSettings) settings = remote_settings_new();
    const char *path = wanted->config ? wanted->config : CONFIG;

    if (!wanted->config && !g_file_test(path, G_FILE_TEST_EXISTS))
        return g_steal_pointer(&settings);
    return remote_settings_load(settings, path, error) ? g_steal_pointer(&settings) : NULL;
}

/* inherited: the sockets from systemd. */
static RemoteServer *start_server(const RemoteServices *services, const Options *wanted, const RemoteSettings *settings,
                                  const int inherited[2], GError **error)
{
    const char *configured = settings->unix_sock_dir ? settings->unix_sock_dir : SOCKET_DIR;
    RemoteServerPaths paths = {
        .socket_dir = wanted->socket_dir ? wanted->socket_dir : configured,
        .socket_name = wanted->socket_name,
        .backend_dir = wanted->backend_dir,
        .inherited = { inherited[0], inherited[1] },
    };

    return remote_server_new(services, settings, &paths, error);
}

static void check_hook(const char *backend)
{
    g_autofree char *complaint = remote_hook_check(HOOKS_DIR, backend);

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

static Shared *shared_new(const Options *wanted, const char *backend)
{
    Shared *shared = g_new0(Shared, 1);
    RemoteServices *services = &shared->services;

    services->host = css_host_new(wanted->sysfs_root, PROC_ROOT, wanted->run_dir);
    css_host_know_domains(services->host, &hook_status_domains, NULL);
    services->manager = hostdev_manager_new(services->host);
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

static gboolean start(Daemon *daemon, const Options *wanted, const RemoteSettings *settings, const char *backend,
                      const int inherited[2], GError **error)
{
    const RemoteServices *services = &daemon->shared->services;

    daemon->server = start_server(services, wanted, settings, inherited, error);
    if (!daemon->server)
        return FALSE;
    if (settings->auth_unix[0] == REMOTE_AUTH_POLKIT || settings->auth_unix[1] == REMOTE_AUTH_POLKIT)
        remote_polkit_prepare(services->poll);
    check_hook(backend);
    if (!hostdev_watcher_start(daemon->shared->watcher, error))
        return FALSE;
    end_at_signal(daemon, SIGTERM);
    end_at_signal(daemon, SIGINT);
    return say_ready(wanted->ready_fd, error);
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
static int serve(const Options *wanted, const RemoteSettings *settings)
{
    g_autoptr(GMainContext) context = g_main_context_new();
    g_autoptr(GMainContextPusher) pusher G_GNUC_UNUSED = g_main_context_pusher_new(context);
    g_autofree char *backend = g_build_filename(wanted->backend_dir, wanted->socket_name, NULL);
    g_autoptr(GMainLoop) loop = g_main_loop_new(context, FALSE);
    Daemon daemon = { .loop = loop };
    GError *error = NULL;
    int inherited[2];

    if (!remote_activation_take(inherited, &error)) /* changes the environment: no threads yet */
        return cmd_fail(error);
    daemon.shared = shared_new(wanted, backend);
    if (!start_threads(daemon.shared, &error))
        return cmd_fail(error);
    if (start(&daemon, wanted, settings, backend, inherited, &error))
        g_main_loop_run(loop);
    else if (daemon.server)
        remote_server_stop(daemon.server, on_stopped, &daemon);
    else
        daemon.is_stopped = TRUE;
    end(&daemon);
    return error ? cmd_fail(error) : CMD_OK;
}

static int run(int argc, char **argv)
{
    g_autoptr(RemoteSettings) settings = NULL;
    GError *error = NULL;

    if (argc > 1)
        return cmd_usage("'%s' is one argument too many", argv[1]);
    if (given.version) {
        g_print("virtccwd %s\n", CCW_VERSION);
        return CMD_OK;
    }
    set_default(&given.socket_name, REMOTE_SOCKET);
    set_default(&given.backend_dir, CSS_HOST_RUN_DIR "/backend");
    set_default(&given.sysfs_root, CSS_HOST_SYSFS);
    set_default(&given.run_dir, CSS_HOST_RUN_DIR);
    settings = load_settings(&given, &error);
    if (!settings)
        return cmd_fail(error);
    raise_descriptor_limit();
    return serve(&given, settings);
}

static const CmdKind kinds[] = {
    { "NAME", "words", NULL },
    { NULL, NULL, NULL },
};

static const CmdCommand virtccwd = {
    .name = "virtccwd",
    .description = "Adds channel-attached devices to libvirt, in front of libvirtd.",
    .options = options,
    .is_daemon = TRUE,
    .func = run,
};

int main(int argc, char **argv)
{
    int code;

    cmd_start(virtccwd.name);
    if (cmd_complete_is_wanted(argc, argv))
        return cmd_finish(cmd_complete(&virtccwd, kinds, argv + 2));
    umask(077);
    /*
     * Without this call glibc raises the threshold with each large block that is freed, up to 32 MiB. Growing frames
     * would then leave holes in the heap, and the process would use more memory than the accounts of its users show.
     */
    mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
    g_log_writer_default_set_use_stderr(TRUE);
    g_log_set_writer_func(ccw_log_writer, NULL, NULL);
    code = cmd_run(&virtccwd, argc, argv);
    options_clear(&given);
    return cmd_finish(code);
}
