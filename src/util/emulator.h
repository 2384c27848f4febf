/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds QEMU for s390x by its name: qemu-system-s390x (Debian, Fedora, SUSE), or qemu-kvm in PATH or in /usr/libexec
 * (SUSE and RHEL on s390x). qemu/caps.h finds out what an emulator can do.
 */
#pragma once

#include <glib.h>

/* The default of ccw_emulator_find(), for messages and help texts. */
#define CCW_EMULATOR_DEFAULT "qemu-system-s390x, else qemu-kvm"

/* File names of a QEMU that may have channel devices; NULL-terminated. */
extern const char *const ccw_emulator_names[];

/* Returns: whether @path has one of these file names. */
gboolean ccw_emulator_is_s390x(const char *path);

/* Returns: whether @path has the file name of a QEMU, for any machine. */
gboolean ccw_emulator_is_qemu(const char *path);

/**
 * ccw_emulator_find:
 * @name: a program in PATH, or a path; NULL for the default emulator
 *
 * Finds the emulator to use.
 *
 * Returns: its path, to be freed with g_free, or NULL with CCW_ERROR_NOT_FOUND
 */
char *ccw_emulator_find(const char *name, GError **error);
