/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a device is not there: cio_ignore hides it, or its channel paths are varied off. */
#pragma once

#include "css/host.h"
#include "util/address.h"

/* Sets CCW_ERROR_NOT_FOUND, with what hides the device if something may. */
void ccw_missing_set_error(CcwHost *host, const CcwBusId *id, GError **error);

/* What brings a channel path back, or NULL if it is there. */
char *ccw_path_cure(CcwHost *host, guint cssid, guint chpid);
