/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/release-log.h"

#include "util/log.h"

#define NAME_SHOWN 64 /* characters of a domain's name */

char *ccw_log_domain(const char *name, const char *uuid)
{
    g_autofree char *shown = name ? ccw_log_shorten(name, NAME_SHOWN) : NULL;

    return shown ? g_strdup_printf("domain '%s' (%s)", shown, uuid) : g_strdup_printf("domain %s", uuid);
}

void ccw_log_release(const CcwBusId *id, const char *domain_uuid, const char *name)
{
    static CcwLogLimit limit;
    g_autofree char *domain = domain_uuid ? ccw_log_domain(name, domain_uuid) : g_strdup("a client that detached it");
    char buf[CCW_BUS_ID_STR_LEN];

    ccw_log_limited(&limit, G_LOG_LEVEL_INFO, "released ccw device %s of %s to this host", ccw_bus_id_format(id, buf),
                    domain);
}
