/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files from outside that a lab is made of: our own programs, which are bound to one folder in it, readable for a
 * QEMU of whatever user even if the build tree is not; and libvirtd.
 */
#pragma once

#include <glib.h>

#include "util/lab-protocol.h"

#define LAB_DIR CCW_LAB_DIR
#define LAB_BIN LAB_DIR "/bin"
#define LAB_VFIO_LIBRARY LAB_BIN "/libvirt-ccw-vfio.so"
#define LAB_LIBVIRTD LAB_BIN "/libvirtd"
#define LAB_BACKEND CCW_LAB_BACKEND
#define LAB_REAL_SYS LAB_DIR "/real-sys"

typedef struct {
    GPtrArray *programs; /* absolute paths */
    char *libvirtd;      /* an absolute path; bound to LAB_LIBVIRTD */
} LabParts;

/* Errors: CCW_ERROR_NOT_FOUND, saying what to install. */
LabParts *lab_parts_find(GError **error);
void lab_parts_free(LabParts *parts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LabParts, lab_parts_free)
