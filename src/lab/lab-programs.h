/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds the programs of the host that a lab needs: our own, and libvirtd. The lab binds our own into one folder, so
 * that QEMU can read them as any user, also where it cannot read the build tree.
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
    GPtrArray *own; /* absolute paths of our own programs, libraries and schemas */
    char *libvirtd; /* an absolute path; the lab binds it to LAB_LIBVIRTD */
} LabPrograms;

/**
 * lab_programs_find: Finds all programs that a lab needs.
 *
 * Returns: the programs, or NULL with CCW_ERROR_NOT_FOUND, which says which program to install.
 */
LabPrograms *lab_programs_find(GError **error);

void lab_programs_free(LabPrograms *programs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LabPrograms, lab_programs_free)
