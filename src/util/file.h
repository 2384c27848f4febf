/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small files: sysfs attributes and state files. Paths are given by the caller, who knows the root.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

#define CCW_ATTR_MAX 4096 /* a sysfs attribute is at most a page */

/*
 * Reads a sysfs attribute, without its trailing newline. NULL and an error if it cannot be read
 * (see ccw_error_set_errno for the codes) or is longer than CCW_ATTR_MAX.
 */
char *ccw_attr_read(const char *path, GError **error);

/*
 * Writes a sysfs attribute with one write(2), as the kernel wants it. Returns 0 or the errno of open or write, because
 * callers decide by it (EBUSY, ENODEV and EINVAL have meanings: see docs/host-side.md).
 */
int ccw_attr_write(const char *path, const char *value);

/* "94:1": a device's number as the attribute dev and proc(5) have it. */
char *ccw_dev_format(dev_t number);

/* The same of the block device that a path below /dev leads to; NULL if it is none. */
char *ccw_block_dev_of(const char *path);

/*
 * ccw_file_replace_by:
 * @temporary: a file beside @path that no other process writes at the same time; one that is there is overwritten
 *
 * Replaces the file at @path with @length bytes, atomically and durably: it writes @temporary, syncs and renames it.
 * The file has exactly this mode, whatever the umask.
 */
gboolean ccw_file_replace_by(const char *path, const char *temporary, const char *data, gsize length, int mode,
                             GError **error);

/* The same by a temporary file with a name of its own, for a file that several processes may replace at once. */
gboolean ccw_file_replace(const char *path, const char *data, gsize length, int mode, GError **error);
