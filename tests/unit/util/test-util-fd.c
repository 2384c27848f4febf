/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Closes descriptors whose close(2) waits for a minute without waiting, in any thread. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../sockets.h"
#include "util/closer.h"
#include "util/fd.h"

#define THREADS 20
#define TIMEOUT (20 * G_TIME_SPAN_SECOND) /* less than SO_LINGER of socket_lingering() */

static void close_in_time(int fd)
{
    gint64 until = g_get_monotonic_time() + TIMEOUT;

    ccw_fd_close_soon(fd);
    g_assert_cmpint(g_get_monotonic_time(), <, until);
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, -1);
}

static gpointer close_in_thread(gpointer data)
{
    close_in_time(GPOINTER_TO_INT(data));
    return NULL;
}

#define TIMERS "/proc/self/timers"

static guint count_timers(void)
{
    g_autofree char *text = NULL;
    guint count = 0;

    g_assert_true(g_file_get_contents(TIMERS, &text, NULL, NULL));
    for (const char *at = text; (at = strstr(at, "ID: ")); at++)
        count++;
    return count;
}

/* A thread that has ended leaves no timer: the number of a user's timers is limited. */
static void threads_end(void)
{
    guint before;

    if (!g_file_test(TIMERS, G_FILE_TEST_EXISTS)) {
        g_test_skip("this kernel has no " TIMERS);
        return;
    }
    before = count_timers();
    for (guint i = 0; i < THREADS; i++) {
        int peer, fd = socket_lingering(&peer);

        g_thread_join(g_thread_new("closer", close_in_thread, GINT_TO_POINTER(fd)));
        close(peer);
    }
    g_assert_cmpuint(count_timers(), ==, before);
}

/* A program inherits blocked signals from its caller. */
static void signal_blocked(void)
{
    int peer, fd = socket_lingering(&peer);
    GThread *thread;
    sigset_t all, old;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    thread = g_thread_new("closer", close_in_thread, GINT_TO_POINTER(fd));
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    g_thread_join(thread);
    close(peer);
}

/* More descriptors than there are threads, of two processes and of an unknown one. Pushing does not wait. */
static void closer(void)
{
    CcwCloser *closer = ccw_closer_new();
    gint64 until = g_get_monotonic_time() + TIMEOUT;
    int fds[3 * THREADS], peers[G_N_ELEMENTS(fds)];

    for (guint i = 0; i < G_N_ELEMENTS(fds); i++)
        fds[i] = socket_lingering(&peers[i]);
    for (guint i = 0; i < G_N_ELEMENTS(fds); i++)
        ccw_closer_push(closer, (pid_t)(i % 3), fds[i]);
    ccw_closer_free(closer);
    g_assert_cmpint(g_get_monotonic_time(), <, until);
    for (guint i = 0; i < G_N_ELEMENTS(fds); i++) {
        g_assert_cmpint(fcntl(fds[i], F_GETFD), ==, -1);
        close(peers[i]);
    }
}

/* A child closes the descriptors that its caller has left open, and keeps those that are close-on-exec. */
static void inherited(void)
{
    int kept = fcntl(0, F_DUPFD_CLOEXEC, 0), left = dup(0), far = fcntl(0, F_DUPFD, 900), status;
    pid_t child = fork();

    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        ccw_fd_close_inherited();
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
            g_assert_cmpint(fcntl(fd, F_GETFD), >=, 0);
        g_assert_cmpint(fcntl(kept, F_GETFD), >=, 0);
        g_assert_cmpint(fcntl(left, F_GETFD), ==, -1);
        g_assert_cmpint(fcntl(far, F_GETFD), ==, -1);
        _exit(0);
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
    close(kept);
    close(left);
    close(far);
}

/*
 * As many descriptors as a message can have are received, so that the kernel closes none. Bytes alone come without any.
 */
static void received(void)
{
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(gint));
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int)) * CCW_MESSAGE_FDS_MAX];
    } control = { 0 };
    char byte = 'x';
    struct iovec iov = { &byte, 1 };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control };
    int ends[2], first = dup(0);

    message.msg_controllen = CMSG_SPACE(sizeof(int) * CCW_MESSAGE_FDS_MAX);
    control.header = (struct cmsghdr){ CMSG_LEN(sizeof(int) * CCW_MESSAGE_FDS_MAX), SOL_SOCKET, SCM_RIGHTS };
    for (gsize i = 0; i < CCW_MESSAGE_FDS_MAX; i++)
        memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &first, sizeof(int));
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);

    g_assert_cmpint(ccw_fd_receive(ends[0], &byte, 1, fds), ==, 0);
    g_assert_cmpint(sendmsg(ends[1], &message, 0), ==, 1);
    g_assert_cmpint(ccw_fd_receive(ends[0], &byte, 1, fds), ==, 1);
    g_assert_cmpuint(fds->len, ==, CCW_MESSAGE_FDS_MAX);
    ccw_fds_close(NULL, fds);
    g_assert_cmpint(sendmsg(ends[1], &message, 0), ==, 1);
    g_assert_cmpint(ccw_fd_receive_bytes(ends[0], &byte, 1), ==, 1);
    close(ends[1]);
    g_assert_cmpint(ccw_fd_receive_bytes(ends[0], &byte, 1), ==, -1);
    close(ends[0]);
    /* The lowest number is free: no other descriptor is open. */
    g_assert_cmpint(dup(first), ==, ends[1] < ends[0] ? ends[1] : ends[0]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/util/fd/threads-end", threads_end);
    g_test_add_func("/util/fd/signal-blocked", signal_blocked);
    g_test_add_func("/util/fd/closer", closer);
    g_test_add_func("/util/fd/inherited", inherited);
    g_test_add_func("/util/fd/received", received);
    return g_test_run();
}
