/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One QMP command of a user, for stock QEMU: device_add with hostid= becomes what -device does (dialect.h). Text
 * in, text out; launcher/monitor.h has the connections.
 */
#pragma once

#include "conf/conf.h"

/* Is there such a device? */
typedef gboolean (*CcwHotplugCheck)(const CcwBusId *host, gconstpointer data, GError **error);

typedef struct {
    CcwMapCss map_css;
    CcwHotplugCheck check;
    gconstpointer data; /* for check */
} CcwHotplug;

/*
 * How many bytes of the text are up to the end of the first JSON object in it; 0 if that is not complete. QMP is a
 * stream of objects, on as many lines as the sender likes, and with strings in either kind of quotes.
 */
gsize ccw_hotplug_measure(const char *text, gsize length);

/*
 * The command for QEMU: the same text but for a device_add of vfio-ccw with hostid or guestid. With *ret_refused the
 * text is the answer to the sender instead, a line, and QEMU gets nothing.
 */
char *ccw_hotplug_rewrite(const CcwHotplug *hotplug, const char *command, gboolean *ret_refused);
