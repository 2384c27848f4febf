/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virtccwd: the stacked driver in front of libvirt (docs/proxy.md). Only options and signals are here.
 */
#include <errno.h>
#include <glib-unix.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
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

#define PROC_ROOT "/proc"
#define CONFIG "/etc/libvirt/virtccwd.conf"
#define SOCKET_DIR "/run/libvirt"
#define HOOKS_DIR "/etc/libvirt/hooks"
/* How long a signal waits for attaches in the middle; the journal has them for the next virtccwd. */
#define STOP_SECONDS 10
/* A longer block of memory has pages of its own, which go back to the system when it is freed. */
#define MMAP_THRESHOLD (128 * 1024)

typedef struct {
    const char *config;     /* NULL: the default one, if it is there */
    const char *socket_dir; /* NULL: of the settings, or the default one */
    const char *socket_name;
    const char *backend_dir;
    const char *sysfs_root;
    const char *run_dir;
    gint ready_fd;
    gboolean version;
} Options;

typedef struct {
    GMainLoop *loop;
    CcwServer *server;
} Daemon;

static int read_options(int *argc, char ***argv, Options *options)
{
    const GOptionEntry entries[] = {
        { "config", 'f', 0, G_OPTION_ARG_FILENAME, &options->config,
          "Read who may connect from FILE, in the form of libvirtd.conf [" CONFIG "]", "FILE" },
        { "socket-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->socket_dir,
          "Listen on DIR/libvirt-sock and DIR/libvirt-sock-ro [" SOCKET_DIR "]", "DIR" },
        { "socket-name", 0, 0, G_OPTION_ARG_FILENAME, &options->socket_name,
          "Call the sockets NAME and NAME-ro; virtqemud-sock in front of virtqemud [" CCW_SOCKET "]", "NAME" },
        { "backend-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->backend_dir,
          "The folder of the sockets of libvirtd or virtqemud [/run/libvirt-ccw/backend]", "DIR" },
        { "sysfs-root", 0, 0, G_OPTION_ARG_FILENAME, &options->sysfs_root, "Where sysfs is [/sys]", "DIR" },
        { "run-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->run_dir, "Where the journal is [/run/libvirt-ccw]", "DIR" },
        { "ready-fd", 0, 0, G_OPTION_ARG_INT, &options->ready_fd, "Write a byte to this descriptor when listening",
          "N" },
        { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Show the version", NULL },
        G_OPTION_ENTRY_NULL,
    };
    int rc = cmd_options(NULL, "Channel-attached devices for libvirt: stands in front of libvirtd.", entries, FALSE,
                         argc, argv);

    if (rc >= 0)
        return rc;
    return *argc > 1 ? cmd_usage("'%s' is one argument too many", (*argv)[1]) : -1;
}

/* Two descriptors a client. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        g_warning("the limit of open files stays as it is: %s", g_strerror(errno));
}

static gboolean say_ready(gint fd, GError **error)
{
    ccw_activation_notify("READY=1");
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
    g_main_loop_quit(((Daemon *)data)->loop);
}

static gboolean on_stop_timeout(gpointer data)
{
    g_warning("stopped in the middle of an attach: the next virtccwd completes or undoes it");
    on_stopped(data);
    return G_SOURCE_REMOVE;
}

static gboolean on_signal(gpointer data)
{
    Daemon *daemon = data;

    ccw_activation_notify("STOPPING=1");
    g_timeout_add_seconds(STOP_SECONDS, on_stop_timeout, daemon);
    ccw_server_stop(daemon->server, on_stopped, daemon);
    return G_SOURCE_REMOVE;
}

static void kick(gpointer data)
{
    CcwWatcher **watcher = data;

    ccw_watcher_kick(*watcher);
}

static void start_failed(gpointer data)
{
    CcwWatcher **watcher = data;

    ccw_watcher_start_failed(*watcher);
}

static CcwLive *look(gpointer data, GError **error)
{
    CcwWatcher **watcher = data;

    return ccw_watcher_look(*watcher, error);
}

static void wait_listed(gpointer data, const char *node)
{
    CcwWatcher **watcher = data;

    ccw_watcher_wait_listed(*watcher, node);
}

static CcwSettings *load_settings(const Options *options, GError **error)
{
    g_autoptr(CcwSettings) settings = ccw_settings_new();
    const char *path = options->config ? options->config : CONFIG;

    if (!options->config && !g_file_test(path, G_FILE_TEST_EXISTS))
        return g_steal_pointer(&settings);
    return ccw_settings_load(settings, path, error) ? g_steal_pointer(&settings) : NULL;
}

/* inherited: the sockets from systemd. */
static CcwServer *start_server(const CcwServices *services, const Options *options, const CcwSettings *settings,
                               const int inherited[2], GError **error)
{
    const char *configured = settings->unix_sock_dir ? settings->unix_sock_dir : SOCKET_DIR;
    CcwPlaces places = {
        .socket_dir = options->socket_dir ? options->socket_dir : configured,
        .socket_name = options->socket_name,
        .backend_dir = options->backend_dir,
        .inherited = { inherited[0], inherited[1] },
    };

    return ccw_server_new(services, settings, &places, error);
}

static void check_hook(const char *backend)
{
    g_autofree char *complaint = ccw_hook_check(HOOKS_DIR, backend);

    if (complaint)
        g_warning("%s", complaint);
}

static int run(const Options *options, const CcwSettings *settings)
{
    GError *error = NULL;
    int inherited[2];
    gboolean taken = ccw_activation_take(inherited, &error); /* changes the environment: before there are threads */
    CcwPoll *poll = taken ? ccw_poll_new(NULL, &error) : NULL;
    CcwWorkers *workers = poll ? ccw_workers_new(NULL, &error) : NULL;
    CcwHost *host = ccw_host_new(options->sysfs_root, PROC_ROOT, options->run_dir);
    g_autoptr(CcwManager) manager = ccw_manager_new(host);
    g_autoptr(CcwRaised) raised = ccw_raised_new();
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autofree char *backend = g_build_filename(options->backend_dir, options->socket_name, NULL);
    CcwWatcher *watcher = NULL;
    CcwServices services = {
        .poll = poll,
        .workers = workers,
        .manager = manager,
        .raised = raised,
        .host = host,
        .changed = kick,
        .start_failed = start_failed,
        .changed_data = &watcher,
        .look = look,
        .wait_listed = wait_listed,
        .look_data = &watcher,
    };
    Daemon daemon = { .loop = loop };

    if (!workers)
        return cmd_fail(error);
    ccw_host_know_domains(host, &ccw_status_domains, NULL);
    daemon.server = start_server(&services, options, settings, inherited, &error);
    if (!daemon.server)
        return cmd_fail(error);
    if (settings->auth_unix[0] == CCW_AUTH_POLKIT || settings->auth_unix[1] == CCW_AUTH_POLKIT)
        ccw_polkit_prepare(poll);
    check_hook(backend);
    watcher = ccw_watcher_start(backend, manager, &error);
    g_unix_signal_add(SIGTERM, on_signal, &daemon);
    g_unix_signal_add(SIGINT, on_signal, &daemon);
    if (watcher && say_ready(options->ready_fd, &error))
        g_main_loop_run(loop);
    else
        ccw_server_stop(daemon.server, on_stopped, &daemon);
    if (watcher)
        ccw_watcher_stop(watcher);
    /* The watcher's threads and an attach that was not waited for still use what is on this stack. */
    _exit(error ? cmd_fail(error) : CMD_OK);
}

int main(int argc, char **argv)
{
    static Options options = {
        /* for good: virtccwd ends by _exit */
        .socket_name = CCW_SOCKET,
        .backend_dir = CCW_HOST_RUN_DIR "/backend",
        .sysfs_root = CCW_HOST_SYSFS,
        .run_dir = CCW_HOST_RUN_DIR,
        .ready_fd = -1,
    };
    static CcwSettings *settings;
    GError *error = NULL;
    int rc;

    cmd_start("virtccwd");
    umask(077);
    /* Without this call glibc raises the threshold with each large block that is freed, up to 32 MiB. Then frames that
     * grow leave holes in the heap, and the process has more memory than its users are charged for. */
    mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
    g_log_writer_default_set_use_stderr(TRUE);
    g_log_set_writer_func(ccw_log_writer, NULL, NULL);
    rc = read_options(&argc, &argv, &options);
    if (rc >= 0)
        return cmd_finish(rc);
    if (options.version) {
        g_print("virtccwd %s\n", CCW_VERSION);
        return cmd_finish(CMD_OK);
    }
    settings = load_settings(&options, &error);
    if (!settings)
        return cmd_finish(cmd_fail(error));
    raise_descriptor_limit();
    return run(&options, settings);
}
