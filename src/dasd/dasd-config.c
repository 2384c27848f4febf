/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The identity of a 3390 behind a 3990. Layouts: arch/s390/include/asm/ccwdev.h (sense ID) and
 * drivers/s390/block/dasd_eckd.h (characteristics, configuration data, features).
 */
#include "dasd/dasd-config.h"

#include <string.h>

#include "dasd/dasd-ckd.h"
#include "dasd/dasd-ebcdic.h"
#include "util/ccw-endian.h"

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
    ccw_store_be32(rdc + 6,
                   0xd0000002); /* multiple burst, read track and read data in locate record; reset allegiance */
    rdc[10] = 0x20;             /* class: direct access */
    rdc[11] = model->mdr_id;    /* unit type */
    ccw_store_be16(rdc + 12, (guint16)info->cylinders);
    ccw_store_be16(rdc + 14, DASD_3390_HEADS);
    rdc[16] = DASD_3390_SECTORS;
    rdc[17] = 0;
    ccw_store_be16(rdc + 18, DASD_3390_R0_MAX);
    ccw_store_be16(rdc + 20, DASD_3390_R1_MAX); /* home_bytes of dasd_eckd.h */
    rdc[22] = 2;                                /* the formula of dasd_3390_record_cells, and its factors */
    memcpy(rdc + 23, (const guint8[]){ 34, 19, 9, 6, 116 }, 5);
    rdc[40] = model->mdr_id;
    rdc[41] = model->mdr_id;
    ccw_store_be16(rdc + 44, DASD_3390_R0_MAX);
    rdc[48] = 6;
}

/*
 * A node element descriptor: type, model, manufacturer, plant and serial of a unit, in EBCDIC. The serial is of the bus
 * id, so that two devices of a host differ and one device stays the same.
 */
static void build_ned(guint8 *ned, guint8 flags, guint8 descriptor, guint8 class, const char *type, const char *model,
                      const CcwBusId *bus_id)
{
    g_autofree char *serial = g_strdup_printf("00000%02X%X%04X", bus_id->cssid, bus_id->ssid, bus_id->devno);

    ned[0] = flags;
    ned[1] = descriptor;
    ned[2] = class;
    dasd_ebcdic_store(ned + 4, 6, type);
    dasd_ebcdic_store(ned + 10, 3, model);
    dasd_ebcdic_store(ned + 13, 3, "CCW");
    dasd_ebcdic_store(ned + 16, 2, "00");
    dasd_ebcdic_store(ned + 18, 12, serial);
    ned[30] = 0;
    ned[31] = (guint8)bus_id->devno;
}

static void build_configuration(guint8 *rcd, const DasdImageInfo *info, const CcwBusId *bus_id)
{
    g_autofree char *model = g_strdup_printf("0%02X", info->device_model);
    guint8 *general = rcd + 224;

    build_ned(rcd, 0xdc, 1, 1, "003390", model, bus_id);
    build_ned(rcd + 32, 0xd4, 2, 0, "003990", "006", bus_id);
    general[0] = 0x80;
    general[8] = (guint8)(bus_id->cssid ^ bus_id->ssid); /* the subsystem: the boxes of 256 devices each */
    general[9] = (guint8)(bus_id->devno >> 8);
}

/*
 * The volume is fully provisioned (neither track nor extent space efficient): all of its cylinders are allocated. Its
 * extent pool 0 is for CKD, has standard volumes and extents of 1,113 cylinders, the size of a 3390-1.
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

void dasd_config_build(DasdConfig *config, const DasdImageInfo *info, const CcwBusId *bus_id)
{
    memset(config, 0, sizeof(*config));
    build_sense_id(config->sense_id, info);
    build_characteristics(config->characteristics, info);
    build_configuration(config->configuration, info, bus_id);
    /* Type and base of each of 256 unit addresses: this one is a base device, no other is configured. */
    config->unit_addresses[2 * (guint8)bus_id->devno] = 0x01;
    /* Sense subsystem status: no cache, nothing suspended. The size is what drivers/s390/block/dasd_eer.c reads. */
    config->subsystem_status[1] = (guint8)bus_id->devno;
    memcpy(config->subsystem_status + 38, config->configuration + 224 + 8, 2);
    config->statistics[0] = 0x80; /* not valid: struct dasd_rssd_perf_stats_t of arch/s390/include/uapi/asm/dasd.h */
    config->statistics[1] = (guint8)bus_id->devno;
    ccw_store_be16(config->message, DASD_MESSAGE_SIZE);
    build_storage(config, info);
    config->features[8] = 0x01;  /* prefix */
    config->features[9] = 0x20;  /* read track data */
    config->features[12] = 0x40; /* write track data */
}
