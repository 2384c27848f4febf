/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-image.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "dasd/dasd-lock.h"
#include "util/error.h"

int lab_image_open(const LabGroup *group, GError **error)
{
    gboolean only_reads = group->is_read_only || group->is_snapshot;
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", group->image_fd);
    int fd = open(link, (only_reads ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY);

    if (fd < 0) {
        ccw_error_set_errno(error, errno, "cannot open the image of %s again", group->bus_id);
        return -1;
    }
    if (!group->is_snapshot)
        dasd_lock_drop(group->image_fd);
    if (dasd_lock_take(fd, NULL, error))
        return fd;
    g_prefix_error(error, "a guest cannot have %s: ", group->bus_id);
    close(fd);
    return -1;
}

void lab_image_release(const LabDevice *device)
{
    if (!device->is_snapshot)
        dasd_lock_drop(device->image_fd);
}
