/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lock of an image while a device uses it: one writer, or any number of readers. It belongs to the open file
 * description, so it moves with the descriptor to another process, and ends with the last descriptor.
 */
#pragma once

#include <glib.h>

/**
 * dasd_lock_take:
 * @fd: the open image
 * @name: of the image, for messages; NULL: the name that the kernel knows
 *
 * Locks an image as it was opened: for writing, or for reading together with other readers. Does not wait. Does nothing
 * if this open file description has the lock already.
 *
 * Returns: FALSE on error. Errors: CCW_ERROR_BUSY, with the process that has the image; CCW_ERROR_SYSTEM
 */
gboolean dasd_lock_take(int fd, const char *name, GError **error);

/* Drops the lock of this open file description, although the image stays open. */
void dasd_lock_drop(int fd);
