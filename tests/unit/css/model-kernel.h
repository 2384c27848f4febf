/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A model of what the kernel does on a write to the channel subsystem's files, on a Tree; for tests only. It takes the
 * place of ccw_attr_write, with the results of Linux 6.1 (docs/host-side.md lists them). All its state is in the tree,
 * so that it outlives a process. The lab's own tests use real files, served by FUSE.
 */
#pragma once

#include "css/host-private.h"
#include "sysfs-tree.h"

typedef struct _Model Model;
struct _Model {
    Tree *tree;
    CssHost *host;
    GString *writes;              /* "PATH <- VALUE" a line, with " (NAME OF ERRNO)" where it failed */
    guint n_writes;               /* since model_new() or model_forget() */
    guint fail_at;                /* the number, from 1, of the first write that fails; 0: no write fails */
    guint fail_to;                /* the number of the last write that fails */
    int fail_errno;               /* the errno of these writes */
    guint crash_before;           /* the number of the write before which the process ends with CRASH_EXIT */
    guint crash_after;            /* the number of the write after which it ends so */
    void (*change)(Model *model); /* changes the machine; called once */
    guint change_before;          /* the number of the write before which change() is called */
    guint change_after;           /* the number of the write after which it is called */
    gboolean mdev_open;           /* QEMU has the mediated device open: an open of its group answers EBUSY */
    guint n_opens;                /* opens of groups by the code under test */
    int group;                    /* the descriptor of the last one of them */
    gboolean open_at_remove;      /* it was still open when the mediated device was removed */
    int disk; /* the descriptor of the last exclusive open of a disk by the code under test; -1: no such open */
    gboolean open_at_offline; /* it was still open when its device was set offline */
    gboolean open_at_online;  /* it was still open when its device was set online */
    GString *modules;         /* names of the requested modules, each with a newline */
};

#define CRASH_EXIT 77

/* Returns a host on the tree that waits for nothing and works on one device after the other. */
Model *model_new(const char *recording);
void model_free(Model *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Model, model_free)

/* QEMU with this process id opens or closes the mediated device. */
void model_open_mdev(Model *model, const char *pid);
void model_close_mdev(Model *model, const char *pid);

/* Forgets the writes and faults so far. */
void model_reset(Model *model);
