/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether this host uses the disk of a device: it is mounted, swap space, part of another block device, a domain's
 * disk, or open by a process. in-use.h checks the device as a whole.
 */
#pragma once

#include <unistd.h>

#include "css/device.h"

/* A disk that this process has open exclusively; -1: no disk. g_auto(CssDiskFd) disk_fd = -1; */
typedef int CssDiskFd;
static inline void css_disk_fd_clear(CssDiskFd *disk_fd)
{
    if (*disk_fd >= 0)
        close(*disk_fd);
    *disk_fd = -1;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CssDiskFd, css_disk_fd_clear)

typedef enum {
    CSS_DISK_GUARDED,   /* a DASD: the kernel does not set it offline while a process has it open */
    CSS_DISK_UNGUARDED, /* the kernel guards it only against a second exclusive open */
    CSS_DISK_BUSY,      /* the kernel has answered EBUSY: find out who uses the disk */
} CssDiskGuard;

/**
 * css_disk_use_check:
 * @device: one without a disk passes
 * @ret_disk_fd: for CSS_DISK_UNGUARDED, the disk, opened exclusively; else -1
 *
 * Returns: FALSE with CCW_ERROR_BUSY, naming the disk or partition, its user and what to do
 */
gboolean css_disk_use_check(CssHost *host, const CssDevice *device, CssDiskGuard guard, CssDiskFd *ret_disk_fd,
                            GError **error);

typedef enum {
    CSS_DISK_OPEN_NONE,
    CSS_DISK_OPEN_UDEV,
    CSS_DISK_OPEN_OTHER,
} CssDiskOpen;

/* Returns: which process of root has the disk open: udev, another one, or no process. */
CssDiskOpen css_disk_use_find_root(CssHost *host, const CssDevice *device);

/* Sets CCW_ERROR_BUSY: "ccw device 0.0.1234 is in use by this host: WHY". Returns FALSE. */
gboolean css_use_set_error(const CssDevice *device, const char *why, GError **error);
