/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the serial of a volume of the lab from its image, since a lab has no block devices with a label. */
#pragma once

#include "dasd/dasd-label.h"
#include "lab/lab-model.h"

/**
 * lab_volser_read:
 * @device: the ccw device's bus id
 * @ret_volser: the serial that the volume has now, also while a guest has the device; "" if it has no label
 *
 * Returns: 0, or ENODEV if there is no such device.
 */
int lab_volser_read(LabModel *model, const char *device, char ret_volser[DASD_VOLSER_MAX + 1]);
