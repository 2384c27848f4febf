/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw lab: runs a command where there is an embedded channel subsystem.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "commands.h"
#include "dasd/dasd-image.h"
#include "lab/lab-model.h"
#include "lab/lab.h"
#include "util/ccw-error.h"

/* "0.0.1234=IMAGE[,ro][,sync]"; opens the image. */
static gboolean take_device(const char *text, GArray *devices, GError **error)
{
    const char *image = strchr(text, '=') + 1;
    g_autofree char *bus_id = g_strndup(text, (gsize)(image - text) - 1);
    g_autofree char *path = NULL;
    DasdImageOptions options;
    DasdImageInfo info;
    LabDevice device = { .image_fd = -1 };

    if (!ccw_bus_id_parse(bus_id, &device.id, error))
        return FALSE;
    if (device.id.cssid != 0) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "device %s: cssid %x is out of range: Linux has its devices in channel subsystem 0", bus_id,
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
    device.image_fd = dasd_image_open(path, &options, &info, error);
    if (device.image_fd < 0)
        return FALSE;
    device.read_only = options.read_only;
    device.sync = options.sync;
    device.cu_type = info.cu_type;
    device.cu_model = info.cu_model;
    device.dev_type = info.device_type;
    device.dev_model = info.device_model;
    g_array_append_val(devices, device);
    return TRUE;
}

/* It has both a bus id and an image, whatever they are. */
static gboolean is_device(const char *text)
{
    const char *equals = strchr(text, '=');
    DasdImageOptions options;
    g_autofree char *path = equals ? dasd_image_parse(equals + 1, &options) : NULL;

    return path && *path;
}

static void close_image(LabDevice *device)
{
    close(device->image_fd);
}

static int run_exec(int argc, char **argv)
{
    g_autoptr(GArray) devices = g_array_new(FALSE, TRUE, sizeof(LabDevice));
    g_auto(GStrv) dasds = NULL;
    g_autoptr(GError) error = NULL;
    int rc;
    const GOptionEntry entries[] = {
        { "dasd", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &dasds,
          "A DASD of the lab's, e.g. 0.0.1234=disk.ckd; repeatable. ro: nothing is written; sync: writes survive a "
          "power cut",
          "BUSID=IMAGE[,ro][,sync]" },
        G_OPTION_ENTRY_NULL,
    };

    rc = cmd_options("-- COMMAND [ARGUMENT...]", "Runs COMMAND in a lab. Its exit code is COMMAND's.", entries, TRUE,
                     &argc, &argv);
    if (rc >= 0)
        return rc;
    if (argc < 2)
        return cmd_usage("the command to run is missing");
    for (char **dasd = dasds; dasd && *dasd; dasd++)
        if (!is_device(*dasd))
            return cmd_usage("--dasd %s: give it as BUSID=IMAGE[,ro][,sync], for example 0.0.1234=disk.ckd", *dasd);
    g_array_set_clear_func(devices, (GDestroyNotify)close_image);
    for (char **dasd = dasds; dasd && *dasd; dasd++)
        if (!take_device(*dasd, devices, &error))
            return cmd_fail(g_steal_pointer(&error));
    rc = lab_exec(devices, argv + 1, &error);
    return rc < 0 ? cmd_fail(g_steal_pointer(&error)) : rc;
}

int cmd_lab(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;

    if (!name)
        return cmd_usage("a verb is missing: exec");
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        printf("A channel subsystem with DASDs, libvirt on it, and a command in it. Usage:\n"
               "  virt-ccw lab exec --dasd BUSID=IMAGE[,ro][,sync] [--dasd ...] -- COMMAND [ARGUMENT...]\n");
        return CMD_OK;
    }
    if (strcmp(name, "exec") != 0)
        return cmd_usage("there is no verb '%s': exec", name);
    g_set_prgname("virt-ccw lab exec");
    return run_exec(argc - 1, argv + 1);
}
