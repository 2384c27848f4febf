/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The identity that a device reports: sense ID, device characteristics, configuration data, features. Bytes only.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-image.h"
#include "util/address.h"

#define DASD_SENSE_ID_SIZE 20
#define DASD_RDC_SIZE 64
#define DASD_RDC_OFS_FACILITIES 6
#define DASD_RDC_HOST_TOLD 0x04 /* this path group has described its host */
#define DASD_RCD_SIZE 256
#define DASD_FEATURES_SIZE 256
#define DASD_UNIT_ADDRESSES_SIZE 512
#define DASD_MESSAGE_SIZE 9
#define DASD_SUBSYSTEM_STATUS_SIZE 44
#define DASD_STATISTICS_SIZE 192
#define DASD_VOLUME_STORAGE_SIZE 28
#define DASD_LOGICAL_CONFIGURATION_SIZE 40
#define DASD_PATH_STATUS_SIZE 24
#define DASD_NODE_DESCRIPTOR_SIZE 32
#define DASD_NODE_SIZE (2 * DASD_NODE_DESCRIPTOR_SIZE) /* descriptor and qualifier */
#define DASD_NODE_OFS_CHPID 31

typedef struct {
    guint8 sense_id[DASD_SENSE_ID_SIZE];
    guint8 characteristics[DASD_RDC_SIZE];
    guint8 configuration[DASD_RCD_SIZE];
    guint8 features[DASD_FEATURES_SIZE];
    guint8 unit_addresses[DASD_UNIT_ADDRESSES_SIZE];
    guint8 subsystem_status[DASD_SUBSYSTEM_STATUS_SIZE];
    guint8 statistics[DASD_STATISTICS_SIZE]; /* statistics of a cache; marked as not valid, because the device has no
                                                cache */
    guint8 message[DASD_MESSAGE_SIZE]; /* answer to a host that asks for a message after an attention: its length, and
                                          no message */
    guint8 volume_storage[DASD_VOLUME_STORAGE_SIZE]; /* answer to the volume storage query: space in cylinders */
    guint8 logical_configuration[DASD_LOGICAL_CONFIGURATION_SIZE]; /* answer to the logical configuration query: one
                                                                      extent pool */
    guint8 path_status[DASD_PATH_STATUS_SIZE];
    guint8 node[DASD_NODE_SIZE]; /* descriptor and qualifier of the control unit */
} DasdConfig;

/**
 * dasd_config_build:
 *
 * Fills @config. docs/dasd-identity.md lists each field, its value and its readers.
 */
void dasd_config_build(DasdConfig *config, const DasdImageInfo *info, const CcwBusId *bus_id, guint8 chpid);
