/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The placeholders and conditions of a row of the sysfs tree's table, for lab-tree.c and the table only. The callers of
 * these functions hold the model's lock.
 *
 * Placeholders: %S a subchannel, %D its ccw device, %M its mdev, %G the mdev's group, %V "vfioN" of the group, %X a
 * driver of the css bus, %A an attribute of dasd-eckd, %C "MAJOR:MINOR" of the group's node, and in the target of a
 * link %P, the folder that holds %D.
 */
#pragma once

#include "lab/lab-model.h"

typedef enum {
    LAB_WHEN_ALWAYS,
    LAB_WHEN_MODULE,     /* the driver %X belongs to a module */
    LAB_WHEN_REGISTERED, /* the subchannel exists */
    LAB_WHEN_LINKED,     /* the subchannel has a driver */
    LAB_WHEN_LINKED_X,   /* the subchannel has the driver %X */
    LAB_WHEN_IO,         /* io_subchannel drives the subchannel */
    LAB_WHEN_CCW,        /* the ccw device exists */
    LAB_WHEN_CCW_HERE,   /* the ccw device is below its subchannel */
    LAB_WHEN_ORPHAN,     /* the ccw device is below css0/defunct */
    LAB_WHEN_ONLINE,     /* the ccw device is online */
    LAB_WHEN_BOUND,      /* the ccw device has its driver */
    LAB_WHEN_VFIO,       /* the subchannel can have mdevs */
    LAB_WHEN_MDEV_BUS,   /* the subchannel can have mdevs, and its driver is not being unbound */
    LAB_WHEN_MDEV,       /* the subchannel has an mdev */
    LAB_WHEN_GROUP,      /* the mdev has its driver, also while that is being unbound, and so a group */
    LAB_WHEN_DRIVEN,     /* the mdev has its driver, and that is not being unbound */
    LAB_WHEN_ACTIVE,     /* the removal of the mdev has not begun */
} LabWhen;

/* The objects that the placeholders of a path stand for. */
typedef struct {
    LabSubchannel *sch; /* for %S, %D, %M, %G, %V, %C; NULL: not known yet */
    LabDriver driver;   /* for %X */
    guint attr;         /* for %A */
    char uuid[LAB_UUID_STR_LEN];
} LabMatch;

/**
 * lab_match_name: Finds the name that a placeholder has for a subchannel.
 * @placeholder: such as "%S", but not "%A"
 * @driver: for %X; LAB_DRIVER_NONE: the subchannel's own
 * @buf: memory for the name, where the model does not hold it
 *
 * Returns: the name, or NULL if the subchannel has no such object.
 */
const char *lab_match_name(const char *placeholder, const LabSubchannel *sch, LabDriver driver,
                           char buf[LAB_UUID_STR_LEN]);

/**
 * lab_match_placeholder: Finds the object that a placeholder stands for in a path.
 * @name: the component of the path
 * @match: the objects of the path so far; gets the new one
 *
 * Returns: whether there is such an object, of the same subchannel as the others.
 */
gboolean lab_match_placeholder(const LabModel *model, const char *placeholder, const char *name, LabMatch *match);

/* Returns: whether the condition is true for the objects of a path. */
gboolean lab_match_is_true(LabWhen when, const LabMatch *match);
