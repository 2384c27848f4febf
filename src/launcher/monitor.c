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
#include <sys/un.h>
#include <unistd.h>

#include "util/error.h"
#include "util/fd.h"

#define COMMAND_MAX (1024 * 1024) /* bytes of a command that is not complete */

/* The process's own descriptors, at these places. */
enum { ALIVE = 3, CLIENTS, QEMU_INODE, FIRST_FREE };

typedef struct {
    const CcwHotplug *hotplug;
    int client, qemu;
    GString *commands; /* of the client, not complete yet */
    GString *refusals; /* to be said between two lines of QEMU's */
    gboolean in_line;  /* of QEMU's */
} Session;

static int listen_at(const char *path, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    mode_t mask;
    int fd, rc;

    if (strlen(path) >= sizeof(address.sun_path)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "%s is too long for a socket: give a path of at most %zu bytes", path,
                    sizeof(address.sun_path) - 1);
        return -1;
    }
    strcpy(address.sun_path, path);
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

/* QEMU's end, which no other process reaches: its name is gone, and its inode is held. */
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
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", QEMU_INODE);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* FALSE if the other side is gone, or QEMU while the other does not read. */
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

static gboolean send_refusals(Session *session)
{
    gboolean sent = session->in_line || send_all(session->client, session->refusals->str, session->refusals->len);

    if (!session->in_line)
        g_string_truncate(session->refusals, 0);
    return sent;
}

static gboolean relay_command(Session *session, gsize length)
{
    g_autofree char *command = g_strndup(session->commands->str, length);
    gboolean refused = FALSE, whole = strlen(command) == length; /* no NUL in it */
    g_autofree char *text = whole ? ccw_hotplug_rewrite(session->hotplug, command, &refused) : NULL;
    gboolean sent = TRUE;

    if (refused)
        g_string_append(session->refusals, text);
    else
        sent = send_all(session->qemu, whole ? text : session->commands->str, whole ? strlen(text) : length);
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
    while ((length = ccw_hotplug_measure(session->commands->str, session->commands->len)) > 0)
        if (!relay_command(session, length))
            return FALSE;
    return session->commands->len <= COMMAND_MAX && send_refusals(session);
}

static gboolean from_qemu(Session *session)
{
    char data[16384];
    ssize_t n = ccw_fd_receive_bytes(session->qemu, data, sizeof(data));

    if (n <= 0)
        return n == 0;
    session->in_line = data[n - 1] != '\n';
    return send_all(session->client, data, (gsize)n) && send_refusals(session);
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

/* When QEMU ends, its socket ends too. */
static void serve(const CcwHotplug *hotplug, int client)
{
    Session session = { .hotplug = hotplug, .client = client, .qemu = connect_qemu() };

    if (session.qemu >= 0) {
        session.commands = g_string_new(NULL);
        session.refusals = g_string_new(NULL);
        relay(&session);
        g_string_free(session.commands, TRUE);
        g_string_free(session.refusals, TRUE);
        close(session.qemu);
    }
    ccw_fd_close_soon(client);
}

static void run(const CcwHotplug *hotplug)
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
            ccw_fd_refuse_fds(client, TRUE); /* none of them would reach QEMU */
            serve(hotplug, client);
        }
    }
}

/* Nothing of the caller's stays open here: images are locked by who has them open, terminals and pipes waited for. */
static void settle(int alive, int clients, int inode)
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
    /* Who ends the process group ends QEMU, and that this one: with the socket removed. */
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
}

static gboolean start(const char *path, const CcwHotplug *hotplug, int clients, CcwMonitor *monitor, GError **error)
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
        settle(alive[0], clients, inode);
        run(hotplug);
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

gboolean ccw_monitor_start(const char *path, const CcwHotplug *hotplug, CcwMonitor *ret_monitor, GError **error)
{
    CcwMonitor monitor = { .listen_fd = -1, .alive_fd = -1 };
    int clients = listen_at(path, error);
    gboolean started;

    if (clients < 0)
        return FALSE;
    started = start(path, hotplug, clients, &monitor, error);
    close(clients);
    if (started)
        *ret_monitor = monitor;
    else
        g_unlink(path);
    return started;
}
