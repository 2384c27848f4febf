/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads and writes small files: sysfs attributes and state files. The caller builds the paths: it knows the root. */
#pragma once

#include <glib.h>
#include <sys/stat.h>

#define CCW_ATTR_MAX 4096 /* a sysfs attribute is at most a page */

/**
 * ccw_attr_read:
 *
 * Reads a sysfs attribute.
 *
 * Returns: its value without the trailing newline, to be freed with g_free, or NULL with an error of
 * ccw_error_set_errno() if the file cannot be read, or with CCW_ERROR_SYSTEM if it is longer than CCW_ATTR_MAX
 */
char *ccw_attr_read(const char *path, GError **error);

/**
 * ccw_attr_write:
 *
 * Writes a sysfs attribute with one write(2), as the kernel requires.
 *
 * Returns: 0, or the errno of open(2) or write(2). Callers decide by it: docs/host-side.md explains EBUSY, ENODEV and
 * EINVAL.
 */
int ccw_attr_write(const char *path, const char *value);

/* Compares files and not paths: two paths may lead to one file. */
static inline gboolean ccw_file_is_same(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* Returns: a device number as proc(5) and the attribute dev write it, "94:1"; free with g_free. */
char *ccw_dev_format(dev_t number);

/* Returns: that number of the block device at a path below /dev, or NULL if the path leads to no block device. */
char *ccw_block_dev_of(const char *path);

/* Writes all of the bytes. Returns: FALSE with errno; some of them may be written then. */
gboolean ccw_file_write_all(int fd, const void *data, gsize length);

/**
 * ccw_file_open_nameless:
 *
 * Makes a file without a name in a folder, readable and writable. When its last descriptor is closed, the file is gone.
 *
 * Returns: -1 with errno
 */
int ccw_file_open_nameless(const char *folder);

/* Returns: the folder for large temporary files: TMPDIR, or /var/tmp, since /tmp is often in memory. */
const char *ccw_file_temporary_folder(void);

/**
 * ccw_file_replace_by:
 * @temporary: a file in the folder of @path; overwritten if it exists. The caller makes sure that no other process
 *             writes it at the same time.
 * @mode: the exact mode of the file, whatever the umask is
 *
 * Replaces the file at @path with @length bytes, atomically and durably: writes @temporary, syncs it and renames it.
 *
 * Returns: FALSE with an error of ccw_error_set_errno()
 */
gboolean ccw_file_replace_by(const char *path, const char *temporary, const char *data, gsize length, int mode,
                             GError **error);

/* The same with a temporary file of a unique name, for a file that several processes may replace at once. */
gboolean ccw_file_replace(const char *path, const char *data, gsize length, int mode, GError **error);
