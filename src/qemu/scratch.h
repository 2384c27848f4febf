/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A temporary directory for an embedded libvirt, which is gone when this process is, however it ended.
 */
#pragma once

#include <glib.h>

typedef struct _CcwScratch CcwScratch;

/*
 * Makes one, with mode 0700, in TMPDIR or, if that is long or has characters that mean something in an option string,
 * in /tmp: libvirt puts its sockets below it and its name into command lines. Error: CCW_ERROR_SYSTEM.
 */
CcwScratch *ccw_scratch_new(GError **error);

/* Removes it, and waits until it is gone. */
void ccw_scratch_free(CcwScratch *scratch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwScratch, ccw_scratch_free)

const char *ccw_scratch_path(const CcwScratch *scratch);
