/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rows of the sysfs tree's table, for lab-tree.c only.
 */
#pragma once

#include "lab/lab-entry.h"
#include "lab/lab-model.h"
#include "lab/lab-tree-attrs.h"
#include "lab/lab-tree-match.h"

typedef struct {
    const char *path; /* each component is literal or a placeholder (lab-tree-match.h) */
    LabWhen when;     /* a condition beside that of the folder's row */
    LabNodeKind kind;
    guint mode;                                                      /* dasd-eckd knows that of %A */
    const char *text;                                                /* a link's target, or a constant value */
    int (*show)(const LabModel *, const LabMatch *, GString *);      /* called with the model's lock held */
    int (*store)(LabModel *, const LabMatch *, const char *, gsize); /* called without the model's lock */
} LabRow;

/* The first row is the root. The conditions of a folder apply to everything in it. */
extern const LabRow lab_rows[];
extern const gsize lab_n_rows;
