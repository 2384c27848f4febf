/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the caller of lab_exec() and lab_start() decides about a lab. */
#pragma once

#include <glib.h>

typedef struct {
    const GArray *devices; /* LabDevice of the lab's channel subsystem; their images are open */
    char *const *writable; /* folders of the host that the lab may write to, besides the temporary ones and the working
                              folder; NULL: no other */
    gboolean has_network;  /* the lab reaches what the host reaches (lab-network.h) */
} LabSettings;
