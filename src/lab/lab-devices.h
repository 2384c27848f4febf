/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lab's end of util/ccw-lab-protocol.h: hands the images to the VFIO library in QEMU, tells the model who uses
 * which device, and asks for devices back.
 */
#pragma once

#include "lab/lab-model.h"

typedef struct _LabDevices LabDevices;

/* Listens at path and serves from a thread of its own, for the process's life. */
LabDevices *lab_devices_start(LabModel *model, const char *path, GError **error);

/* Signals the user of the mdev that it is wanted back. May be called with the model's lock held. */
void lab_devices_request(LabDevices *devices, guint64 serial);

void lab_devices_stop(LabDevices *devices);
