/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What on this host uses the disks of many devices, for those who show it: mounts, swap, device mapper, md, loop, a
 * btrfs of several disks, group devices, and what is reached through one without a disk of its own. The mounts are read
 * once, not once a device, and no process is looked at. Whether a device may be taken is not decided by this but by
 * in-use.h.
 */
#pragma once

#include "css/device.h"

typedef struct {
    const char *kind; /* "mount", "swap", "domain", "holder", "group", "disk", "net"; callers add their own */
    char *part;       /* the disk or partition that it uses: "dasda1"; or NULL */
    char *name;       /* where it is mounted, what is built on it in words, the group device; NULL for swap */
} CcwDeviceUser;
CcwDeviceUser *ccw_device_user_new(const char *kind, const char *part, const char *name);
void ccw_device_user_free(CcwDeviceUser *user);

typedef struct _CcwUsers CcwUsers;

/* What cannot be read counts as nothing: this is for display. */
CcwUsers *ccw_users_new(CcwHost *host);
void ccw_users_free(CcwUsers *users);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwUsers, ccw_users_free)

/* FALSE: it cannot be read what is mounted. */
gboolean ccw_users_know_mounts(const CcwUsers *users);

/* The names of domains by the disk that one has, as its number "94:1" or "/dev/dasda1"; it stays the caller's. */
void ccw_users_tell_guests(CcwUsers *users, GHashTable *guests);

/* An array of CcwDeviceUser *, the disk's own first, then those of its partitions; empty where there are none. */
GPtrArray *ccw_users_of(CcwUsers *users, const CcwHostDevice *device);
