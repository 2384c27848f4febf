/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands to the control unit: characteristics, configuration, subsystem functions.
 */
#include "dasd/dasd-exec.h"

#define PSF_ORDER_PREPARE 0x18
#define PSF_ORDER_SET_CHARACTERISTICS 0x1d
#define PSF_OFS_SUBORDER 6
#define PSF_SUBORDER_STATISTICS 0x01
#define PSF_SUBORDER_MESSAGES 0x03
#define PSF_SUBORDER_UNIT_ADDRESSES 0x0e
#define PSF_SUBORDER_FEATURES 0x41
#define PSF_SUBORDER_VOLUME_STORAGE 0x52
#define PSF_SUBORDER_LOGICAL_CONFIGURATION 0x53

/* What can be prepared to be read, a row each. */
static const struct {
    guint8 suborder;
    gsize offset; /* in DasdConfig */
    gsize size;
} answers[] = {
    { PSF_SUBORDER_STATISTICS, G_STRUCT_OFFSET(DasdConfig, statistics), DASD_STATISTICS_SIZE },
    { PSF_SUBORDER_MESSAGES, G_STRUCT_OFFSET(DasdConfig, message), DASD_MESSAGE_SIZE },
    { PSF_SUBORDER_UNIT_ADDRESSES, G_STRUCT_OFFSET(DasdConfig, unit_addresses), DASD_UNIT_ADDRESSES_SIZE },
    { PSF_SUBORDER_FEATURES, G_STRUCT_OFFSET(DasdConfig, features), DASD_FEATURES_SIZE },
    { PSF_SUBORDER_VOLUME_STORAGE, G_STRUCT_OFFSET(DasdConfig, volume_storage), DASD_VOLUME_STORAGE_SIZE },
    { PSF_SUBORDER_LOGICAL_CONFIGURATION, G_STRUCT_OFFSET(DasdConfig, logical_configuration),
      DASD_LOGICAL_CONFIGURATION_SIZE },
};

void dasd_cmd_read_characteristics(DasdExec *exec)
{
    dasd_data_put(&exec->data, exec->device->config.characteristics, DASD_RDC_SIZE);
}

void dasd_cmd_read_configuration(DasdExec *exec)
{
    dasd_data_put(&exec->data, exec->device->config.configuration, DASD_RCD_SIZE);
}

void dasd_cmd_sense_subsystem_status(DasdExec *exec)
{
    dasd_data_put(&exec->data, exec->device->config.subsystem_status, DASD_SUBSYSTEM_STATUS_SIZE);
}

/*
 * Queries that are not in the table are rejected with the message that drivers/s390/block/dasd_alias.c takes as "not
 * supported" (invalid parameter). Set subsystem characteristics is accepted: it has no effect on a subsystem of one
 * device without aliases.
 */
void dasd_cmd_subsystem_function(DasdExec *exec)
{
    guint8 order[66] = { 0 };

    dasd_data_get_upto(&exec->data, order, sizeof(order));
    if (order[0] == PSF_ORDER_SET_CHARACTERISTICS)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(answers) && order[0] == PSF_ORDER_PREPARE; i++) {
        if (answers[i].suborder == order[PSF_OFS_SUBORDER]) {
            exec->chain.prepared = answers[i].suborder;
            return;
        }
    }
    dasd_check(exec, DASD_CHECK_PARAMETER);
}

/* The answer to a summary unit check, which aliases raise: none is here, so none is pending. */
void dasd_cmd_reset_summary_unit_check(DasdExec *exec)
{
    guint8 reason[16];

    dasd_data_get_upto(&exec->data, reason, sizeof(reason));
}

void dasd_cmd_read_subsystem_data(DasdExec *exec)
{
    guint suborder = exec->chain.prepared;

    exec->chain.prepared = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
        if (answers[i].suborder == suborder) {
            dasd_data_put(&exec->data, (const guint8 *)&exec->device->config + answers[i].offset, answers[i].size);
            return;
        }
    }
    dasd_check(exec, DASD_CHECK_SEQUENCE);
}
