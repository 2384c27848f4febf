/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/qmp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qemu/json.h"
#include "util/error.h"
#include "util/fd.h"

#define STDERR_MAX 512

struct _QemuQmp {
    char *emulator;
    GPid pid;
    int fd;
    int stderr_fd;
    gint64 deadline;
    GString *input; /* the transcript, and lines that are not parsed yet */
    gsize parsed;   /* length of the transcript */
};

static void die_with_parent(gpointer data G_GNUC_UNUSED)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void qemu_qmp_free(QemuQmp *qmp)
{
    if (!qmp)
        return;
    if (qmp->fd >= 0)
        ccw_fd_close_soon(qmp->fd);
    if (qmp->stderr_fd >= 0)
        close(qmp->stderr_fd);
    if (qmp->pid > 0) {
        kill(qmp->pid, SIGKILL);
        while (waitpid(qmp->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    g_string_free(qmp->input, TRUE);
    g_free(qmp->emulator);
    g_free(qmp);
}

/* Returns: the first line that the emulator has written to stderr. The function does not wait for one. */
static char *read_stderr(const QemuQmp *qmp)
{
    char text[STDERR_MAX];
    ssize_t n = read(qmp->stderr_fd, text, sizeof(text) - 1);

    if (n <= 0)
        return g_strdup("it printed no error");
    text[n] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    return g_utf8_make_valid(text, -1);
}

static gboolean spawn(QemuQmp *qmp, GError **error)
{
    const char *argv[] = { qmp->emulator, "-S",   "-no-user-config", "-nodefaults", "-display", "none", "-machine",
                           "none",        "-qmp", "stdio",           NULL };
    int sockets[2], pipes[2];
    g_autoptr(GError) cause = NULL;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) {
        ccw_error_set_errno(error, errno, "cannot make a socket for %s", qmp->emulator);
        return FALSE;
    }
    qmp->fd = sockets[0];
    ccw_fd_reject_fds(qmp->fd, TRUE);
    if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) < 0) {
        ccw_error_set_errno(error, errno, "cannot make a pipe for %s", qmp->emulator);
        close(sockets[1]);
        return FALSE;
    }
    qmp->stderr_fd = pipes[0];
    g_spawn_async_with_fds(NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, die_with_parent, NULL, &qmp->pid,
                           sockets[1], sockets[1], pipes[1], &cause);
    close(sockets[1]);
    close(pipes[1]);
    if (!cause)
        return TRUE;
    g_set_error(error, CCW_ERROR,
                g_error_matches(cause, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT) ? CCW_ERROR_NOT_FOUND : CCW_ERROR_SYSTEM,
                "emulator %s: %s", qmp->emulator, cause->message);
    return FALSE;
}

static gboolean set_unsupported(const QemuQmp *qmp, GError **error, const char *what)
{
    g_autofree char *line = read_stderr(qmp);

    g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                "emulator %s %s (%s): is it a QEMU that works on this machine?", qmp->emulator, what, line);
    return FALSE;
}

/* Receives more input. Returns: FALSE with an error if there is no more. */
static gboolean receive(QemuQmp *qmp, GError **error)
{
    char data[16384];
    ssize_t n;

    for (;;) {
        gint64 left = qmp->deadline - g_get_monotonic_time();
        struct pollfd ready = { .fd = qmp->fd, .events = POLLIN };
        int rc = left > 0 ? poll(&ready, 1, (int)(left / 1000) + 1) : 0;

        if (rc == 0)
            return set_unsupported(qmp, error, "did not answer over QMP in time");
        if (rc < 0)
            continue;
        n = ccw_fd_receive_bytes(qmp->fd, data, sizeof(data));
        if (n != 0)
            break;
    }
    if (n < 0)
        return set_unsupported(qmp, error, "ended without answering over QMP");
    if (qmp->input->len + (gsize)n > QEMU_QMP_BYTES_MAX || memchr(data, '\0', (gsize)n))
        return set_unsupported(qmp, error, "sends too much data over QMP");
    g_string_append_len(qmp->input, data, n);
    return TRUE;
}

/* Returns: the next message. Removes lines that are no objects from the transcript, such as a console's path. */
static JsonObject *next_message(QemuQmp *qmp, GError **error)
{
    for (;;) {
        const char *start = qmp->input->str + qmp->parsed;
        const char *end = memchr(start, '\n', qmp->input->len - qmp->parsed);
        g_autofree char *line = end ? g_strndup(start, (gsize)(end - start)) : NULL;
        JsonObject *message = line ? qemu_json_parse(line) : NULL;

        if (message)
            qmp->parsed += (gsize)(end - start) + 1;
        else if (line)
            g_string_erase(qmp->input, (gssize)qmp->parsed, end - start + 1);
        else if (!receive(qmp, error))
            return NULL;
        if (message)
            return message;
    }
}

QemuQmp *qemu_qmp_start(const char *emulator, GError **error)
{
    g_autoptr(QemuQmp) qmp = g_new0(QemuQmp, 1);
    g_autoptr(JsonObject) greeting = NULL, answer = NULL;

    qmp->emulator = g_strdup(emulator);
    qmp->fd = qmp->stderr_fd = -1;
    qmp->input = g_string_new(NULL);
    qmp->deadline = g_get_monotonic_time() + QEMU_QMP_SECONDS * G_USEC_PER_SEC;
    if (!spawn(qmp, error))
        return NULL;
    greeting = next_message(qmp, error);
    if (!greeting)
        return NULL;
    if (!qemu_json_object(greeting, "QMP")) {
        set_unsupported(qmp, error, "does not greet over QMP");
        return NULL;
    }
    answer = qemu_qmp_ask(qmp, "negotiate", "qmp_capabilities", NULL, error);
    return answer ? g_steal_pointer(&qmp) : NULL;
}

JsonObject *qemu_qmp_ask(QemuQmp *qmp, const char *id, const char *command, const char *arguments, GError **error)
{
    g_autofree char *line = g_strdup_printf("{\"execute\":\"%s\",\"id\":\"%s\"%s%s}\n", command, id,
                                            arguments ? ",\"arguments\":" : "", arguments ? arguments : "");

    /* A question is shorter than any socket buffer. If the emulator has ended, next_message() reports that. */
    if (send(qmp->fd, line, strlen(line), MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET) {
        ccw_error_set_errno(error, errno, "cannot ask emulator %s", qmp->emulator);
        return NULL;
    }
    for (;;) {
        g_autoptr(JsonObject) message = next_message(qmp, error);

        if (!message || g_strcmp0(qemu_json_string(message, "id"), id) == 0)
            return g_steal_pointer(&message);
    }
}

const char *qemu_qmp_transcript(const QemuQmp *qmp)
{
    return qmp->input->str;
}
