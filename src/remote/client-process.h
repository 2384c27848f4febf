/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client's process, according to the kernel, and its identity in libvirt's form. The rights of its user do not belong
 * here. hook-check.c reads libvirtd's process in the same way, from the socket of its own connection to libvirtd.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

typedef struct {
    pid_t pid;
    uid_t uid;
    gid_t gid;
    guint64 start_time; /* start time in clock ticks since boot: a later process with the same pid has another */
    char *label;        /* label of the security module (SELinux context, AppArmor label), or NULL if it has no label */
} RemoteClientProcess;

/**
 * remote_client_process_uid:
 * @ret_uid: the user at the other end of the socket
 *
 * Costs less than remote_client_process_new(), for clients that virtccwd may reject.
 *
 * Returns: FALSE and CCW_ERROR_SYSTEM or another error of ccw_error_set_errno().
 */
gboolean remote_client_process_uid(int fd, uid_t *ret_uid, GError **error);

/**
 * remote_client_process_new:
 * @fd: a socket that was just accepted or connected
 *
 * Reads the identity and the start time of the process. Does not wait.
 *
 * Returns: NULL and CCW_ERROR_SYSTEM on failure.
 */
RemoteClientProcess *remote_client_process_new(int fd, GError **error);
RemoteClientProcess *remote_client_process_copy(const RemoteClientProcess *process);
void remote_client_process_free(RemoteClientProcess *process);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RemoteClientProcess, remote_client_process_free)

/**
 * remote_client_process_identity:
 *
 * Collects the identity that libvirtd would have found itself. May wait for the user database.
 *
 * Returns: the arguments of CONNECT_SET_IDENTITY (libvirt include/libvirt/libvirt-host.h, VIR_CONNECT_IDENTITY_*); NULL
 * and CCW_ERROR_NOT_FOUND for an unknown user or group.
 */
GByteArray *remote_client_process_identity(const RemoteClientProcess *process, GError **error);
