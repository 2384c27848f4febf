/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libvirt's qemu hook does for channel devices (libvirt's docs/hooks.html: operations, their order, and the domain
 * XML on standard input): managed ones are taken from the host before a guest starts and given back after it ended.
 * It runs with libvirt's lock on the domain held, so it never calls libvirt. Reading arguments and input is
 * tools/cmd-hook.c.
 */
#pragma once

#include "css/host.h"

#define CCW_HOOK_XML_MAX (16 * 1024 * 1024)

/*
 * The exit code of the hook when it fails: 1, which keeps the guest from starting, for `prepare begin`. 0 for any
 * other: after `reconnect` libvirt would kill the guest, and after those the journal has what could not be given back.
 */
int ccw_hook_failed(const char *operation, const char *sub_operation);

/*
 * FALSE and an error, to be logged, whenever something failed. The claims are made for the parent process, which is
 * libvirtd: nothing may stand between. status_dir: of status.h; the host keeps it, for the names of domains.
 */
gboolean ccw_hook_run(CcwHost *host, const char *status_dir, const char *guest, const char *operation,
                      const char *sub_operation, const char *xml, GError **error);

/* The UUID of a <domain>, lower case; NULL if there is none. */
char *ccw_hook_domain_uuid(const char *xml);
