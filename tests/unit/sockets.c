/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sockets.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "main-loop.h"

#define LINGER_SECONDS 60

typedef union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
} Control;

gboolean socket_send_fd(int to, gconstpointer data, gsize length, int fd)
{
    Control control = { 0 };
    struct iovec iov = { (void *)data, length };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control };

    message.msg_controllen = sizeof(control);
    control.header = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    return sendmsg(to, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
}

ssize_t socket_receive_fd(int from, gpointer data, gsize length, int *ret_fd)
{
    Control control = { 0 };
    struct iovec iov = { data, length };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control };
    const struct cmsghdr *header;
    ssize_t n;

    message.msg_controllen = sizeof(control);
    *ret_fd = -1;
    n = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    if (n < 0)
        return n;
    header = CMSG_FIRSTHDR(&message);
    g_assert_false(message.msg_flags & MSG_CTRUNC);
    if (header) {
        g_assert_cmpint(header->cmsg_type, ==, SCM_RIGHTS);
        g_assert_cmpint(header->cmsg_len, ==, CMSG_LEN(sizeof(int)));
        memcpy(ret_fd, CMSG_DATA(header), sizeof(int));
    }
    return n;
}

typedef struct {
    int from;
    gpointer data;
    gsize length;
    ssize_t n; /* bytes received; negative: none so far */
} Receipt;

static gboolean has_received(gpointer data)
{
    Receipt *receipt = data;

    receipt->n = recv(receipt->from, receipt->data, receipt->length, 0);
    return receipt->n >= 0;
}

/* Wakes main_loop_wait(), and does nothing else. */
static gboolean on_readable(gint fd G_GNUC_UNUSED, GIOCondition condition G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
    return G_SOURCE_CONTINUE;
}

ssize_t socket_await(int from, gpointer data, gsize length)
{
    Receipt receipt = { from, data, length, -1 };
    guint readable = g_unix_fd_add(from, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, NULL);

    main_loop_wait(has_received, &receipt);
    g_source_remove(readable);
    return receipt.n;
}

int socket_lingering(int *ret_peer)
{
    const struct linger linger = { .l_onoff = 1, .l_linger = LINGER_SECONDS };
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    static const char data[65536];

    g_assert_cmpint(bind(listener, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    g_assert_cmpint(getsockname(listener, (struct sockaddr *)&address, &length), ==, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    *ret_peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    g_assert_cmpint(*ret_peer, >=, 0);
    close(listener);
    g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), ==, 0);
    while (send(fd, data, sizeof(data), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        ;
    g_assert_cmpint(errno, ==, EAGAIN);
    return fd;
}
