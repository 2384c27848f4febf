/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands in a directory of the lab's sysfs. */
#pragma once

#include <glib.h>

#define LAB_ATTR_SIZE 4096 /* a page: what stat says of an attribute, and the longest write */

typedef enum {
    LAB_NODE_DIR,
    LAB_NODE_ATTR,
    LAB_NODE_LINK,
} LabNodeKind;

typedef struct {
    char *name; /* the last part of the path */
    LabNodeKind kind;
    guint mode;  /* permission bits of an attribute, by which open decides */
    guint owner; /* the subchannel that it comes and goes with, from 1; 0: none. Not set in a list */
} LabEntry;
