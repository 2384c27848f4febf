/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logs a release at info level, with the limit of util/log.h. */
#pragma once

#include <glib.h>

#include "util/address.h"

/**
 * hostdev_log_release:
 * @owner: who had the device, see hostdev_owner_kind(); NULL: an administrator had detached it
 * @name: of the domain; NULL if the owner is no domain, or its name is unknown
 */
void hostdev_log_release(const CcwBusId *id, const char *owner, const char *name);

/* Returns: "domain 'guest' (UUID)", or "domain UUID" if @name is NULL; free with g_free. */
char *hostdev_log_domain(const char *name, const char *uuid);
