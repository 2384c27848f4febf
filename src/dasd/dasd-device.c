/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The public functions of a device: it is created on an image, takes requests, and answers with an IRB.
 */
#include "dasd/dasd-device-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "dasd/dasd-cmd.h"
#include "dasd/dasd-config.h"
#include "dasd/dasd-image.h"
#include "dasd/dasd-program.h"
#include "dasd/dasd-run.h"
#include "dasd/dasd-sequence.h"
#include "dasd/dasd-status.h"
#include "dasd/dasd-volume.h"
#include "util/error.h"

static char *image_name(const DasdDeviceConfig *config)
{
    char bus_id[CCW_BUS_ID_STR_LEN];

    return g_strdup_printf("the image of %s", ccw_bus_id_format(&config->bus_id, bus_id));
}

static DasdDevice *make_device(DasdVolume *volume, gboolean read_only, const DasdDeviceConfig *config,
                               const DasdImageInfo *info)
{
    DasdDevice *device = g_new0(DasdDevice, 1);

    g_mutex_init(&device->request_lock);
    g_mutex_init(&device->state_lock);
    device->drive.find_command = dasd_cmd_find;
    device->drive.check_sequence = dasd_sequence_check;
    device->exec = g_new0(DasdExec, 1);
    device->drive.volume = volume;
    device->drive.read_only = read_only;
    device->drive.unit_address = (guint8)config->bus_id.devno;
    dasd_config_build(&device->drive.config, info, &config->bus_id, config->chpid);
    return device;
}

DasdDevice *dasd_device_new(int fd, const DasdDeviceConfig *config, GError **error)
{
    g_autofree char *name = image_name(config);
    DasdImageInfo info;
    int flags;

    if (!dasd_image_probe(fd, name, &info, error))
        return NULL;
    flags = fcntl(fd, F_GETFL);
    if (flags < 0) {
        ccw_error_set_errno(error, errno, "cannot get the status of %s", name);
        return NULL;
    }
    return make_device(dasd_volume_new(fd, info.cylinders, config->sync),
                       config->read_only || (flags & O_ACCMODE) == O_RDONLY, config, &info);
}

DasdDevice *dasd_device_new_snapshot(int fd, int snapshot_fd, const DasdDeviceConfig *config, GError **error)
{
    g_autofree char *name = image_name(config);
    DasdVolume *volume;
    DasdImageInfo info;

    if (!dasd_image_probe(fd, name, &info, error))
        return NULL;
    volume = dasd_volume_new_snapshot(fd, snapshot_fd, info.cylinders, error);
    return volume ? make_device(volume, FALSE, config, &info) : NULL;
}

void dasd_device_free(DasdDevice *device)
{
    if (!device)
        return;
    dasd_volume_free(device->drive.volume);
    g_free(device->exec);
    g_mutex_clear(&device->request_lock);
    g_mutex_clear(&device->state_lock);
    g_free(device);
}

static void set_running(DasdDevice *device, gboolean running)
{
    g_mutex_lock(&device->state_lock);
    device->running = running;
    g_atomic_int_set(&device->drive.cancel, 0);
    g_mutex_unlock(&device->state_lock);
}

int dasd_device_request(DasdDevice *device, CcwCmdRequest *request)
{
    DasdExec *exec = device->exec;
    int rc;

    if (request->argsz != sizeof(*request))
        return -EINVAL;
    if (!g_mutex_trylock(&device->request_lock))
        return -EBUSY;
    memset(exec, 0, G_STRUCT_OFFSET(DasdExec, program));
    exec->drive = &device->drive;
    exec->orb = request->orb;
    rc = dasd_program_load(&exec->program, request);
    if (rc == 0) {
        set_running(device, TRUE);
        dasd_status_build(exec, dasd_run_program(exec), request->irb);
        set_running(device, FALSE);
    }
    g_mutex_unlock(&device->request_lock);
    return rc;
}

void dasd_device_set_intermediate(DasdDevice *device, DasdIntermediateFunc func, gpointer opaque)
{
    device->drive.intermediate = func;
    device->drive.intermediate_opaque = opaque;
}

void dasd_device_cancel(DasdDevice *device)
{
    g_mutex_lock(&device->state_lock);
    if (device->running)
        g_atomic_int_set(&device->drive.cancel, 1);
    g_mutex_unlock(&device->state_lock);
}

gboolean dasd_device_waits(DasdDevice *device)
{
    return g_atomic_int_get(&device->drive.lasting.waits);
}

gboolean dasd_device_check_ready(DasdDevice *device)
{
    gboolean ready;

    if (!dasd_device_waits(device) || !g_mutex_trylock(&device->request_lock))
        return FALSE;
    ready = dasd_volume_has_room(device->drive.volume);
    if (ready)
        g_atomic_int_set(&device->drive.lasting.waits, FALSE);
    g_mutex_unlock(&device->request_lock);
    return ready;
}

void dasd_device_state_change(guint8 ret_irb[CHANNEL_IRB_SIZE])
{
    dasd_status_build_state_change(ret_irb);
}

void dasd_device_reset(DasdDevice *device)
{
    dasd_device_cancel(device);
    g_mutex_lock(&device->request_lock);
    memset(device->drive.lasting.sense, 0, sizeof(device->drive.lasting.sense));
    memset(device->drive.lasting.path_group_id, 0, sizeof(device->drive.lasting.path_group_id));
    device->drive.lasting.path_state = DASD_PATH_STATE_RESET;
    device->drive.lasting.reserved = FALSE;
    device->drive.lasting.host_told = FALSE;
    /*
     * The system that comes up after the reset does not know that the device waited for room, so the device does not
     * report it.
     */
    g_atomic_int_set(&device->drive.lasting.waits, FALSE);
    g_mutex_unlock(&device->request_lock);
}
