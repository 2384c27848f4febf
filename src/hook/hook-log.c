/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hook/hook-log.h"

#include <unistd.h>

#include "hostdev/release-log.h"
#include "util/address.h"
#include "util/log.h"

#define REASON_SHOWN 512 /* maximum number of characters of an error */

static void report_device(const CcwBusId *id, const char *domain, const char *reason)
{
    char buf[CCW_BUS_ID_STR_LEN];

    ccw_bus_id_format(id, buf);
    if (reason)
        g_info("cannot acquire ccw device %s for %s, which libvirt's process %d starts: %s", buf, domain,
               (int)getppid(), reason);
    else
        g_info("acquired ccw device %s for %s, which libvirt's process %d starts", buf, domain, (int)getppid());
}

void hook_log_start(const char *guest, const char *uuid, const GArray *ids, const GError *error)
{
    g_autofree char *domain = hostdev_log_domain(guest, uuid ? uuid : "without a UUID");
    g_autofree char *reason = error ? ccw_log_shorten(error->message, REASON_SHOWN) : NULL;

    for (guint i = 0; ids && i < ids->len; i++)
        report_device(&g_array_index(ids, CcwBusId, i), domain, reason);
    if (error && (!ids || ids->len == 0))
        g_info("cannot acquire the ccw devices of %s, which libvirt's process %d starts: %s", domain, (int)getppid(),
               reason);
}
