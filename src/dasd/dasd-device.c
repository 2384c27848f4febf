/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The device as others see it: made on an image, given requests, answering with an IRB.
 */
#include "dasd/dasd-device.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "dasd/dasd-exec.h"
#include "util/ccw-endian.h"
#include "util/ccw-error.h"

#define IRB_OFS_LPUM (CCW_IRB_OFS_ESW + 1)
#define IRB_OFS_ERW (CCW_IRB_OFS_ESW + 4)
#define SCSW_FLAGS_OF_ORB 0xf8f8 /* key, suspend; format, prefetch and the three after: at the same bits in both */

DasdDevice *dasd_device_new(int fd, const DasdDeviceConfig *config, GError **error)
{
    char bus_id[CCW_BUS_ID_STR_LEN];
    g_autofree char *name = g_strdup_printf("the image of %s", ccw_bus_id_format(&config->bus_id, bus_id));
    DasdDevice *device;
    DasdImageInfo info;
    int flags;

    if (!dasd_image_probe(fd, name, &info, error))
        return NULL;
    flags = fcntl(fd, F_GETFL);
    if (flags < 0) {
        ccw_error_set_errno(error, errno, "cannot look at %s", name);
        return NULL;
    }
    device = g_new0(DasdDevice, 1);
    g_mutex_init(&device->request_lock);
    g_mutex_init(&device->state_lock);
    device->find_command = dasd_cmd_find;
    device->volume = dasd_volume_new(fd, info.cylinders, config->sync);
    device->read_only = config->read_only || (flags & O_ACCMODE) == O_RDONLY;
    device->unit_address = (guint8)config->bus_id.devno;
    dasd_config_build(&device->config, &info, &config->bus_id);
    return device;
}

void dasd_device_free(DasdDevice *device)
{
    if (!device)
        return;
    dasd_volume_free(device->volume);
    g_mutex_clear(&device->request_lock);
    g_mutex_clear(&device->state_lock);
    g_free(device);
}

/*
 * Principles of Operation, chapter 16: SCSW, ESW, ECW. Sense comes along with the unit check (concurrent sense), and is
 * still there for a SENSE command.
 */
static void make_irb(const DasdExec *exec, const guint8 *orb, guint8 *irb)
{
    guint32 orb_flags = ccw_load_be32(orb + CCW_ORB_OFS_FLAGS);
    guint8 lpm = (guint8)(orb_flags >> CCW_ORB_LPM_SHIFT);
    gboolean unit_check = (exec->dstat & CCW_DSTAT_UNIT_CHECK) != 0;
    guint8 *scsw = irb + CCW_IRB_OFS_SCSW;
    guint16 flags = (guint16)(orb_flags >> 16 & SCSW_FLAGS_OF_ORB);
    guint16 control = CCW_SCSW_FCTL_START | CCW_SCSW_STCTL_PRIMARY | CCW_SCSW_STCTL_SECONDARY | CCW_SCSW_STCTL_PENDING;

    if ((exec->cstat & ~CCW_CSTAT_PCI) || unit_check || (exec->dstat & CCW_DSTAT_UNIT_EXCEPTION))
        control |= CCW_SCSW_STCTL_ALERT;
    /* An intermediate status that comes together with the last one. */
    if (exec->cstat & CCW_CSTAT_PCI)
        control |= CCW_SCSW_STCTL_INTERMEDIATE;
    if (unit_check)
        flags |= CCW_SCSW_FLAG_L | CCW_SCSW_FLAG_E;
    memset(irb, 0, CCW_IRB_SIZE);
    ccw_store_be16(scsw + CCW_SCSW_OFS_FLAGS, flags);
    ccw_store_be16(scsw + CCW_SCSW_OFS_CTL, control);
    ccw_store_be32(scsw + CCW_SCSW_OFS_CPA, (exec->ccw.index + 1) * CCW_SIZE);
    scsw[CCW_SCSW_OFS_DSTAT] = exec->dstat;
    scsw[CCW_SCSW_OFS_CSTAT] = exec->cstat;
    ccw_store_be16(scsw + CCW_SCSW_OFS_COUNT, (guint16)exec->data.left);
    irb[IRB_OFS_LPUM] = (lpm & 0x80) || !lpm ? 0x80 : lpm;
    if (unit_check) {
        ccw_store_be32(irb + IRB_OFS_ERW, CCW_ERW_CONS | DASD_SENSE_SIZE << CCW_ERW_SCNT_SHIFT);
        memcpy(irb + CCW_IRB_OFS_ECW, exec->device->sense, DASD_SENSE_SIZE);
    }
}

static void set_running(DasdDevice *device, gboolean running)
{
    g_mutex_lock(&device->state_lock);
    device->running = running;
    g_atomic_int_set(&device->cancel, 0);
    g_mutex_unlock(&device->state_lock);
}

int dasd_device_request(DasdDevice *device, CcwCmdRequest *request)
{
    g_autofree DasdExec *exec = NULL;
    int rc;

    if (request->argsz != sizeof(*request))
        return -EINVAL;
    if (!g_mutex_trylock(&device->request_lock))
        return -EBUSY;
    exec = g_new0(DasdExec, 1);
    exec->device = device;
    rc = dasd_program_load(&exec->program, request);
    if (rc == 0) {
        set_running(device, TRUE);
        dasd_exec_run(exec);
        set_running(device, FALSE);
        make_irb(exec, request->orb, request->irb);
    }
    g_mutex_unlock(&device->request_lock);
    return rc;
}

void dasd_device_cancel(DasdDevice *device)
{
    g_mutex_lock(&device->state_lock);
    if (device->running)
        g_atomic_int_set(&device->cancel, 1);
    g_mutex_unlock(&device->state_lock);
}

void dasd_device_reset(DasdDevice *device)
{
    dasd_device_cancel(device);
    g_mutex_lock(&device->request_lock);
    memset(device->sense, 0, sizeof(device->sense));
    memset(device->path_group_id, 0, sizeof(device->path_group_id));
    device->path_state = DASD_PATH_STATE_RESET;
    device->reserved = FALSE;
    device->track_number = 0;
    g_mutex_unlock(&device->request_lock);
}
