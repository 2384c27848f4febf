/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs programs on the device library: a guest's start function, from the ORB to the IRB. */
#include <string.h>
#include <unistd.h>

#include "dasd/dasd-device-private.h"
#include "dasd/dasd-image.h"
#include "oracle-rules.h"
#include "oracle-run.h"
#include "util/endian.h"

#define CHPID 0x34 /* as qemu-ccw gives it (vfio-source.h): it is in the configuration data */

static guint8 *map(void *opaque, guint64 address, gsize length, G_GNUC_UNUSED gboolean write, gsize *ret_length)
{
    const Core *core = opaque;

    if (address >= core->size)
        return NULL;
    *ret_length = MIN(length, core->size - address);
    return core->bytes + address;
}

/* Notes a program-controlled interruption. */
static gboolean note_pci(gpointer opaque, const guint8 irb[CHANNEL_IRB_SIZE])
{
    OracleDevice *device = opaque;
    guint8 mapped[CHANNEL_IRB_SIZE];

    memcpy(mapped, irb, CHANNEL_IRB_SIZE);
    channel_translation_map_irb(device->translation, mapped);
    memcpy(device->slot + CORE_SLOT_PCI, mapped + CHANNEL_SCSW_OFS_CPA, sizeof(guint32));
    return TRUE;
}

OracleDevice *oracle_device_new(const char *path, const ChannelMemory *memory, GError **error)
{
    const DasdDeviceConfig config = { .bus_id = { 0, 0, 0x3001 }, .chpid = CHPID };
    DasdImageOptions options = { .read_only = FALSE };
    OracleDevice *device;
    DasdImageInfo info;
    DasdDevice *dasd;
    int fd = dasd_image_open(path, &options, &info, error);

    if (fd < 0)
        return NULL;
    dasd = dasd_device_new(fd, &config, error);
    if (!dasd) {
        close(fd);
        return NULL;
    }
    device = g_new0(OracleDevice, 1);
    device->device = dasd;
    device->translation = channel_translation_new();
    device->memory = *memory;
    dasd_device_set_intermediate(dasd, note_pci, device);
    return device;
}

void oracle_device_free(OracleDevice *device)
{
    if (!device)
        return;
    dasd_device_free(device->device);
    channel_translation_free(device->translation);
    g_free(device);
}

/* Runs a program from its start, or from the CCW before which it was suspended. */
static void run(OracleDevice *device, const guint8 orb[CHANNEL_ORB_SIZE], const guint8 scsw[CHANNEL_SCSW_SIZE])
{
    CcwCmdRequest request = { 0 };

    if (channel_translate(device->translation, &device->memory, orb, scsw, &request) == CHANNEL_TRANSLATED) {
        int rc = dasd_device_request(device->device, &request);

        if (rc < 0)
            g_error("the device did not take a program: %s", g_strerror(-rc));
        channel_translation_map_irb(device->translation, request.irb);
    }
    memcpy(device->slot + CORE_SLOT_IRB, request.irb, CHANNEL_IRB_SIZE);
}

/* Notes a suspension, and clears the flag of its CCW. */
static void note_suspension(guint8 *slot, guint32 cpa)
{
    gboolean is_format1 = ccw_load_be32(slot + CORE_SLOT_ORB + CHANNEL_ORB_OFS_FLAGS) & CHANNEL_ORB_FORMAT1;
    guint8 *ccw = slot + CORE_SLOT_CCWS + CCW_SIZE * core_slot_index(slot, cpa);

    ccw_store_be32(slot + CORE_SLOT_SUSPENDED, cpa);
    ccw_store_be32(slot + CORE_SLOT_SUSPENSIONS, ccw_load_be32(slot + CORE_SLOT_SUSPENSIONS) + 1);
    ccw[is_format1 ? CCW_OFS_FLAGS : CCW0_OFS_FLAGS] &= (guint8)~CCW_FLAG_SUSPEND;
}

/*
 * The status of an end can have the program-controlled interruption of a CCW of chained data. Hercules has it apart, so
 * this makes two of it.
 */
static void divide_pci(guint8 *slot)
{
    guint8 *scsw = slot + CORE_SLOT_IRB + CHANNEL_IRB_OFS_SCSW;
    guint16 ctl = ccw_load_be16(scsw + CHANNEL_SCSW_OFS_CTL);

    if (!(scsw[CHANNEL_SCSW_OFS_CSTAT] & CHANNEL_CSTAT_PCI))
        return;
    memcpy(slot + CORE_SLOT_PCI, scsw + CHANNEL_SCSW_OFS_CPA, sizeof(guint32));
    scsw[CHANNEL_SCSW_OFS_CSTAT] &= (guint8)~CHANNEL_CSTAT_PCI;
    ccw_store_be16(scsw + CHANNEL_SCSW_OFS_CTL, ctl & (guint16)~CHANNEL_SCSW_STCTL_INTERMEDIATE);
}

void oracle_device_run(OracleDevice *device, guint8 *slot)
{
    const guint8 *irb = slot + CORE_SLOT_IRB;
    guint8 orb[CHANNEL_ORB_SIZE], scsw[CHANNEL_SCSW_SIZE] = { 0 };

    device->slot = slot;
    memcpy(orb, slot + CORE_SLOT_ORB, CHANNEL_ORB_SIZE);
    run(device, orb, scsw);
    while (ccw_load_be16(irb + CHANNEL_SCSW_OFS_CTL) & CHANNEL_SCSW_ACTL_SUSPENDED) {
        guint32 cpa = ccw_load_be32(irb + CHANNEL_SCSW_OFS_CPA);

        note_suspension(slot, cpa);
        ccw_store_be32(orb + CHANNEL_ORB_OFS_CPA, cpa - CCW_SIZE);
        memcpy(scsw, irb, CHANNEL_SCSW_SIZE);
        ccw_store_be16(scsw + CHANNEL_SCSW_OFS_CTL, CHANNEL_SCSW_FCTL_START | CHANNEL_SCSW_ACTL_RESUME_PENDING);
        run(device, orb, scsw);
    }
    divide_pci(slot);
}

gboolean oracle_run_device(Core *core, const char *image, guint *ret_rules, GError **error)
{
    const ChannelMemory memory = { map, core };
    g_autoptr(OracleDevice) device = oracle_device_new(image, &memory, error);

    if (!device)
        return FALSE;
    if (ret_rules) {
        device->device->drive.find_command = oracle_rules_find_command;
        device->device->drive.check_sequence = oracle_rules_check_sequence;
    }
    for (guint i = core->first; i < core->n_slots; i++) {
        oracle_device_run(device, core_slot(core, i));
        if (ret_rules)
            ret_rules[i] = oracle_rules_take();
    }
    return TRUE;
}
