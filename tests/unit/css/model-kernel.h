/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A model of what the kernel does on a write to the channel subsystem's files, on a Tree; for tests only. It stands in
 * for ccw_attr_write, with the results that Linux 6.1 gives (docs/host-side.md lists them); all its state is in the
 * tree, so that it outlives a process. The lab's own tests use the real thing: files served by FUSE.
 */
#pragma once

#include "css/host-private.h"
#include "sysfs-tree.h"

typedef struct _Model Model;
struct _Model {
    Tree *tree;
    CssHost *host;
    GString *writes;              /* "PATH <- VALUE" a line, with " (NAME OF ERRNO)" where it failed */
    guint n_writes;               /* so far */
    guint fail_at;                /* the number, from 1, of the write that fails; 0: none */
    guint fail_to;                /* and the last one that does */
    int fail_errno;               /* with this */
    guint crash_before;           /* the number of the write before which, */
    guint crash_after;            /* or after which, the process ends with CRASH_EXIT */
    void (*change)(Model *model); /* the machine changes: called once, */
    guint change_before;          /* before the write of this number, */
    guint change_after;           /* or after that one */
    gboolean mdev_open;           /* QEMU has the mediated device: an open of its group answers EBUSY */
    guint n_opens;                /* of groups, by us */
    int group;                    /* the descriptor of the last one */
    gboolean open_at_remove;      /* it was open still when the mediated device was removed */
    int disk;                     /* the descriptor of the last exclusive open of a disk, by us; -1: none */
    gboolean open_at_offline;     /* it was open still when its device was set offline */
    gboolean open_at_online;      /* or online */
    GString *modules;             /* names of the modules that were asked for, each with a newline */
};

#define CRASH_EXIT 77

/* A host on the tree, with nothing to wait for, that does one device after another. */
Model *model_new(const char *recording);
void model_free(Model *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Model, model_free)

/* QEMU, process pid, opens and closes the mediated device. */
void model_open_mdev(Model *model, const char *pid);
void model_close_mdev(Model *model, const char *pid);

/* Forgets the writes and faults so far. */
void model_reset(Model *model);
