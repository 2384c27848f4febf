/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/fd.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

/* A close that does not wait takes a few microseconds. */
#define CLOSE_NS 200000

/* glibc 2.36 has only the member, not the name that sigevent(7) gives it. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* include/uapi/asm-generic/socket.h of Linux 6.16 */
#endif

void ccw_fd_refuse_fds(int fd, gboolean refuse)
{
    int pass = !refuse;

    /* An older kernel knows no such option: then they are received, and closed. */
    setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &pass, sizeof(pass));
}

gboolean ccw_fd_refuses_fds(int fd)
{
    int pass = TRUE;
    socklen_t length = sizeof(pass);

    return getsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &pass, &length) == 0 && !pass;
}

static void collect(struct msghdr *message, GArray *fds)
{
    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(message); cmsg; cmsg = CMSG_NXTHDR(message, cmsg)) {
        if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS)
            g_array_append_vals(fds, CMSG_DATA(cmsg), (guint)((cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int)));
    }
}

ssize_t ccw_fd_receive(int fd, void *buffer, gsize length, GArray *fds)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * CCW_MESSAGE_FDS_MAX)];
    } control;
    struct iovec iov = { buffer, length };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control };
    ssize_t n;

    message.msg_controllen = sizeof(control.space);
    do
        n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? 0 : -1;
    collect(&message, fds);
    /* Descriptors got lost: too many, no room for them in this process, or a security module that keeps them back. */
    if (message.msg_flags & MSG_CTRUNC)
        return -1;
    return n ? n : -1;
}

static int wake_signal(void)
{
    return SIGRTMIN;
}

static void do_nothing(int number G_GNUC_UNUSED)
{
}

/* Without SA_RESTART: the signal has to end what a thread waits for. */
static void install_handler(void)
{
    struct sigaction action = { .sa_handler = do_nothing };

    sigaction(wake_signal(), &action, NULL);
}

static void free_timer(gpointer data)
{
    timer_delete(*(timer_t *)data);
    g_free(data);
}

/* A timer of this thread that sends the signal to this thread; NULL if the kernel gives none. */
static timer_t *new_timer(void)
{
    struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = wake_signal() };
    sigset_t signals;
    timer_t timer;

    event.sigev_notify_thread_id = gettid();
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
        return NULL;
    /* The caller of the program may have blocked the signal. */
    sigemptyset(&signals);
    sigaddset(&signals, wake_signal());
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    return g_memdup2(&timer, sizeof(timer));
}

/* The kernel keeps the timer of a thread that has ended, and a user can have only so many of them. */
static timer_t *get_timer(void)
{
    static gsize prepared;
    static GPrivate of_thread = G_PRIVATE_INIT(free_timer);
    timer_t *timer = g_private_get(&of_thread);

    if (g_once_init_enter(&prepared)) {
        install_handler();
        g_once_init_leave(&prepared, 1);
    }
    if (!timer) {
        timer = new_timer();
        g_private_set(&of_thread, timer);
    }
    return timer;
}

void ccw_fd_close_soon(int fd)
{
    static const struct itimerspec often = { .it_value.tv_nsec = CLOSE_NS, .it_interval.tv_nsec = CLOSE_NS };
    static const struct itimerspec never;
    timer_t *timer = get_timer();
    gboolean timed = timer && timer_settime(*timer, 0, &often, NULL) == 0;

    close(fd); /* it is closed, too, when a signal interrupts it */
    if (timed)
        timer_settime(*timer, 0, &never, NULL);
}

ssize_t ccw_fd_receive_bytes(int fd, void *buffer, gsize length)
{
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(gint));
    ssize_t n = ccw_fd_receive(fd, buffer, length, fds);

    for (guint i = 0; i < fds->len; i++)
        ccw_fd_close_soon(g_array_index(fds, gint, i));
    return n;
}
