/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trace/trace-idle.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/error.h"

#define BUSY_PERCENT 50

void trace_idle_on_io(TraceIdle *idle, gint64 now)
{
    idle->last_io = now;
    idle->cpu_time = 0;
}

static char *describe(pid_t pid, const char *name, gint64 seconds, guint percent)
{
    g_autofree char *printable = name ? ccw_one_line(name) : NULL;
    g_autofree char *guest = name ? g_strdup_printf(" (%s)", printable) : g_strdup("");
    g_autofree char *command = name ? g_strdup_printf("'virsh qemu-monitor-command %s --hmp info registers'", printable)
                                    : g_strdup("'info registers' in QEMU's monitor");

    return g_strdup_printf("process %d%s has done no channel I/O for %d seconds, and its processor is %s (%u %%): "
                           "%s shows its PSW",
                           (int)pid, guest, (int)seconds, percent >= BUSY_PERCENT ? "busy" : "idle", percent, command);
}

char *trace_idle_check(TraceIdle *idle, pid_t pid, const char *name, gint64 now, guint64 cpu_us)
{
    gint64 elapsed;

    if (idle->cpu_time == 0) {
        idle->cpu_time = now;
        idle->cpu_us = cpu_us;
    }
    elapsed = now - idle->cpu_time;
    if (idle->last_hint > idle->last_io || elapsed <= 0 ||
        now - idle->last_io < TRACE_IDLE_SECONDS * G_TIME_SPAN_SECOND ||
        (idle->last_hint && now - idle->last_hint < TRACE_IDLE_PAUSE_SECONDS * G_TIME_SPAN_SECOND))
        return NULL;
    idle->last_hint = now;
    return describe(pid, name, (now - idle->last_io) / G_TIME_SPAN_SECOND,
                    cpu_us > idle->cpu_us ? (guint)MIN((cpu_us - idle->cpu_us) * 100 / (guint64)elapsed, 9999) : 0);
}

/* User and system time are the fields 14 and 15 of /proc/PID/stat, see proc(5). Field 3 follows the parenthesis. */
guint64 trace_idle_cpu(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *text = NULL;
    unsigned long long user, system;
    const char *end;

    if (!g_file_get_contents(path, &text, NULL, NULL) || !(end = strrchr(text, ')')) ||
        sscanf(end + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu", &user, &system) != 2)
        return 0;
    return (user + system) * G_USEC_PER_SEC / (guint64)sysconf(_SC_CLK_TCK);
}
