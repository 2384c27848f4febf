/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builds paths in a host's sysfs, and reads attributes (up to CCW_ATTR_MAX), links and directories. */
#pragma once

#include "css/host.h"

/* Returns: a path below the root of sysfs; free with g_free. */
char *css_host_path(CssHost *host, const char *format, ...) G_GNUC_PRINTF(2, 3);

/*
 * Returns: the last component of a link's target ("driver -> .../io_subchannel"), to be freed with g_free, or NULL if
 * it is no link.
 */
char *css_sysfs_link_name(const char *dir, const char *link);

/* Returns: an attribute without surrounding blanks, to be freed with g_free, or NULL if it cannot be read. */
char *css_sysfs_attr(const char *dir, const char *name);

/* Returns: whether @dir has an attribute, a directory or a link to an existing file with this name. */
gboolean css_sysfs_has(const char *dir, const char *name);

/* Returns: the names in a directory, sorted; empty if it does not exist. */
GPtrArray *css_sysfs_names(const char *dir);

/* Returns: the names of its directories, without links to directories: these are the objects below a device. */
GPtrArray *css_sysfs_dirs(const char *dir);
