/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-regions.h. */
#include "vfio/vfio-regions.h"

#include <errno.h>
#include <string.h>

#include "util/endian.h"

#define OFFSET_SHIFT 10 /* each region takes 1 KiB of the descriptor, as in vfio_ccw_private.h */
#define OFFSET_MASK ((G_GUINT64_CONSTANT(1) << OFFSET_SHIFT) - 1)

#define PATH_MASK 0x80 /* one path, the first */
#define PMCW_DNV 0x01  /* low byte of the flags: the device number is valid */
#define PMCW_OFS_FLAGS 4
#define PMCW_OFS_DEVNO 6
#define PMCW_OFS_LPM 8
#define PMCW_OFS_LPUM 10
#define PMCW_OFS_PIM 11
#define PMCW_OFS_POM 14
#define PMCW_OFS_PAM 15
#define PMCW_OFS_CHPID 16

G_STATIC_ASSERT(sizeof(struct ccw_io_region) == 124);
G_STATIC_ASSERT(ORB_AREA_SIZE == CHANNEL_ORB_SIZE && SCSW_AREA_SIZE == CHANNEL_SCSW_SIZE &&
                IRB_AREA_SIZE == CHANNEL_IRB_SIZE);

/* --- the contents of the regions --- */

static int read_io(VfioRegions *regions, guint8 *region)
{
    struct ccw_io_region io = regions->io;
    int result = vfio_subchannel_fetch(regions->subchannel, io.irb_area);

    memcpy(region, &io, sizeof(io));
    return result;
}

static int read_command(VfioRegions *regions, guint8 *region)
{
    memcpy(region, &regions->command, sizeof(regions->command));
    return 0;
}

/* Principles of Operation, chapter 15, "Path-Management-Control Word". QEMU uses its masks. */
static int read_schib(VfioRegions *regions, guint8 *region)
{
    memset(region, 0, SCHIB_AREA_SIZE);
    region[PMCW_OFS_FLAGS + 1] = PMCW_DNV;
    ccw_store_be16(region + PMCW_OFS_DEVNO, regions->devno);
    region[PMCW_OFS_LPM] = PATH_MASK;
    region[PMCW_OFS_LPUM] = PATH_MASK;
    region[PMCW_OFS_PIM] = PATH_MASK;
    region[PMCW_OFS_POM] = 0xff;
    region[PMCW_OFS_PAM] = PATH_MASK;
    region[PMCW_OFS_CHPID] = regions->chpid;
    return 0;
}

/* Zero ends the queue of channel reports. This queue is always empty. */
static int read_crw(VfioRegions *regions G_GNUC_UNUSED, guint8 *region)
{
    memset(region, 0, sizeof(struct ccw_crw_region));
    return 0;
}

static guint16 host16(const guint8 *at)
{
    guint16 value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static guint32 host32(const guint8 *at)
{
    guint32 value;

    memcpy(&value, at, sizeof(value));
    return value;
}

/* QEMU's ORB: intparm 32, ctrl0 16, lpm 8, ctrl1 8, cpa 32. */
static void orb_from_host(guint8 orb[CHANNEL_ORB_SIZE], const guint8 *area)
{
    ccw_store_be32(orb + CHANNEL_ORB_OFS_INTPARM, host32(area));
    ccw_store_be16(orb + CHANNEL_ORB_OFS_FLAGS, host16(area + 4));
    orb[6] = area[6];
    orb[7] = area[7];
    ccw_store_be32(orb + CHANNEL_ORB_OFS_CPA, host32(area + 8));
}

/* QEMU's SCSW: flags 16, ctrl 16, cpa 32, dstat 8, cstat 8, count 16. */
static void scsw_from_host(guint8 scsw[CHANNEL_SCSW_SIZE], const guint8 *area)
{
    ccw_store_be16(scsw + CHANNEL_SCSW_OFS_FLAGS, host16(area));
    ccw_store_be16(scsw + CHANNEL_SCSW_OFS_CTL, host16(area + 2));
    ccw_store_be32(scsw + CHANNEL_SCSW_OFS_CPA, host32(area + 4));
    scsw[CHANNEL_SCSW_OFS_DSTAT] = area[8];
    scsw[CHANNEL_SCSW_OFS_CSTAT] = area[9];
    ccw_store_be16(scsw + CHANNEL_SCSW_OFS_COUNT, host16(area + 10));
}

static int write_io(VfioRegions *regions, const guint8 *data, gsize at, gsize count)
{
    guint8 orb[CHANNEL_ORB_SIZE], scsw[CHANNEL_SCSW_SIZE];
    int result;

    memcpy((guint8 *)&regions->io + at, data, count);
    orb_from_host(orb, regions->io.orb_area);
    scsw_from_host(scsw, regions->io.scsw_area);
    if (ccw_load_be16(scsw + CHANNEL_SCSW_OFS_CTL) & CHANNEL_SCSW_FCTL_START)
        result = vfio_subchannel_start(regions->subchannel, orb, scsw);
    else
        result = -EOPNOTSUPP; /* halt and clear have their own region */
    regions->io.ret_code = (guint32)result;
    return result;
}

static int write_command(VfioRegions *regions, const guint8 *data, gsize at, gsize count)
{
    int result;

    memcpy((guint8 *)&regions->command + at, data, count);
    if (regions->command.command == VFIO_CCW_ASYNC_CMD_HSCH)
        result = vfio_subchannel_halt(regions->subchannel);
    else if (regions->command.command == VFIO_CCW_ASYNC_CMD_CSCH)
        result = vfio_subchannel_clear(regions->subchannel);
    else
        result = -EINVAL;
    regions->command.ret_code = (guint32)result;
    return result;
}

/* --- the table of regions --- */

static const struct {
    guint32 size;
    guint32 subtype; /* of VFIO_REGION_TYPE_CCW; region 0 has none */
    int (*read)(VfioRegions *regions, guint8 *region);
    int (*write)(VfioRegions *regions, const guint8 *data, gsize at, gsize count);
} table[] = {
    { sizeof(struct ccw_io_region), 0, read_io, write_io },
    { sizeof(struct ccw_cmd_region), VFIO_REGION_SUBTYPE_CCW_ASYNC_CMD, read_command, write_command },
    { sizeof(struct ccw_schib_region), VFIO_REGION_SUBTYPE_CCW_SCHIB, read_schib, NULL },
    { sizeof(struct ccw_crw_region), VFIO_REGION_SUBTYPE_CCW_CRW, read_crw, NULL },
};

const guint vfio_regions_count = G_N_ELEMENTS(table);

int vfio_regions_get_info(struct vfio_region_info *info)
{
    struct vfio_region_info_cap_type type = {
        .header = { .id = VFIO_REGION_INFO_CAP_TYPE, .version = 1 },
        .type = VFIO_REGION_TYPE_CCW,
    };

    if (info->argsz < sizeof(*info) || info->index >= G_N_ELEMENTS(table))
        return -EINVAL;
    info->offset = (guint64)info->index << OFFSET_SHIFT;
    info->size = table[info->index].size;
    info->flags = VFIO_REGION_INFO_FLAG_READ | (table[info->index].write ? VFIO_REGION_INFO_FLAG_WRITE : 0);
    if (table[info->index].subtype == 0)
        return 0;

    info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
    info->cap_offset = 0;
    if (info->argsz < sizeof(*info) + sizeof(type)) {
        info->argsz = sizeof(*info) + sizeof(type);
        return 0;
    }
    type.subtype = table[info->index].subtype;
    memcpy(info + 1, &type, sizeof(type));
    info->cap_offset = sizeof(*info);
    return 0;
}

/* Finds the region, and checks that it has the bytes. */
static gboolean locate(guint64 offset, gsize count, gsize *ret_index, gsize *ret_at)
{
    guint64 index = offset >> OFFSET_SHIFT;
    gsize at = offset & OFFSET_MASK;

    if (index >= G_N_ELEMENTS(table) || at > table[index].size || count > table[index].size - at)
        return FALSE;
    *ret_index = index;
    *ret_at = at;
    return TRUE;
}

gssize vfio_regions_read(VfioRegions *regions, void *buffer, gsize count, guint64 offset)
{
    guint8 region[sizeof(struct ccw_io_region)];
    gsize index, at;
    int result;

    if (!locate(offset, count, &index, &at))
        return -EINVAL;
    g_mutex_lock(&regions->lock);
    result = table[index].read(regions, region);
    g_mutex_unlock(&regions->lock);
    if (result < 0)
        return result;
    memcpy(buffer, region + at, count);
    return (gssize)count;
}

gssize vfio_regions_write(VfioRegions *regions, const void *buffer, gsize count, guint64 offset)
{
    gsize index, at;
    int result;

    if (!locate(offset, count, &index, &at) || !table[index].write)
        return -EINVAL;
    g_mutex_lock(&regions->lock);
    result = table[index].write(regions, buffer, at, count);
    g_mutex_unlock(&regions->lock);
    return result < 0 ? result : (gssize)count;
}
