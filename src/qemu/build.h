/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Converts domain XML to QEMU's command line, in either dialect. */
#pragma once

#include <glib.h>

#include "qemu/argv.h"
#include "qemu/private-libvirt.h"
#include "qemu/validate.h"

typedef enum {
    QEMU_DIALECT_STOCK,  /* libvirt's complete command line for the lowered domain */
    QEMU_DIALECT_SERIES, /* a command line for qemu-ccw */
} QemuDialect;

/* @name: "stock" or "series". Returns: FALSE for another name. */
gboolean qemu_dialect_from_name(const char *name, QemuDialect *ret_dialect);

/**
 * qemu_build_argv: Validates a domain, and converts it to a command line.
 * @xml: a domain
 * @with: for qemu_validate()
 *
 * Returns: the command line, or NULL with an error of qemu_validate(), or with CCW_ERROR_INVALID and libvirt's message
 * if another part of the domain is not valid.
 */
QemuArgv *qemu_build_argv(QemuPrivateLibvirt *driver, const char *xml, QemuDialect dialect, const QemuValidate *with,
                          GError **error);
