/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands to the control unit: characteristics, configuration, subsystem functions.
 */
#include "dasd/dasd-exec.h"

#define PSF_ORDER_PREPARE 0x18
#define PSF_ORDER_SET_CHARACTERISTICS 0x1d
#define PSF_OFS_SUBORDER 6
#define PSF_SUBORDER_FEATURES 0x41

void dasd_cmd_read_characteristics(DasdExec *exec)
{
    dasd_data_put(&exec->data, exec->device->config.characteristics, DASD_RDC_SIZE);
}

void dasd_cmd_read_configuration(DasdExec *exec)
{
    dasd_data_put(&exec->data, exec->device->config.configuration, DASD_RCD_SIZE);
}

/*
 * Features can be read; other queries are rejected with the message that drivers/s390/block/dasd_alias.c takes as "not
 * supported" (invalid parameter), else it would ask every 30 s. Set subsystem characteristics is accepted: it has no
 * effect on a subsystem of one device without aliases.
 */
void dasd_cmd_subsystem_function(DasdExec *exec)
{
    guint8 order[66] = { 0 };

    dasd_data_get_upto(&exec->data, order, sizeof(order));
    if (order[0] == PSF_ORDER_SET_CHARACTERISTICS)
        return;
    if (order[0] == PSF_ORDER_PREPARE && order[PSF_OFS_SUBORDER] == PSF_SUBORDER_FEATURES)
        exec->prepared = PSF_SUBORDER_FEATURES;
    else
        dasd_check(exec, DASD_CHECK_PARAMETER);
}

void dasd_cmd_read_subsystem_data(DasdExec *exec)
{
    if (exec->prepared == PSF_SUBORDER_FEATURES)
        dasd_data_put(&exec->data, exec->device->config.features, DASD_FEATURES_SIZE);
    else
        dasd_check(exec, DASD_CHECK_SEQUENCE);
    exec->prepared = 0;
}
