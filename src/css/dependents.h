/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Disks and network interfaces that depend on a channel device without being its own disk: SCSI disks behind an FCP
 * channel or a virtio adapter, and network interfaces that are up. The kernel sets such a device offline without regard
 * to its dependents.
 */
#pragma once

#include "css/host.h"
#include "util/address.h"

typedef enum {
    CSS_DEPENDENT_DISK,
    CSS_DEPENDENT_NET,
} CssDependentKind;

typedef struct {
    CcwBusId through;
    CssDependentKind kind;
    const char *name; /* "sda", "eth0" */
} CssDependent;

/* Returns TRUE to end the search. @dependent is valid during the call only. */
typedef gboolean (*CssDependentFunc)(const CssDependent *dependent, gpointer data);

/* Calls @func for each dependent of any channel device, in one pass over all block devices and interfaces. */
void css_dependents_search(CssHost *host, CssDependentFunc func, gpointer data);
