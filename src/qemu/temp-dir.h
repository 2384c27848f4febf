/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes a temporary directory for a private libvirt, and removes it at the end of this process, also if that is
 * killed.
 */
#pragma once

#include <glib.h>

typedef struct _QemuTempDir QemuTempDir;

/**
 * qemu_temp_dir_new: Makes a directory with mode 0700 in TMPDIR. If TMPDIR is long or has special characters, the
 * directory is in /tmp, because libvirt puts its sockets into it and its name into command lines.
 *
 * Returns: the directory, or NULL with CCW_ERROR_SYSTEM.
 */
QemuTempDir *qemu_temp_dir_new(GError **error);

/* Removes the directory, and waits until it is gone. */
void qemu_temp_dir_free(QemuTempDir *temp_dir);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QemuTempDir, qemu_temp_dir_free)

/* Returns: the path, which @temp_dir owns. */
const char *qemu_temp_dir_path(const QemuTempDir *temp_dir);
