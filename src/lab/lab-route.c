/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-route.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define ZERO_V6 "00000000000000000000000000000000"

/* A line is "INTERFACE DESTINATION GATEWAY FLAGS REFCNT USE METRIC MASK ...", numbers in hexadecimal. */
static gboolean is_default_v4(const char *line)
{
    char destination[9], mask[9];
    guint flags;

    return sscanf(line, "%*s %8[0-9A-Fa-f] %*s %x %*s %*s %*s %8[0-9A-Fa-f]", destination, &flags, mask) == 3 &&
           strcmp(destination, "00000000") == 0 && strcmp(mask, "00000000") == 0 && (flags & 1);
}

/*
 * A line is "DESTINATION LENGTH SOURCE LENGTH GATEWAY ...". Each namespace has a line without a gateway (unreachable).
 */
static gboolean is_default_v6(const char *line)
{
    char destination[33], gateway[33];
    guint length;

    return sscanf(line, "%32[0-9a-f] %x %*s %*s %32[0-9a-f]", destination, &length, gateway) == 3 && length == 0 &&
           strcmp(destination, ZERO_V6) == 0 && strcmp(gateway, ZERO_V6) != 0;
}

static gboolean has_line(const char *text, gboolean (*is_default)(const char *line))
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++)
        if (is_default(*line))
            return TRUE;
    return FALSE;
}

gboolean lab_route_has_default(const char *route, const char *ipv6_route)
{
    return (route && has_line(route, is_default_v4)) || (ipv6_route && has_line(ipv6_route, is_default_v6));
}

static gboolean is_there(void)
{
    g_autofree char *route = NULL;
    g_autofree char *ipv6_route = NULL;

    g_file_get_contents("/proc/self/net/route", &route, NULL, NULL);
    g_file_get_contents("/proc/self/net/ipv6_route", &ipv6_route, NULL, NULL);
    return lab_route_has_default(route, ipv6_route);
}

/* Returns: a socket that becomes readable when a route changes, or -1. */
static int watch_routes(void)
{
    struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

gboolean lab_route_wait(pid_t pid, guint seconds)
{
    gint64 deadline = g_get_monotonic_time() + seconds * G_TIME_SPAN_SECOND;
    struct pollfd polls[] = { { watch_routes(), POLLIN, 0 }, { pidfd_open(pid, 0), POLLIN, 0 } };
    gboolean is_found = FALSE, has_ended = FALSE;
    char message[4096];
    gint64 left;

    while (polls[0].fd >= 0 && polls[1].fd >= 0 && !(is_found = is_there()) && !has_ended &&
           (left = deadline - g_get_monotonic_time()) > 0) {
        if (poll(polls, G_N_ELEMENTS(polls), (int)(left / 1000) + 1) < 0 && errno != EINTR)
            break;
        while (read(polls[0].fd, message, sizeof(message)) > 0)
            ;
        has_ended = polls[1].revents != 0;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(polls); i++)
        if (polls[i].fd >= 0)
            close(polls[i].fd);
    return is_found && !has_ended;
}
