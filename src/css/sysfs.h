/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths in a host's sysfs, and small readings of it. Everything that is read is bounded by CCW_ATTR_MAX. */
#pragma once

#include "css/host.h"

/* "SYSFS/" and the rest. */
char *ccw_host_path(CcwHost *host, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The last component of a symbolic link's target ("driver -> .../io_subchannel"), or NULL if there is no link. */
char *ccw_sysfs_link_name(const char *dir, const char *link);

/* An attribute without surrounding blanks, or NULL if it cannot be read. */
char *ccw_sysfs_attr(const char *dir, const char *name);

gboolean ccw_sysfs_has(const char *dir, const char *name);

/* The names in a directory, sorted; empty if it is not there. */
GPtrArray *ccw_sysfs_names(const char *dir);

/* Those of them that are directories, and no links to one: what lies below a device, and not beside it. */
GPtrArray *ccw_sysfs_dirs(const char *dir);
