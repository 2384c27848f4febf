/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is mounted, in every mount namespace of this host: a container's mount is in no list of the host's own; and
 * what is swapped on. What that means for a device is not decided here.
 */
#pragma once

#include "node_device/ccw-host.h"

typedef struct {
    const char *dev;    /* "94:1"; some file systems (btrfs) have a number of their own here */
    const char *source; /* "/dev/dasda1"; "" where the line has none */
    const char *where;  /* "/home" */
    const char *owner;  /* whose namespace: NULL for this process's own, or "process 812 (postgres)" */
} CcwMount;

/* Returns TRUE to end the search; what it was given is gone then. */
typedef gboolean (*CcwMountFunc)(const CcwMount *mount, gpointer data);

/* This process's mounts. Error: they cannot be read. */
gboolean ccw_mounts_search_own(CcwHost *host, CcwMountFunc func, gpointer data, GError **error);

/* Those of the other namespaces, each by the first process in it; one that ends meanwhile has none. */
void ccw_mounts_search_others(CcwHost *host, CcwMountFunc func, gpointer data);

/* The files and devices ("/dev/dasda1") that are swapped on; empty too in a kernel without swap. */
char **ccw_swaps(CcwHost *host);
