/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device library's part of oracle-run.h: a guest's start function, from the ORB to the IRB. */
#include <string.h>
#include <unistd.h>

#include "dasd/dasd-image.h"
#include "oracle-run.h"

#define CHPID 0x34 /* as qemu-ccw gives it (vfio-source.h): it is in the configuration data */

static guint8 *map(void *opaque, guint64 address, gsize length, G_GNUC_UNUSED gboolean write, gsize *ret_length)
{
    const Core *core = opaque;

    if (address >= core->size)
        return NULL;
    *ret_length = MIN(length, core->size - address);
    return core->bytes + address;
}

OracleDevice *oracle_device_new(const char *path, const CcwMemory *memory, GError **error)
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
    device->translation = ccw_translation_new();
    device->memory = *memory;
    return device;
}

void oracle_device_free(OracleDevice *device)
{
    if (!device)
        return;
    dasd_device_free(device->device);
    ccw_translation_free(device->translation);
    g_free(device);
}

void oracle_device_run(OracleDevice *device, const guint8 orb[CCW_ORB_SIZE], guint8 irb[CCW_IRB_SIZE])
{
    const guint8 scsw[CCW_SCSW_SIZE] = { 0 };
    CcwCmdRequest request = { 0 };

    if (ccw_translate(device->translation, &device->memory, orb, scsw, &request) == CCW_TRANSLATED) {
        int rc = dasd_device_request(device->device, &request);

        if (rc < 0)
            g_error("the device did not take a program: %s", g_strerror(-rc));
        ccw_translation_map_irb(device->translation, request.irb);
    }
    memcpy(irb, request.irb, CCW_IRB_SIZE);
}

gboolean oracle_run_device(Core *core, const char *image, GError **error)
{
    const CcwMemory memory = { map, core };
    g_autoptr(OracleDevice) device = oracle_device_new(image, &memory, error);

    if (!device)
        return FALSE;
    for (guint i = 0; i < core->n_slots; i++)
        oracle_device_run(device, core_slot(core, i) + CORE_SLOT_ORB, core_slot(core, i) + CORE_SLOT_IRB);
    return TRUE;
}
