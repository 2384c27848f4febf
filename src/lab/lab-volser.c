/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-volser.h"

#include <errno.h>

#include "dasd/dasd-image.h"

int lab_volser_read(LabModel *model, const char *device, char ret_volser[DASD_VOLSER_MAX + 1])
{
    /* Neither the table nor the descriptors change after lab_model_new(). */
    const LabSubchannel *sch = g_hash_table_lookup(model->by_device, device);

    if (!sch)
        return ENODEV;
    dasd_image_read_volser(sch->config.image_fd, sch->config.is_snapshot ? sch->config.snapshot_fd : -1, ret_volser);
    return 0;
}
