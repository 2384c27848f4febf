/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what udev has noted of a disk, in udev's database. Opens no disk. */
#pragma once

#include "css/device.h"

/**
 * css_udev_volser:
 * @device: one without a disk has no serial
 *
 * Reads the volume serial that udev read from the label when the disk came online. The rules of s390-tools
 * (59-dasd.rules) note it as ID_SERIAL.
 *
 * Returns: the serial, to be freed with g_free(), or NULL if udev knows none
 */
char *css_udev_volser(CssHost *host, const CssDevice *device);
