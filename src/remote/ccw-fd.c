/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/ccw-fd.h"

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

/* A timer that sends the signal to this thread alone. FALSE: there is none. */
static gboolean get_timer(timer_t *ret_timer)
{
    static gsize prepared;
    static _Thread_local gboolean has_timer;
    static _Thread_local timer_t timer;

    if (g_once_init_enter(&prepared)) {
        install_handler();
        g_once_init_leave(&prepared, 1);
    }
    if (!has_timer) {
        struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = wake_signal() };

        event.sigev_notify_thread_id = gettid();
        has_timer = timer_create(CLOCK_MONOTONIC, &event, &timer) == 0;
    }
    *ret_timer = timer;
    return has_timer;
}

void ccw_fd_close_soon(int fd)
{
    static const struct itimerspec often = { .it_value.tv_nsec = CLOSE_NS, .it_interval.tv_nsec = CLOSE_NS };
    static const struct itimerspec never;
    timer_t timer;
    gboolean timed = get_timer(&timer) && timer_settime(timer, 0, &often, NULL) == 0;

    close(fd); /* it is closed, too, when a signal interrupts it */
    if (timed)
        timer_settime(timer, 0, &never, NULL);
}
