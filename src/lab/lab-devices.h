/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lab's end of util/lab-protocol.h: hands the images to the VFIO library in QEMU, tells the model who uses
 * which device, and asks for devices back.
 */
#pragma once

#include <sys/types.h>

#include "lab/lab-model.h"

typedef struct _LabDevices LabDevices;

/**
 * lab_devices_start: Listens at a unix socket and serves from a thread, until lab_devices_stop().
 * @path: of the socket; its mode is 0660
 * @gid: the socket's group: of the user that the lab's guests run as
 *
 * Returns: the service, or NULL with an error.
 */
LabDevices *lab_devices_start(LabModel *model, const char *path, gid_t gid, GError **error);

/* Signals the user of the mdev that it is wanted back. May be called with the model's lock held. */
void lab_devices_request(LabDevices *devices, guint64 serial);

void lab_devices_stop(LabDevices *devices);
