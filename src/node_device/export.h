/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a machine needs so that a device is vfio_ccw's and has its mediated device from the boot on, without
 * libvirt-ccw: a definition for mdevctl, and a rule for udev. As files below a folder that stands for /etc.
 */
#pragma once

#include "css/host.h"
#include "util/address.h"

typedef struct {
    char *path; /* below the folder: "mdevctl.d/0.0.0034/cc390000-..." */
    char *text;
} CcwExportFile;
void ccw_export_file_free(CcwExportFile *file);

/*
 * Appends the device's files (CcwExportFile *). at_boot: the mediated device is to be there when the machine is up,
 * else when an administrator starts it. mdevctl wants the subchannel's number, which shifts with the set of devices: it
 * is the one of now. Errors: CCW_ERROR_NOT_FOUND; CCW_ERROR_BUSY and CCW_ERROR_UNSUPPORTED for a device that could not
 * be taken now: the host uses it, or no guest could.
 */
gboolean ccw_export_device(CcwHost *host, const CcwBusId *id, gboolean at_boot, GPtrArray *files, GError **error);

/*
 * Writes them below dir; those that are there with the same text stay. Nothing is written if one is there with another
 * text, or a mediated device is defined below another parent: CCW_ERROR_BUSY, naming the file.
 */
gboolean ccw_export_write(const char *dir, const GPtrArray *files, GError **error);
