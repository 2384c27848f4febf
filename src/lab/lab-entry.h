/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One entry of a directory in the lab's sysfs. */
#pragma once

#include <glib.h>

#define LAB_ATTR_SIZE 4096 /* a page: the size of an attribute in stat(2), and the longest write */

typedef enum {
    LAB_NODE_DIR,
    LAB_NODE_ATTR,
    LAB_NODE_LINK,
} LabNodeKind;

typedef struct {
    char *name; /* the last component of the path */
    LabNodeKind kind;
    guint mode;  /* the permission bits that an open checks */
    guint owner; /* number of the subchannel that the entry vanishes with; 0: no subchannel, or an entry of a list */
} LabEntry;
