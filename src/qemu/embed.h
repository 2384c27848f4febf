/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stock libvirt's QEMU driver inside this process (qemu:///embed) on a temporary root of its own: no daemon is asked,
 * and no configuration or domain of this host is read or changed.
 *
 * libvirt keeps an embedded driver for the rest of the process: there is one CcwEmbed in a process, once.
 */
#pragma once

#include <glib.h>

typedef struct _CcwEmbed CcwEmbed;

/*
 * Opens it, with an event loop thread. The root is removed by ccw_embed_free, or when the process ends in whatever
 * way. What libvirt would hand on to QEMU is cleared from this process's environment (HOME, LD_PRELOAD, ...), and PATH
 * is that of a system service, before there are threads: call it early.
 * Errors: CCW_ERROR_SYSTEM, CCW_ERROR_UNSUPPORTED (libvirt's message: its QEMU driver is not installed).
 */
CcwEmbed *ccw_embed_open(GError **error);
void ccw_embed_free(CcwEmbed *embed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwEmbed, ccw_embed_free)

/*
 * The command line that libvirt would start a stock domain with, as one line in shell quoting, environment first.
 * Paths below the root are written as libvirtd's own (/var/lib/libvirt/...), so that the same domain gives the same
 * line. The emulator is asked for its capabilities the first time, which takes a second or two.
 * Errors: CCW_ERROR_INVALID with libvirt's message, in which our UUIDs are raised.
 */
char *ccw_embed_native(CcwEmbed *embed, const char *stock_xml, GError **error);
