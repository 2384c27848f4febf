/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virtccwd: the stacked driver in front of libvirt (docs/proxy.md). This file has only the options;
 * remote/daemon.h has the rest.
 */
#include <malloc.h>
#include <sys/stat.h>

#include "cmd-complete.h"
#include "cmd-table.h"
#include "hook/status.h"
#include "remote/daemon.h"
#include "remote/server.h"
#include "remote/settings.h"
#include "util/ccw-config.h"
#include "util/log.h"

#define PROC_ROOT "/proc"
#define CONFIG "/etc/libvirt/virtccwd.conf"
#define SOCKET_DIR "/run/libvirt"
#define HOOKS_DIR "/etc/libvirt/hooks"
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

static RemoteSettings *load_settings(const Options *wanted, GError **error)
{
    g_autoptr(RemoteSettings) settings = remote_settings_new();
    const char *path = wanted->config ? wanted->config : CONFIG;

    if (!wanted->config && !g_file_test(path, G_FILE_TEST_EXISTS))
        return g_steal_pointer(&settings);
    return remote_settings_load(settings, path, error) ? g_steal_pointer(&settings) : NULL;
}

static int serve(const Options *wanted, const RemoteSettings *settings)
{
    const char *configured = settings->unix_sock_dir ? settings->unix_sock_dir : SOCKET_DIR;
    const RemoteDaemonConfig config = {
        .settings = settings,
        .socket_dir = wanted->socket_dir ? wanted->socket_dir : configured,
        .socket_name = wanted->socket_name,
        .backend_dir = wanted->backend_dir,
        .hooks_dir = HOOKS_DIR,
        .ready_fd = wanted->ready_fd,
    };
    CssHost *host = css_host_new(wanted->sysfs_root, PROC_ROOT, wanted->run_dir); /* the daemon frees it */
    GError *error = NULL;

    css_host_know_domains(host, &hook_status_domains, NULL);
    return remote_daemon_run(&config, host, &error) ? CMD_OK : cmd_fail(error);
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
