/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The name server of a lab that has a network: the host's may be one that only the host reaches, as 127.0.0.53 is. */
#pragma once

#include <glib.h>

#define LAB_RESOLV_CONF "/etc/resolv.conf"

/**
 * lab_resolver_set:
 *
 * Makes /etc/resolv.conf name a server. Keeps the host's search domains. The caller must be in the lab's mount
 * namespace. The function does nothing on a host without that file.
 *
 * Returns: FALSE with an error.
 */
gboolean lab_resolver_set(const char *server, GError **error);

/* Returns: the text of the lab's file, from the text of the host's. Free with g_free(). */
char *lab_resolver_text(const char *server, const char *text);

/*
 * Returns: whether the first name server in a text of resolv.conf has a loopback address, as that of systemd-resolved.
 */
gboolean lab_resolver_is_loopback(const char *text);
