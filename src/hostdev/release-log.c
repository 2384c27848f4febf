/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/release-log.h"

#include <string.h>

#include "hostdev/record.h"
#include "util/log.h"

#define NAME_SHOWN 64 /* characters of a domain's name */

char *hostdev_log_domain(const char *name, const char *uuid)
{
    g_autofree char *shown = name ? ccw_log_shorten(name, NAME_SHOWN) : NULL;

    return shown ? g_strdup_printf("domain '%s' (%s)", shown, uuid) : g_strdup_printf("domain %s", uuid);
}

static char *describe_owner(const char *owner, const char *name)
{
    switch (hostdev_owner_kind(owner)) {
    case HOSTDEV_OWNER_QEMU_CCW:
        return g_strdup_printf("qemu-ccw, process %s", owner + strlen(HOSTDEV_QEMU_CCW_PREFIX));
    case HOSTDEV_OWNER_DOMAIN:
        return hostdev_log_domain(name, owner);
    case HOSTDEV_OWNER_ADMINISTRATOR:
    default:
        return g_strdup("an administrator who detached it");
    }
}

void hostdev_log_release(const CcwBusId *id, const char *owner, const char *name)
{
    static CcwLogLimit limit;
    g_autofree char *shown = describe_owner(owner, name);
    char buf[CCW_BUS_ID_STR_LEN];

    ccw_log_limited(&limit, G_LOG_LEVEL_INFO, "released ccw device %s of %s to this host", ccw_bus_id_format(id, buf),
                    shown);
}
