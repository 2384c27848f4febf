/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "util/file.h"

/* close(2) takes a few microseconds when it does not wait. */
#define CLOSE_NS 200000

/* glibc 2.36 lacks the name that sigevent(7) documents for this member. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* include/uapi/asm-generic/socket.h of Linux 6.16 */
#endif

void ccw_fd_close_inherited(void)
{
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        int fd = atoi(entry->d_name); /* 0 for . and .. */
        int flags = fd > STDERR_FILENO ? fcntl(fd, F_GETFD) : -1;

        if (flags >= 0 && !(flags & FD_CLOEXEC))
            close(fd);
    }
    if (folder)
        closedir(folder);
}

void ccw_fd_reject_fds(int fd, gboolean reject)
{
    int pass = !reject;

    /* An older kernel lacks the option: the receiver then gets the descriptors, and closes them. */
    setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &pass, sizeof(pass));
}

gboolean ccw_fd_rejects_fds(int fd)
{
    int pass = TRUE;
    socklen_t length = sizeof(pass);

    return getsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &pass, &length) == 0 && !pass;
}

static gboolean is_connected_to(int fd, const struct stat *file)
{
    struct sockaddr_un peer = { 0 };
    char path[sizeof(peer.sun_path) + 1] = { 0 }; /* sun_path may lack the NUL */
    socklen_t length = sizeof(peer);
    struct stat st;

    if (getpeername(fd, (struct sockaddr *)&peer, &length) < 0 || peer.sun_family != AF_UNIX)
        return FALSE;
    memcpy(path, peer.sun_path, sizeof(peer.sun_path));
    return stat(path, &st) == 0 && ccw_file_is_same(&st, file);
}

void ccw_fd_shut_down_connections(const char *path)
{
    g_autoptr(GDir) fds = g_dir_open("/proc/self/fd", 0, NULL);
    const char *name;
    struct stat st;

    if (!fds || stat(path, &st) < 0)
        return;
    while ((name = g_dir_read_name(fds))) {
        int fd = (int)g_ascii_strtoll(name, NULL, 10);

        if (is_connected_to(fd, &st))
            shutdown(fd, SHUT_RDWR);
    }
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
    /* The kernel dropped descriptors: too many, this process has no free ones, or a security module withholds them. */
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

/* Without SA_RESTART: the signal must interrupt the system call in which the thread waits. */
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

/* Creates a timer that signals the calling thread. Returns NULL if the kernel does not create one. */
static timer_t *new_timer(void)
{
    struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = wake_signal() };
    sigset_t signals;
    timer_t timer;

    event.sigev_notify_thread_id = gettid();
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
        return NULL;
    /* The parent process may have blocked the signal. */
    sigemptyset(&signals);
    sigaddset(&signals, wake_signal());
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    return g_memdup2(&timer, sizeof(timer));
}

/* Each thread frees its timer when it ends: the kernel does not, and it limits the timers of a user. */
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

    close(fd); /* closes the descriptor even when a signal interrupts it */
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
