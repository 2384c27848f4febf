/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of virt-ccw list share: a device and what list finds out beside sysfs. Private to these files. */
#pragma once

#include "css/users.h"
#include "dasd/dasd-label.h"

typedef struct {
    const CcwHostDevice *device;
    char volser[DASD_VOLSER_MAX + 1]; /* "" where it is not readable */
    GPtrArray *users;                 /* CcwDeviceUser *; of the kinds below too */
} ListRow;

/* Kinds of users beside those of css/users.h. */
#define LIST_USER_DOMAIN "domain"       /* its name, or its UUID where libvirt does not tell the name */
#define LIST_USER_QEMU_CCW "qemu-ccw"   /* its process id */
#define LIST_USER_MDEV "mdev"           /* the UUID of a mediated device that another program made */
#define LIST_USER_DETACHED "detached"   /* by hand */
#define LIST_USER_RETURNING "returning" /* from whoever had it, who does no more; to this host */
#define LIST_USER_UNKNOWN "unknown"     /* the journal's entry is not understood */

/* The columns as text, a line a device, headings first. With is_long also the paths, availability and mdevs. */
char *list_table(const GArray *rows, gboolean is_long);

/* The channel paths that a device has, as the kernel writes their chpids; NULL behind the last. */
char **list_chpids(const CcwHostDevice *device);

/* An array with an object a device: docs/manpages/virt-ccw.rst has the members. */
char *list_json(const GArray *rows);
