/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The life of virtccwd: the order in which its parts start, run until a signal comes, and end. The options of the
 * command line do not belong here.
 */
#pragma once

#include <glib.h>

#include "css/host.h"
#include "remote/settings.h"

typedef struct {
    const RemoteSettings *settings;
    const char *socket_dir;
    const char *socket_name;
    const char *backend_dir; /* has the sockets of libvirtd or virtqemud */
    const char *hooks_dir;   /* has libvirt's hooks, for a warning if ours is missing */
    gint ready_fd;           /* gets a byte when virtccwd is listening; -1: none */
} RemoteDaemonConfig;

/**
 * remote_daemon_run:
 * @host: the function frees it
 *
 * Serves clients until SIGTERM or SIGINT comes and the running attaches have ended. The process must have no threads
 * yet.
 *
 * Returns: FALSE with the errors of remote_activation_take(), remote_server_new() or hostdev_watcher_start(), or with
 * CCW_ERROR_SYSTEM, if virtccwd could not start
 */
gboolean remote_daemon_run(const RemoteDaemonConfig *config, CssHost *host, GError **error);
