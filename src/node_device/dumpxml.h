/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks a running libvirt for a domain's XML. It waits for libvirt, so hooks and virtccwd must not use it. */
#pragma once

#include <glib.h>

/**
 * nodedev_dumpxml:
 * @uri: NULL: libvirt's default
 * @domain: a name or UUID
 *
 * Uses libvirt's read-only socket.
 *
 * Returns: the XML for the domain's next start, to be freed with g_free, or NULL with CCW_ERROR_NOT_FOUND,
 * CCW_ERROR_UNSUPPORTED if libvirt cannot be reached, or CCW_ERROR_SYSTEM
 */
char *nodedev_dumpxml(const char *uri, const char *domain, GError **error);
