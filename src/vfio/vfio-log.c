/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-log.h. */
#include "vfio/vfio-log.h"

#include <unistd.h>

void vfio_log(const char *format, ...)
{
    g_autofree char *message = NULL;
    g_autofree char *line = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    line = g_strdup_printf("libvirt-ccw-vfio: %s\n", message);
    /* One write keeps the lines of several threads apart. If stderr is closed, the line is lost. */
    if (write(STDERR_FILENO, line, strlen(line)) < 0)
        return;
}
