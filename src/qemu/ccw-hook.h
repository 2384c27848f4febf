/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libvirt's qemu hook does for channel devices (libvirt's docs/hooks.html: operations, their order, and the domain
 * XML on standard input): managed ones are taken from the host before a guest starts and given back after it ended.
 * It runs with libvirt's lock on the domain held, so it never calls libvirt. Reading arguments and input is
 * tools/cmd-hook.c.
 */
#pragma once

#include "node_device/ccw-host.h"

#define CCW_HOOK_XML_MAX (16 * 1024 * 1024)

/*
 * Returns the hook's exit code: 0, or 1, which keeps the guest from starting (`prepare` alone does that). *error is set
 * whenever something failed and is to be logged, with exit code 0 too: what could not be given back stays in the
 * journal. The claims are made for the parent process, which is libvirtd: nothing may stand between.
 */
int ccw_hook_run(CcwHost *host, const char *guest, const char *operation, const char *sub_operation, const char *xml,
                 GError **error);

/* The UUID of a <domain>, lower case; NULL if there is none. */
char *ccw_hook_domain_uuid(const char *xml);
