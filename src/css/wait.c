/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/wait.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define UEVENT_GROUPS 0x3 /* 1: the kernel's own messages, 2: those of udev */
#define CHECK_MS 100      /* the longest time between two checks */

static int open_uevents(void)
{
    struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = UEVENT_GROUPS };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Discards the events: they only wake the caller, which checks the condition. */
static void drain(int fd)
{
    char buffer[8192];

    while (recv(fd, buffer, sizeof(buffer), 0) > 0 || errno == EINTR || errno == ENOBUFS)
        ;
}

gboolean css_wait_until(gboolean (*check)(gpointer data), gpointer data, guint timeout_ms)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    struct pollfd events = { .fd = -1, .events = POLLIN };
    gboolean met;

    if (check(data))
        return TRUE;
    events.fd = open_uevents(); /* poll() ignores -1: the checks at intervals remain */
    while (!(met = check(data))) {
        gint64 left_ms = (deadline - g_get_monotonic_time() + 999) / 1000;

        if (left_ms <= 0)
            break;
        if (poll(&events, 1, (int)MIN(left_ms, CHECK_MS)) > 0)
            drain(events.fd);
    }
    if (events.fd >= 0)
        close(events.fd);
    return met;
}
