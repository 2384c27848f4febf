/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which process holds the lock of an image, for the message that refuses the image to another one. */
#pragma once

#include <glib.h>

/**
 * dasd_holder_describe:
 * @fd: the image, open but not locked
 *
 * Looks in /proc for a process that has the image open and locked, as dasd_image_open() locks it.
 *
 * Returns: "process 812 (qemu-system-s390x), as device 0.0.1234", or without the device where it is not known; "another
 * process" if no process is found, because the caller may not look at it, for example
 */
char *dasd_holder_describe(int fd);
