/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launcher/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"
#include "util/sockaddr.h"

#define COMMAND_MAX (1024 * 1024) /* bytes of a command that is not complete */

/* The numbers of the process's descriptors. */
enum { ALIVE = 3, CLIENTS, QEMU_INODE, FIRST_FREE };

typedef struct {
    const QemuHotplug *hotplug;
    int client, qemu;
    GString *commands;   /* the client's input after its last complete command */
    GString *errors;     /* answers to rejected commands, which the client gets between two lines of QEMU */
    gboolean is_in_line; /* QEMU's last line is not complete */
} Session;

static int listen_at(const char *path, GError **error)
{
    struct sockaddr_un address;
    mode_t mask;
    int fd, rc;

    if (!ccw_sockaddr_set(&address, path)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "%s is too long for a socket: give a path of at most %zu bytes", path, CCW_SOCKADDR_PATH_MAX);
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    mask = umask(0177);
    rc = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&address, sizeof(address));
    umask(mask);
    if (rc == 0 && listen(fd, 1) == 0)
        return fd;
    if (errno == EADDRINUSE)
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "%s exists already: remove it, or name another path", path);
    else
        ccw_error_set_errno(error, errno, "cannot listen at %s", path);
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Makes QEMU's socket, and removes its name, so that other processes cannot connect. The inode stays open for us. */
static int listen_hidden(int *ret_inode, GError **error)
{
    g_autofree char *dir = g_dir_make_tmp("qemu-ccw-XXXXXX", error);
    g_autofree char *path = dir ? g_build_filename(dir, "qmp", NULL) : NULL;
    int fd = path ? listen_at(path, error) : -1;

    if (fd >= 0) {
        *ret_inode = open(path, O_PATH | O_CLOEXEC);
        if (*ret_inode < 0) {
            ccw_error_set_errno(error, errno, "cannot open %s", path);
            close(fd);
            fd = -1;
        }
        g_unlink(path);
    }
    if (dir)
        g_rmdir(dir);
    return fd;
}

static int connect_qemu(void)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", QEMU_INODE);

    return ccw_sockaddr_connect(path, SOCK_STREAM);
}

/* Returns: FALSE if the other side is gone, or if QEMU ends while the other side does not read. */
static gboolean send_all(int fd, const char *data, gsize length)
{
    while (length > 0) {
        struct pollfd wait[] = { { .fd = fd, .events = POLLOUT }, { .fd = ALIVE } };
        ssize_t n;

        if (poll(wait, G_N_ELEMENTS(wait), -1) < 0)
            continue;
        if (!wait[0].revents)
            return FALSE;
        n = send(fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return FALSE;
        data += MAX(n, 0);
        length -= (gsize)MAX(n, 0);
    }
    return TRUE;
}

static gboolean send_errors(Session *session)
{
    gboolean sent = session->is_in_line || send_all(session->client, session->errors->str, session->errors->len);

    if (!session->is_in_line)
        g_string_truncate(session->errors, 0);
    return sent;
}

static gboolean relay_command(Session *session, gsize length)
{
    g_autofree char *command = g_strndup(session->commands->str, length);
    gboolean is_rejected = FALSE, is_text = strlen(command) == length; /* a command with a NUL goes to QEMU as it is */
    g_autofree char *text = is_text ? qemu_hotplug_rewrite(session->hotplug, command, &is_rejected) : NULL;
    gboolean sent = TRUE;

    if (is_rejected)
        g_string_append(session->errors, text);
    else
        sent = send_all(session->qemu, is_text ? text : session->commands->str, is_text ? strlen(text) : length);
    g_string_erase(session->commands, 0, (gssize)length);
    return sent;
}

static gboolean from_client(Session *session)
{
    char data[16384];
    ssize_t n = ccw_fd_receive_bytes(session->client, data, sizeof(data));
    gsize length;

    if (n <= 0)
        return n == 0;
    g_string_append_len(session->commands, data, n);
    while ((length = qemu_hotplug_measure(session->commands->str, session->commands->len)) > 0)
        if (!relay_command(session, length))
            return FALSE;
    return session->commands->len <= COMMAND_MAX && send_errors(session);
}

static gboolean from_qemu(Session *session)
{
    char data[16384];
    ssize_t n = ccw_fd_receive_bytes(session->qemu, data, sizeof(data));

    if (n <= 0)
        return n == 0;
    session->is_in_line = data[n - 1] != '\n';
    return send_all(session->client, data, (gsize)n) && send_errors(session);
}

static void relay(Session *session)
{
    for (;;) {
        struct pollfd wait[] = { { .fd = session->qemu, .events = POLLIN },
                                 { .fd = session->client, .events = POLLIN } };

        if (poll(wait, G_N_ELEMENTS(wait), -1) < 0)
            continue;
        if (wait[0].revents && !from_qemu(session))
            return;
        if (wait[1].revents && !from_client(session))
            return;
    }
}

/* Serves one client, until it disconnects or QEMU ends, which closes QEMU's socket. */
static void serve(const QemuHotplug *hotplug, int client)
{
    Session session = { .hotplug = hotplug, .client = client, .qemu = connect_qemu() };

    if (session.qemu >= 0) {
        session.commands = g_string_new(NULL);
        session.errors = g_string_new(NULL);
        relay(&session);
        g_string_free(session.commands, TRUE);
        g_string_free(session.errors, TRUE);
        close(session.qemu);
    }
    ccw_fd_close_soon(client);
}

static void serve_clients(const QemuHotplug *hotplug)
{
    for (;;) {
        struct pollfd wait[] = { { .fd = CLIENTS, .events = POLLIN }, { .fd = ALIVE } };
        int client;

        if (poll(wait, G_N_ELEMENTS(wait), -1) < 0)
            continue;
        if (wait[1].revents)
            return;
        client = accept4(CLIENTS, NULL, NULL, SOCK_CLOEXEC);
        if (client >= 0) {
            ccw_fd_reject_fds(client, TRUE); /* this process cannot pass them to QEMU */
            serve(hotplug, client);
        }
    }
}

/*
 * Closes the caller's descriptors: an open image stays locked, and readers wait for the end of open pipes. GLib keeps a
 * descriptor of systemd's journal from the first line on; the caller has not written one yet.
 */
static void isolate(int alive, int clients, int inode)
{
    const int from[] = { alive, clients, inode };
    int high[G_N_ELEMENTS(from)], null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (gsize i = 0; i < G_N_ELEMENTS(from); i++)
        high[i] = fcntl(from[i], F_DUPFD, 64);
    for (int fd = 0; fd < ALIVE; fd++)
        dup2(null, fd);
    for (gsize i = 0; i < G_N_ELEMENTS(from); i++)
        dup2(high[i], ALIVE + (int)i);
    close_range(FIRST_FREE, ~0U, 0);
    /* These signals go to the whole process group. QEMU's end then ends this process, which removes the socket. */
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
}

static gboolean start(const char *path, const QemuHotplug *hotplug, int clients, LauncherMonitor *monitor,
                      GError **error)
{
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    int inode = -1, alive[2];
    pid_t pid;

    monitor->listen_fd = listen_hidden(&inode, error);
    if (monitor->listen_fd < 0)
        return FALSE;
    if (pipe(alive) < 0) {
        ccw_error_set_errno(error, errno, "cannot make a pipe");
        return FALSE;
    }
    pid = fork();
    if (pid == 0) {
        isolate(alive[0], clients, inode);
        serve_clients(hotplug);
        unlink(absolute);
        _exit(0);
    }
    if (pid < 0)
        ccw_error_set_errno(error, errno, "cannot start a process for %s", path);
    close(alive[0]);
    close(inode);
    monitor->alive_fd = alive[1];
    return pid > 0;
}

gboolean launcher_monitor_start(const char *path, const QemuHotplug *hotplug, LauncherMonitor *ret_monitor,
                                GError **error)
{
    LauncherMonitor monitor = { .listen_fd = -1, .alive_fd = -1 };
    int clients = listen_at(path, error);
    gboolean is_started;

    if (clients < 0)
        return FALSE;
    is_started = start(path, hotplug, clients, &monitor, error);
    close(clients);
    if (is_started)
        *ret_monitor = monitor;
    else
        g_unlink(path);
    return is_started;
}
