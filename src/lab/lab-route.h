/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The default route of this network namespace. */
#pragma once

#include <glib.h>
#include <sys/types.h>

/**
 * lab_route_wait: Waits until this network namespace has a default route, for IPv4 or IPv6.
 * @pid: a child of this process, which makes the route
 *
 * Returns: FALSE if the child ends first, or after the time.
 */
gboolean lab_route_wait(pid_t pid, guint seconds);

/* Returns: whether the text of /proc/net/route or /proc/net/ipv6_route has a default route to a gateway. */
gboolean lab_route_has_default(const char *route, const char *ipv6_route);
