/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The arguments of a client's CONNECT_OPEN: which libvirt, and which of its drivers, a client may open through
 * libvirtd.
 */
#pragma once

#include <glib.h>

typedef struct {
    gboolean is_default;   /* the client names no URI; libvirt opens the administrator's default */
    gboolean is_elsewhere; /* another libvirt, or a driver that does not check access for virtccwd */
    gboolean is_readonly;  /* the client opens with VIR_CONNECT_RO */
} RemoteOpenArguments;

/**
 * remote_open_read:
 * @is_root: whether the client is root
 *
 * Reads the arguments of CONNECT_OPEN.
 *
 * Returns: FALSE and CCW_ERROR_INVALID if virtccwd must reject the call.
 */
gboolean remote_open_read(RemoteOpenArguments *ret_arguments, const guint8 *payload, gsize length, gboolean is_root,
                          GError **error);

/* Returns: whether the driver of @uri checks access for each call. */
gboolean remote_open_is_trusted(const char *uri, gboolean is_root);
