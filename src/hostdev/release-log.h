/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the log says of a release: a line at info level, bounded as util/log.h says. */
#pragma once

#include <glib.h>

#include "util/address.h"

/* A device went back from a domain to this host. name: NULL: not known. domain_uuid: NULL: a client detached it. */
void ccw_log_release(const CcwBusId *id, const char *domain_uuid, const char *name);

/* "domain 'guest' (UUID)", or "domain UUID" where the name is not known (NULL). */
char *ccw_log_domain(const char *name, const char *uuid);
