/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which programs are QEMU for s390x, by their names, and where distributions have one: qemu-system-s390x in Debian,
 * Fedora and SUSE, and qemu-kvm, in PATH or in /usr/libexec, on an s390x machine of SUSE or RHEL. What an emulator can
 * do is not told by its name, but asked (qemu/caps.h).
 */
#pragma once

#include <glib.h>

/* For messages and help texts: what ccw_emulator_find() looks for. */
#define CCW_EMULATOR_DEFAULT "qemu-system-s390x, else qemu-kvm"

/* The file names of a QEMU that may have channel devices, with NULL at the end. */
extern const char *const ccw_emulator_names[];

/* Whether the file name of that path is one of them. */
gboolean ccw_emulator_is_s390x(const char *path);

/* Whether the file name of that path is that of a QEMU for any machine. */
gboolean ccw_emulator_is_qemu(const char *path);

/*
 * ccw_emulator_find: the emulator to use
 * @name: that of a program in PATH, or a path; NULL for the first of the usual ones that is there
 *
 * Returns: its path, or NULL and CCW_ERROR_NOT_FOUND. Free with g_free.
 */
char *ccw_emulator_find(const char *name, GError **error);
