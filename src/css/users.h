/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists the users of many devices, for display: mounts, swap space, device mapper, md, loop, a btrfs of several disks,
 * group devices, and dependents (dependents.h). Reads the mounts once for all devices, and does not look at processes.
 * in-use.h decides whether a device can be acquired.
 */
#pragma once

#include "css/device.h"

typedef enum {
    CSS_USER_MOUNT,
    CSS_USER_SWAP,
    CSS_USER_HOLDER,
    CSS_USER_GROUP,
    CSS_USER_DISK,
    CSS_USER_NET,
    CSS_USER_DOMAIN,
    /* css_users_of() does not return these: node_device/list.h adds them. */
    CSS_USER_QEMU_CCW,  /* its process id */
    CSS_USER_MDEV,      /* the UUID of a mediated device of another program */
    CSS_USER_DETACHED,  /* an administrator has detached the device */
    CSS_USER_RELEASING, /* the device is being released to this host */
    CSS_USER_UNKNOWN,   /* the journal's entry is not understood */
    CSS_USER_LAST,
} CssUserKind;

typedef struct {
    CssUserKind kind;
    char *part; /* the disk or partition in use: "dasda1"; or NULL */
    char *name; /* the mount point, CssLayer.what, the domain, the group device, ...; NULL for swap */
} CssUser;

/* The strings are copied. */
CssUser *css_user_new(CssUserKind kind, const char *part, const char *name);
void css_user_free(CssUser *user);

typedef struct _CssUsers CssUsers;

/* Ignores files that cannot be read: the result is for display. */
CssUsers *css_users_new(CssHost *host);
void css_users_free(CssUsers *users);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CssUsers, css_users_free)

/* Returns: FALSE if the mounts cannot be read. */
gboolean css_users_know_mounts(const CssUsers *users);

/**
 * css_users_tell_guests:
 * @guests: names of domains by the disk that one has: by its number "94:1", or "/dev/dasda1"; the caller keeps
 * ownership
 */
void css_users_tell_guests(CssUsers *users, GHashTable *guests);

/* Returns: an array of CssUser *: first users of the disk itself, then of its partitions. */
GPtrArray *css_users_of(CssUsers *users, const CssDevice *device);
