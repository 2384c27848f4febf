/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the reason why a device is missing: cio_ignore hides it, or its channel paths are varied off. */
#pragma once

#include "css/host.h"
#include "util/address.h"

/* Sets CCW_ERROR_NOT_FOUND, with the likely reason if there is one. */
void css_missing_set_error(CssHost *host, const CcwBusId *id, GError **error);

/**
 * css_path_cure:
 *
 * Returns: what is wrong with a channel path, and the command that repairs it, to be freed with g_free, or NULL if the
 * path is available, or unknown (drivers/s390/cio/chp.c)
 */
char *css_path_cure(CssHost *host, guint cssid, guint chpid);
