/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds the user that a lab's guests run as: the user of each QEMU that the lab's libvirtd starts.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

typedef struct {
    uid_t uid;
    gid_t gid;
} LabGuestUser;

/**
 * lab_guest_find_user: Finds the user of libvirt's package, else "nobody".
 *
 * Returns: the user; uid and gid are 0 where the user namespace has no other user, as in a lab without privilege.
 */
LabGuestUser lab_guest_find_user(void);
