/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd-lab.h"

#include <string.h>
#include <unistd.h>

#include "dasd/dasd-image.h"
#include "dasd/dasd-snapshot.h"
#include "lab/lab-model.h"
#include "util/error.h"

CmdLabOptions cmd_lab_given;

static void close_images(LabDevice *device)
{
    close(device->image_fd);
    if (device->is_snapshot)
        close(device->snapshot_fd);
}

/* Opens the image of a device and, if the options ask for it, makes a snapshot in the folder. */
static gboolean open_images(const char *path, const char *folder, DasdImageOptions *options, LabDevice *device,
                            GError **error)
{
    DasdImageInfo info;

    device->image_fd = dasd_image_open(path, options, &info, error);
    if (device->image_fd < 0)
        return FALSE;
    device->is_read_only = options->read_only;
    device->is_sync = options->sync;
    device->cu_type = info.cu_type;
    device->cu_model = info.cu_model;
    device->dev_type = info.device_type;
    device->dev_model = info.device_model;
    device->cylinders = info.cylinders;
    if (!options->snapshot)
        return TRUE;
    device->snapshot_fd = dasd_snapshot_create(folder, info.cylinders, error);
    device->is_snapshot = device->snapshot_fd >= 0;
    if (!device->is_snapshot)
        close(device->image_fd);
    return device->is_snapshot;
}

/* Adds the device of "0.0.1234=IMAGE[,ro][,sync][,snapshot]", and opens the image. */
static gboolean add_device(const char *text, const char *folder, GArray *devices, GError **error)
{
    const char *image = strchr(text, '=') + 1;
    g_autofree char *bus_id = g_strndup(text, (gsize)(image - text) - 1);
    g_autofree char *path = NULL;
    DasdImageOptions options;
    LabDevice device = { .image_fd = -1 };

    if (!ccw_bus_id_read(bus_id, &device.id, error))
        return FALSE;
    if (device.id.cssid != 0) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "device %s: cssid %x is out of range: Linux uses only channel subsystem 0", bus_id,
                    device.id.cssid);
        return FALSE;
    }
    for (guint i = 0; i < devices->len; i++) {
        if (ccw_bus_id_equal(&g_array_index(devices, LabDevice, i).id, &device.id)) {
            g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "device %s is given twice", bus_id);
            return FALSE;
        }
    }
    path = dasd_image_parse(image, &options);
    if (!open_images(path, folder, &options, &device, error))
        return FALSE;
    g_array_append_val(devices, device);
    return TRUE;
}

/* Returns: whether the text has the form of a device; add_device() checks its bus id and image. */
static gboolean is_device(const char *text)
{
    const char *equals = strchr(text, '=');
    DasdImageOptions options;
    g_autofree char *path = equals ? dasd_image_parse(equals + 1, &options) : NULL;

    return path && *path;
}

gboolean cmd_lab_check_dasds(void)
{
    for (char **dasd = cmd_lab_given.dasds; dasd && *dasd; dasd++) {
        if (!is_device(*dasd)) {
            cmd_usage("--dasd %s: give it as BUSID=IMAGE[,ro][,sync][,snapshot], for example 0.0.1234=disk.ckd", *dasd);
            return FALSE;
        }
    }
    return TRUE;
}

GArray *cmd_lab_open_devices(GError **error)
{
    g_autoptr(GArray) devices = g_array_new(FALSE, TRUE, sizeof(LabDevice));

    g_array_set_clear_func(devices, (GDestroyNotify)close_images);
    for (char **dasd = cmd_lab_given.dasds; dasd && *dasd; dasd++)
        if (!add_device(*dasd, cmd_lab_given.snapshot_dir, devices, error))
            return NULL;
    return g_steal_pointer(&devices);
}

char **cmd_lab_describe_devices(const GArray *devices)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new();

    for (guint i = 0; i < devices->len; i++) {
        const LabDevice *device = &g_array_index(devices, LabDevice, i);
        g_autofree char *bus_id = ccw_bus_id_to_string(&device->id);
        DasdImageOptions options;
        g_autofree char *name = dasd_image_parse(strchr(cmd_lab_given.dasds[i], '=') + 1, &options);
        g_autofree char *path = g_canonicalize_filename(name, NULL);
        g_ptr_array_add(texts,
                        g_strconcat(bus_id, "=", path, device->is_read_only ? ",ro" : "",
                                    device->is_sync ? ",sync" : "", device->is_snapshot ? ",snapshot" : "", NULL));
    }
    g_ptr_array_add(texts, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&texts), FALSE);
}
