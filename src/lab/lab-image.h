/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opens the image of a device for one guest. The guest's descriptor has the lock, so the image is free when the guest's
 * QEMU has closed the device, or has ended, and other programs can open it while the lab goes on.
 */
#pragma once

#include "lab/lab-model.h"

/**
 * lab_image_open:
 * @group: the open of a group
 *
 * Before the first guest, the lab itself has the image locked. This function passes that lock on: it drops the lab's,
 * unless there is a snapshot, which needs an unchanged image as long as the lab lasts.
 *
 * Returns: a descriptor of an open file description of its own, locked; -1 with the error of dasd_lock_take(), or of a
 * system call.
 */
int lab_image_open(const LabGroup *group, GError **error);

/**
 * lab_image_release: Drops the lab's own lock of the image of an unplugged device.
 */
void lab_image_release(const LabDevice *device);
