/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Builds the identity of a 3390 on a 3990, field by field, as docs/dasd-identity.md has it.
 */
#include "dasd/dasd-config.h"

#include <string.h>

#include "dasd/dasd-ckd.h"
#include "dasd/dasd-ebcdic.h"
#include "util/endian.h"

static void build_sense_id(guint8 *id, const DasdImageInfo *info)
{
    id[0] = 0xff;
    ccw_store_be16(id + 1, info->cu_type);
    id[3] = info->cu_model;
    ccw_store_be16(id + 4, info->device_type);
    id[6] = info->device_model;
    /* Command information words: read configuration data, set interface identifier, read node identifier. */
    ccw_store_be32(id + 8, 0x40fa0100);
    ccw_store_be32(id + 12, 0x41270004);
    ccw_store_be32(id + 16, 0x423e0040);
}

static void build_characteristics(guint8 *rdc, const DasdImageInfo *info)
{
    const DasdModel *model = dasd_model_by_cylinders(info->cylinders);

    ccw_store_be16(rdc, info->cu_type);
    rdc[2] = info->cu_model;
    ccw_store_be16(rdc + 3, info->device_type);
    rdc[5] = info->device_model;
    /*
     * Read tracks and read any in locate record, set subsystem characteristics, prefix; read track data and write
     * trackset; reset allegiance.
     */
    ccw_store_be32(rdc + DASD_RDC_OFS_FACILITIES, 0x5a000a02);
    rdc[10] = 0x20; /* class: direct access */
    rdc[11] = model->mdr_id;
    ccw_store_be16(rdc + 12, (guint16)info->cylinders);
    ccw_store_be16(rdc + 14, DASD_3390_HEADS);
    rdc[16] = DASD_3390_SECTORS;
    ccw_store_be16(rdc + 18, DASD_3390_TRACK_LENGTH); /* the low half of 24 bits */
    ccw_store_be16(rdc + 20, DASD_3390_HA_R0_LENGTH);
    rdc[22] = 2; /* the formula of dasd_3390_record_cells, and its factors */
    memcpy(rdc + 23, (const guint8[]){ 34, 19, 9, 6, 116 }, 5);
    rdc[40] = model->mdr_id;
    rdc[41] = model->mdr_id;
    rdc[42] = DASD_3990_CODE;
    rdc[43] = 2; /* length of the parameter of operations that have one */
    ccw_store_be16(rdc + 44, DASD_3390_R0_MAX);
    rdc[48] = 6;
    ccw_store_be16(rdc + 49, DASD_3390_RPS);
    rdc[51] = 0x0f; /* limits of a buffer for features */
    rdc[53] = 0x7f;
    rdc[56] = DASD_3990_CODE;
    rdc[57] = 0xff; /* the data is not stored on a real 3390 */
    ccw_store_be32(rdc + 60, info->cylinders);
}

/*
 * Stores type, model, manufacturer, plant and serial of a unit, in EBCDIC: bytes 4 to 29 of a descriptor of any kind.
 */
static void store_box(guint8 *descriptor, const char *type, const char *model, const CcwBusId *bus_id)
{
    g_autofree char *serial = g_strdup_printf("00000%02X%X%04X", bus_id->cssid, bus_id->ssid, bus_id->devno);

    dasd_ebcdic_store(descriptor + 4, 6, type);
    dasd_ebcdic_store(descriptor + 10, 3, model);
    dasd_ebcdic_store(descriptor + 13, 3, "CCW");
    dasd_ebcdic_store(descriptor + 16, 2, "00");
    dasd_ebcdic_store(descriptor + 18, 12, serial);
}

/*
 * Builds a node element descriptor. The serial comes from the bus id: two devices of a host differ, and each device
 * keeps its serial.
 */
static void build_ned(guint8 *ned, guint32 head, const char *type, const char *model, const CcwBusId *bus_id)
{
    ccw_store_be32(ned, head);
    store_box(ned, type, model, bus_id);
}

/*
 * Builds the descriptors of the device, its string, the storage director and the subsystem (the token), and the general
 * qualifier. The data gives no time-out. A host then uses its own, which leaves a slow file system enough time.
 */
static void build_configuration(guint8 *rcd, const DasdImageInfo *info, const CcwBusId *bus_id, guint8 chpid)
{
    g_autofree char *model = g_strdup_printf("0%02X", info->device_model);
    guint8 unit = (guint8)bus_id->devno;
    guint8 *general = rcd + 224;

    build_ned(rcd, 0xdc010100, "003390", model, bus_id);
    build_ned(rcd + 32, 0xd4020000, "003990", "006", bus_id);
    build_ned(rcd + 64, 0xd0000000, "003990", "006", bus_id);
    build_ned(rcd + 96, 0xf0000001, "003990", "006", bus_id);
    rcd[31] = unit;
    general[0] = 0x80;
    general[3] = chpid;
    general[8] = (guint8)(bus_id->cssid ^ bus_id->ssid); /* the subsystem; each has 256 devices */
    general[9] = (guint8)(bus_id->devno >> 8);
    general[11] = unit;
    general[18] = 0x80; /* the address of the logical device is valid */
    general[19] = unit;
}

/* Builds the descriptor of the control unit. Its qualifier names no interfaces. */
static void build_node(guint8 *node, const CcwBusId *bus_id, guint8 chpid)
{
    node[2] = 0x01; /* class: direct access */
    store_box(node, "003990", "006", bus_id);
    node[30] = 0x80;
    node[DASD_NODE_OFS_CHPID] = chpid;
}

/* The device has one storage path, and one logical path through it. */
static void build_path_status(guint8 *status)
{
    status[0] = 0xc0; /* valid and attached */
    status[1] = 0x80;
    status[16] = 1;
}

/*
 * The device has no cache, and nothing is suspended. The status has the size that drivers/s390/block/dasd_eer.c reads.
 */
static void build_subsystem_status(guint8 *status, const CcwBusId *bus_id, const guint8 *ssid)
{
    status[1] = (guint8)bus_id->devno;
    status[3] = 1; /* set of statistics */
    ccw_store_be16(status + 6, DASD_STATISTICS_SIZE);
    memcpy(status + 38, ssid, 2);
}

/*
 * The volume is fully provisioned (neither track nor extent space efficient): all of its cylinders are allocated. Its
 * extent pool 0 is for CKD, and has standard volumes and extents of 1,113 cylinders, the size of a 3390-1.
 */
static void build_storage(DasdConfig *config, const DasdImageInfo *info)
{
    guint8 *volume = config->volume_storage;
    guint8 *header = config->logical_configuration, *pool = header + 32;

    ccw_store_be32(volume + 16, info->cylinders); /* allocated */
    ccw_store_be32(volume + 20, info->cylinders); /* configured */
    ccw_store_be32(volume + 24, info->cylinders); /* logical capacity */

    ccw_store_be16(header, DASD_LOGICAL_CONFIGURATION_SIZE);
    ccw_store_be16(header + 2, 1); /* pools that follow */
    header[4] = 0x80;              /* their details are valid */
    dasd_ebcdic_store(header + 6, 6, "003990");
    dasd_ebcdic_store(header + 12, 3, "006");
    memcpy(header + 15, config->configuration + 32 + 20, 10); /* the end of the control unit's serial number */
    pool[4] = 0x18;                                           /* standard volumes; the extent size is valid */
    pool[6] = 0x40;                                           /* extent size: 1,113 cylinders */
}

void dasd_config_build(DasdConfig *config, const DasdImageInfo *info, const CcwBusId *bus_id, guint8 chpid)
{
    memset(config, 0, sizeof(*config));
    build_sense_id(config->sense_id, info);
    build_characteristics(config->characteristics, info);
    build_configuration(config->configuration, info, bus_id, chpid);
    build_node(config->node, bus_id, chpid);
    build_path_status(config->path_status);
    /*
     * The table has type and base of 256 unit addresses. This device is a base device. No other device is configured.
     */
    config->unit_addresses[2 * (guint8)bus_id->devno] = 0x01;
    build_subsystem_status(config->subsystem_status, bus_id, config->configuration + 224 + 8);
    config->statistics[0] = 0x80; /* not valid: struct dasd_rssd_perf_stats_t of arch/s390/include/uapi/asm/dasd.h */
    config->statistics[1] = (guint8)bus_id->devno;
    ccw_store_be16(config->message, DASD_MESSAGE_SIZE);
    build_storage(config, info);
    config->features[8] = 0x01;  /* prefix */
    config->features[9] = 0x20;  /* read track data */
    config->features[12] = 0x40; /* write track data */
}
