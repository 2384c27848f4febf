/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domain XML in, QEMU's command line out, in either dialect. */
#pragma once

#include <glib.h>

#include "qemu/argv.h"
#include "qemu/embed.h"
#include "qemu/validate.h"

typedef enum {
    CCW_DIALECT_STOCK,  /* libvirt's own complete argv for the lowered domain */
    CCW_DIALECT_SERIES, /* what qemu-ccw executes */
} CcwDialect;

gboolean ccw_dialect_from_name(const char *name, CcwDialect *ret_dialect);

/*
 * with: what ccw_qemu_validate is to know, which comes first. Errors: its own, and CCW_ERROR_INVALID of the rest of the
 * domain (libvirt's message).
 */
CcwArgv *ccw_build_argv(CcwEmbed *embed, const char *xml, CcwDialect dialect, const CcwQemuValidate *with,
                        GError **error);
