/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs stock libvirt's QEMU driver inside this process (qemu:///embed) on a temporary root, so that it needs no daemon,
 * and neither reads nor changes configuration and domains of this host.
 */
#pragma once

#include <glib.h>

typedef struct _QemuPrivateLibvirt QemuPrivateLibvirt;

/**
 * qemu_private_libvirt_open: Opens the driver, and starts a thread for its events. A process can do this only once,
 * because libvirt keeps the driver for the rest of the process.
 *
 * The function changes the environment of the process, so the caller must have no threads: it removes the variables
 * that libvirt passes to QEMU (HOME, LD_PRELOAD, ...), and sets PATH to that of a system service.
 * qemu_private_libvirt_free() removes the root; it is also removed when the process is killed.
 *
 * Returns: the driver, or NULL with CCW_ERROR_SYSTEM, or with CCW_ERROR_UNSUPPORTED and libvirt's message if its QEMU
 * driver is not installed.
 */
QemuPrivateLibvirt *qemu_private_libvirt_open(GError **error);
void qemu_private_libvirt_free(QemuPrivateLibvirt *driver);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QemuPrivateLibvirt, qemu_private_libvirt_free)

/**
 * qemu_private_libvirt_native: Converts a stock domain to libvirt's command line for it. At the first call libvirt asks
 * the emulator for its capabilities, which takes a second or two.
 *
 * Returns: one line in shell quoting, with the environment first. Paths below the root are replaced by those of
 * libvirtd (/var/lib/libvirt/...), so that the same domain always gives the same line. NULL with CCW_ERROR_INVALID and
 * libvirt's message, in which our UUIDs are raised.
 */
char *qemu_private_libvirt_native(QemuPrivateLibvirt *driver, const char *stock_xml, GError **error);
