/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's XML, asked of a running libvirt. Nothing that a hook or virtccwd runs may use this: it waits for libvirt.
 */
#pragma once

#include <glib.h>

/*
 * Of the domain of that name or UUID, as it will be started next; by the read-only socket. uri NULL: libvirt's default.
 * Errors: CCW_ERROR_NOT_FOUND, CCW_ERROR_UNSUPPORTED where libvirt cannot be reached, CCW_ERROR_SYSTEM.
 */
char *ccw_dumpxml(const char *uri, const char *domain, GError **error);
