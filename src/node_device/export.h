/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Exports a device: makes the files with which vfio_ccw gets the device, and the device its mdev, at each boot without
 * libvirt-ccw. These are a definition for mdevctl and a rule for udev, below a folder that represents /etc.
 */
#pragma once

#include "css/host.h"
#include "util/address.h"

typedef struct {
    char *path; /* below the folder: "mdevctl.d/0.0.0034/cc390000-..." */
    char *text;
} NodedevExportFile;
void nodedev_export_file_free(NodedevExportFile *file);

/**
 * nodedev_export_device:
 * @at_boot: TRUE: the mediated device is made at boot; FALSE: when an administrator starts it
 * @files: the device's files are appended as NodedevExportFile *
 *
 * mdevctl needs the subchannel's number, which changes with the set of devices: the files have the present number.
 *
 * Returns: FALSE with CCW_ERROR_NOT_FOUND; or with CCW_ERROR_BUSY (the host uses the device) or CCW_ERROR_UNSUPPORTED
 * (no guest can use it)
 */
gboolean nodedev_export_device(CssHost *host, const CcwBusId *id, gboolean at_boot, GPtrArray *files, GError **error);

/**
 * nodedev_export_write:
 *
 * Writes the files below @dir. Keeps a file that exists with the same text.
 *
 * Returns: FALSE with CCW_ERROR_BUSY, naming the file, if one exists with another text, or if a mediated device is
 * defined below another parent; nothing is written then
 */
gboolean nodedev_export_write(const char *dir, const GPtrArray *files, GError **error);
