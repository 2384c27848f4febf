/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Checks whether libvirt calls virt-ccw's hook, which acquires the managed devices of guests that start. libvirt looks
 * for hooks only when it starts and on SIGHUP, and does not log that it has no hook, so virtccwd does.
 */
#pragma once

#include <glib.h>

/**
 * remote_hook_check:
 * @hooks_dir: libvirt's folder of hooks
 * @backend: the socket of the daemon that calls the hook
 *
 * Returns: a message for the log; or NULL if libvirt calls the hook.
 */
char *remote_hook_check(const char *hooks_dir, const char *backend);
