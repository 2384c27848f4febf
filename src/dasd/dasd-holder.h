/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the process that holds the lock of an image, for the message that refuses the image to another process. */
#pragma once

#include <glib.h>

/**
 * dasd_holder_describe:
 * @fd: the image, open but not locked
 *
 * Looks in /proc for a process that has the image open and locked, as dasd_image_open() locks it.
 *
 * Returns: "process 812 (qemu-system-s390x), as device 0.0.1234", or the same without the device if it is unknown;
 * "another process" if this function finds no process, for example because the caller may not look at it. The caller
 * frees the text
 */
char *dasd_holder_describe(int fd);
