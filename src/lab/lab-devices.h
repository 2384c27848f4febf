/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Serves util/lab-protocol.h: hands the images to the VFIO library in QEMU, tells the model which process uses which
 * device, and asks processes to release devices.
 */
#pragma once

#include <sys/types.h>

#include "lab/lab-model.h"

typedef struct _LabDevices LabDevices;

/**
 * lab_devices_start: Listens at a unix socket and serves from a thread, until lab_devices_stop().
 * @path: the socket; its mode is 0660
 * @gid: the socket's group, that of the user that the lab's guests run as
 *
 * Returns: the service, or NULL with an error if the socket cannot be made.
 */
LabDevices *lab_devices_start(LabModel *model, const char *path, gid_t gid, GError **error);

/**
 * lab_devices_request: Asks the process that uses a device to release it.
 * @serial: the open of the device's group
 *
 * The caller may hold the model's lock.
 */
void lab_devices_request(LabDevices *devices, guint64 serial);

void lab_devices_stop(LabDevices *devices);
