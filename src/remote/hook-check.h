/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether libvirt calls virt-ccw's hook, without which managed devices of guests that start are not taken. libvirt
 * looks for hooks when it starts and on SIGHUP only, and says nothing if there are none; so this does.
 */
#pragma once

#include <glib.h>

/*
 * What is wrong, for the log, or NULL. hooks_dir: libvirt's. backend: the socket of the daemon that is to call it, if
 * it runs.
 */
char *ccw_hook_check(const char *hooks_dir, const char *backend);
