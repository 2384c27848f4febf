/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds out what the installed libvirt can do for channel devices of an emulator, by its command lines for sample
 * domains and not by its version.
 */
#pragma once

#include <glib.h>

#include "qemu/caps.h"
#include "qemu/private-libvirt.h"

typedef struct {
    gboolean has_vfio_ccw; /* libvirt assigns a vfio-ccw device */
    gboolean has_loadparm; /* libvirt writes the loadparm of <boot> on the device */
    gboolean has_iommufd;  /* libvirt binds the device to an iommufd */
} QemuLibvirtCaps;

/**
 * qemu_libvirt_caps_ask: Asks libvirt about an emulator.
 * @caps: the emulator's
 * @ret_caps: always written; all FALSE on failure
 *
 * Returns: FALSE with CCW_ERROR_UNSUPPORTED if the emulator has no machine s390-ccw-virtio, or with libvirt's error if
 * it makes no command line of the sample.
 */
gboolean qemu_libvirt_caps_ask(QemuPrivateLibvirt *driver, const char *emulator, const QemuCaps *caps,
                               QemuLibvirtCaps *ret_caps, GError **error);
