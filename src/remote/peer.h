/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is at the other end of a UNIX socket, as the kernel says, and that in libvirt's words. What he may do is not
 * decided here.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

typedef struct {
    pid_t pid;
    uid_t uid;
    gid_t gid;
    guint64 start_time; /* of the process, in clock ticks since boot; with pid it is one process and no later one */
    char *label;        /* the security module's (SELinux context, AppArmor label); NULL without one */
} CcwPeer;

/* The user at the other end of a socket. Cheap: for clients that are refused. Error: CCW_ERROR_SYSTEM or another. */
gboolean ccw_peer_uid(int fd, uid_t *ret_uid, GError **error);

/* Of a socket just accepted: the start time is read now. Does not wait. Errors: CCW_ERROR_SYSTEM. */
CcwPeer *ccw_peer_new(int fd, GError **error);
CcwPeer *ccw_peer_copy(const CcwPeer *peer);
void ccw_peer_free(CcwPeer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwPeer, ccw_peer_free)

/*
 * The arguments of CONNECT_SET_IDENTITY (libvirt include/libvirt/libvirt-host.h, VIR_CONNECT_IDENTITY_*): what libvirtd
 * would have found out itself. It may wait for the user database. Errors: CCW_ERROR_NOT_FOUND, an unknown user or
 * group.
 */
GByteArray *ccw_peer_identity(const CcwPeer *peer, GError **error);
