/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's qemu hook for channel devices: acquires managed devices before a guest starts, and releases them after it
 * has ended. libvirt's docs/hooks.html describes the operations, their order, and the domain XML on standard input. The
 * hook runs while libvirt holds its lock on the domain, so it must not call libvirt. tools/cmd-hook.c reads arguments
 * and input.
 */
#pragma once

#include "css/host.h"

#define HOOK_XML_MAX (16 * 1024 * 1024)

/**
 * hook_failed:
 *
 * Returns: the exit code of the hook when it fails: 1 for `prepare begin`, which keeps the guest from starting; 0 for
 * all others: after a failed `reconnect` libvirt would kill the guest, and the journal has devices that are not
 * released
 */
int hook_failed(const char *operation, const char *sub_operation);

/**
 * hook_run:
 * @status_dir: libvirt's status files (status.h); must outlive @host
 * @guest: name of the domain
 *
 * Runs one operation of the hook. The parent process must be libvirtd: the hook makes claims on its behalf.
 *
 * Returns: FALSE with an error to log
 */
gboolean hook_run(CssHost *host, const char *status_dir, const char *guest, const char *operation,
                  const char *sub_operation, const char *xml, GError **error);

/* Returns: the UUID of a <domain>, lower case, to be freed with g_free, or NULL if it has none. */
char *hook_domain_uuid(const char *xml);
