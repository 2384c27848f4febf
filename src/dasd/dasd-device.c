/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The device as others see it: made on an image, given requests, answering with an IRB.
 */
#include "dasd/dasd-device.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "dasd/dasd-exec.h"
#include "util/error.h"

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
    device->exec = g_new0(DasdExec, 1);
    device->volume = dasd_volume_new(fd, info.cylinders, config->sync);
    device->read_only = config->read_only || (flags & O_ACCMODE) == O_RDONLY;
    device->unit_address = (guint8)config->bus_id.devno;
    dasd_config_build(&device->config, &info, &config->bus_id, config->chpid);
    return device;
}

void dasd_device_free(DasdDevice *device)
{
    if (!device)
        return;
    dasd_volume_free(device->volume);
    g_free(device->exec);
    g_mutex_clear(&device->request_lock);
    g_mutex_clear(&device->state_lock);
    g_free(device);
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
    DasdExec *exec = device->exec;
    int rc;

    if (request->argsz != sizeof(*request))
        return -EINVAL;
    if (!g_mutex_trylock(&device->request_lock))
        return -EBUSY;
    memset(exec, 0, sizeof(*exec));
    exec->device = device;
    exec->orb = request->orb;
    rc = dasd_program_load(&exec->program, request);
    if (rc == 0) {
        set_running(device, TRUE);
        dasd_status_build(exec, dasd_exec_run(exec), request->irb);
        set_running(device, FALSE);
    }
    g_mutex_unlock(&device->request_lock);
    return rc;
}

void dasd_device_set_intermediate(DasdDevice *device, DasdIntermediateFunc func, gpointer opaque)
{
    device->intermediate = func;
    device->intermediate_opaque = opaque;
}

void dasd_device_cancel(DasdDevice *device)
{
    g_mutex_lock(&device->state_lock);
    if (device->running)
        g_atomic_int_set(&device->cancel, 1);
    g_mutex_unlock(&device->state_lock);
}

gboolean dasd_device_waits(DasdDevice *device)
{
    return g_atomic_int_get(&device->lasting.waits);
}

gboolean dasd_device_look(DasdDevice *device)
{
    gboolean ready;

    if (!dasd_device_waits(device) || !g_mutex_trylock(&device->request_lock))
        return FALSE;
    ready = dasd_volume_has_room(device->volume);
    if (ready)
        g_atomic_int_set(&device->lasting.waits, FALSE);
    g_mutex_unlock(&device->request_lock);
    return ready;
}

void dasd_device_reset(DasdDevice *device)
{
    dasd_device_cancel(device);
    g_mutex_lock(&device->request_lock);
    memset(device->lasting.sense, 0, sizeof(device->lasting.sense));
    memset(device->lasting.path_group_id, 0, sizeof(device->lasting.path_group_id));
    device->lasting.path_state = DASD_PATH_STATE_RESET;
    device->lasting.reserved = FALSE;
    device->lasting.host_told = FALSE;
    /* Who would hear of it does not know what it is about. */
    g_atomic_int_set(&device->lasting.waits, FALSE);
    g_mutex_unlock(&device->request_lock);
}
