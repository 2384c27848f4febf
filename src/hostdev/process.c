/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/process.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "css/host-private.h"
#include "css/sysfs.h"
#include "util/file.h"

/* proc(5): "PID (COMM) STATE ...". COMM may contain blanks and parentheses: count the fields from the last ')'. */
#define STAT_STATE 0      /* field 3 */
#define STAT_STARTTIME 19 /* field 22 */

char *hostdev_process_identify(CssHost *host, pid_t pid)
{
    g_autofree char *path = g_strdup_printf("%s/%d/stat", host->proc_root, (int)pid);
    g_autofree char *text = ccw_attr_read(path, NULL);
    const char *after = text ? strrchr(text, ')') : NULL;
    g_auto(GStrv) fields = NULL;

    if (!after || after[1] != ' ')
        return NULL;
    fields = g_strsplit(after + 2, " ", -1);
    if (g_strv_length(fields) <= STAT_STARTTIME)
        return NULL;
    if (strchr("ZXx", fields[STAT_STATE][0])) /* it has ended, but its parent has not waited for it yet */
        return NULL;
    return g_strdup_printf("%d:%s", (int)pid, fields[STAT_STARTTIME]);
}

gint64 hostdev_process_began(CssHost *host, pid_t pid)
{
    g_autofree char *token = hostdev_process_identify(host, pid);
    const char *ticks = token ? strchr(token, ':') + 1 : NULL;

    return ticks ? (g_ascii_strtoll(ticks, NULL, 10) + 1) * (G_USEC_PER_SEC / sysconf(_SC_CLK_TCK)) : css_host_clock();
}

char *hostdev_boot(CssHost *host)
{
    char *boot = css_sysfs_attr(host->proc_root, "sys/kernel/random/boot_id");

    if (boot && !g_uuid_string_is_valid(boot))
        g_clear_pointer(&boot, g_free);
    return boot;
}

gboolean hostdev_process_is_live(CssHost *host, const char *token)
{
    g_autofree char *now = NULL;
    guint64 pid;
    char *end;

    pid = g_ascii_strtoull(token, &end, 10);
    if (end == token || *end != ':' || pid == 0 || pid > G_MAXINT)
        return FALSE;
    now = hostdev_process_identify(host, (pid_t)pid);
    return g_strcmp0(now, token) == 0;
}
