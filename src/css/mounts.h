/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads the mounts of all mount namespaces of this host, and its swap space. The list of one namespace does not have
 * the mounts of a container. disk-use.h decides whether a device is in use.
 *
 * A mount has the number of its block device. For most file systems the kernel shows this number. A file system with a
 * number of its own (btrfs) shows the name of its device instead, which this file looks up in this process's /dev. It
 * trusts the name only if the kernel mounts this type of file system from a block device only, because unprivileged
 * users cannot mount such a type. Users choose the source of any other mount (fsname= of FUSE).
 */
#pragma once

#include "css/host.h"

typedef struct {
    const char *dev;   /* "94:1": number of the block device; without one, a number of the file system's own */
    const char *where; /* "/home" */
    const char *owner; /* a process in its namespace, "process 812 (postgres)"; NULL: this process's namespace */
} CssMount;

/* Returns TRUE to end the search. @mount is valid during the call only. */
typedef gboolean (*CssMountFunc)(const CssMount *mount, gpointer data);

/**
 * css_mounts_search_own:
 *
 * Calls @func for the mounts of this process's namespace.
 *
 * Returns: FALSE with CCW_ERROR_SYSTEM if the list cannot be read
 */
gboolean css_mounts_search_own(CssHost *host, CssMountFunc func, gpointer data, GError **error);

/**
 * css_mounts_search_others:
 *
 * Calls @func for the mounts of all other namespaces, each read from the first process in it. The scan is bounded
 * (processes.h), and a process may end meanwhile: a scan that finds no mount proves nothing.
 */
void css_mounts_search_others(CssHost *host, CssMountFunc func, gpointer data);

typedef struct {
    char *node; /* "/dev/dasda1", for messages */
    char *dev;  /* "94:1" */
} CssSwap;

/* Returns: the block devices that are swap space, as an array of CssSwap; empty in a kernel without swap. */
GArray *css_swaps(CssHost *host);

/* Returns: the number "94:1" of the block device at a path in this process's /dev, to be freed with g_free; or NULL. */
char *css_host_block_dev(CssHost *host, const char *path);
