/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rows of the sysfs tree's table, for lab-tree.c alone.
 */
#pragma once

#include "lab/lab-entry.h"
#include "lab/lab-model.h"
#include "lab/lab-tree-attrs.h"

typedef enum {
    LAB_WHEN_ALWAYS,
    LAB_WHEN_MODULE,     /* the driver %X is a module's */
    LAB_WHEN_REGISTERED, /* the subchannel is there */
    LAB_WHEN_LINKED,     /* it has a driver */
    LAB_WHEN_LINKED_X,   /* the subchannel has the driver %X */
    LAB_WHEN_IO,         /* io_subchannel drives it */
    LAB_WHEN_CCW,        /* the ccw device is there */
    LAB_WHEN_CCW_HERE,   /* below its subchannel */
    LAB_WHEN_ORPHAN,     /* below css0/defunct */
    LAB_WHEN_ONLINE,     /* it is online */
    LAB_WHEN_BOUND,      /* it has its driver */
    LAB_WHEN_VFIO,       /* the subchannel can have mdevs */
    LAB_WHEN_MDEV_BUS,   /* and is not about to lose that */
    LAB_WHEN_MDEV,       /* the subchannel has an mdev */
    LAB_WHEN_GROUP,      /* and that a group: it has its driver, or is about to lose it */
    LAB_WHEN_DRIVEN,     /* it has its driver, and keeps it */
    LAB_WHEN_ACTIVE,     /* whose removal has not begun */
} LabWhen;

/*
 * path: components are literal, or one placeholder: %S a subchannel, %D its ccw device, %M its mdev, %G that one's
 * group, %V "vfioN" of it, %X a driver of the css bus, %A an attribute of dasd-eckd's, which
 * has its own mode, %C "MAJOR:MINOR" of the group's node. A link's target is such a path, too, and
 * may have %P: what %D is below.
 */
typedef struct {
    const char *path;
    LabWhen when; /* beside what the parent's row says */
    LabNodeKind kind;
    guint mode;
    const char *text;                                                /* of a link: its target; of a constant: itself */
    int (*show)(const LabModel *, const LabMatch *, GString *);      /* with the model's lock */
    int (*store)(LabModel *, const LabMatch *, const char *, gsize); /* without it */
} LabRow;

/* The root first; a folder's conditions hold for what is in it. */
extern const LabRow lab_rows[];
extern const gsize lab_n_rows;
