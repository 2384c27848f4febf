/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the installed libvirt can do for channel devices of an emulator. libvirt is asked for the command lines of
 * sample domains; its version is not looked at.
 */
#pragma once

#include <glib.h>

#include "qemu/caps.h"
#include "qemu/embed.h"

typedef struct {
    gboolean vfio_ccw; /* libvirt assigns a vfio-ccw device */
    gboolean loadparm; /* libvirt writes the loadparm of <boot> on the device */
    gboolean iommufd;  /* libvirt binds the device to an iommufd */
} CcwLibvirtCaps;

/*
 * Asks @embed about @emulator, of which @caps are known. Without an s390-ccw-virtio machine nothing is asked.
 *
 * Returns: FALSE with libvirt's reason if it does not assign a vfio-ccw device; @ret_caps is all FALSE then.
 */
gboolean ccw_libvirt_caps_ask(CcwEmbed *embed, const char *emulator, const CcwCaps *caps, CcwLibvirtCaps *ret_caps,
                              GError **error);
