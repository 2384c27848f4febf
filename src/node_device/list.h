/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists channel devices with their users, as a table and as JSON. The caller finds the devices, and reads the serials
 * of their volumes and the names of domains.
 */
#pragma once

#include "css/users.h"

typedef struct {
    const CssDevice *device;
    char *volser;     /* the serial of the volume; NULL: unknown */
    GPtrArray *users; /* CssUser *, the owner first */
} NodedevListRow;

typedef enum {
    NODEDEV_LIST_ALL,
    NODEDEV_LIST_USED, /* only devices in use */
    NODEDEV_LIST_FREE, /* only devices that are not in use */
} NodedevListFilter;

/**
 * nodedev_list_new: Makes the rows of a list.
 * @devices: CssDevice * with their owners; they must live as long as the rows
 * @names: names of running domains by their UUID
 * @guests: names of running domains by the UUIDs of their mediated devices, also of those with managed='no', which the
 *          journal does not have
 *
 * Returns: NodedevListRow, without serials of volumes.
 */
GArray *nodedev_list_new(const GPtrArray *devices, CssUsers *users, GHashTable *names, GHashTable *guests,
                         NodedevListFilter filter);

/* Returns: the name of a kind of users in JSON: "mount". */
const char *nodedev_list_kind_name(CssUserKind kind);

/* Returns: whether this host can read the device's disk. */
gboolean nodedev_list_is_readable(const CssDevice *device);

/* Returns: whether the device has a volume now, for this host or, detached, for a guest. */
gboolean nodedev_list_has_volume(const CssDevice *device);

/**
 * nodedev_list_hint: Finds the user's next step.
 * @proc_root: "/proc"
 *
 * Returns: a line, to be freed with g_free(), or NULL if there is no next step.
 */
char *nodedev_list_hint(const GArray *rows, const char *proc_root);

/**
 * nodedev_list_table: Formats rows as a line for each device, after a line of headings.
 * @is_long: whether to show the path masks and mediated devices, too
 */
char *nodedev_list_table(const GArray *rows, gboolean is_long);

/*
 * Formats rows as a JSON array with an object for each device; docs/manpages/virt-ccw-list.rst describes its members.
 */
char *nodedev_list_json(const GArray *rows);

/* Returns: the chpids of a device's channel paths as in the kernel's attribute, to be freed with g_strfreev(). */
char **nodedev_list_chpids(const CssDevice *device);
