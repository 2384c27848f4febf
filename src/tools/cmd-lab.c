/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw lab: runs a command where there is an embedded channel subsystem; and, from inside, does to its devices what
 * happens to hardware.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "commands.h"
#include "dasd/dasd-image.h"
#include "lab/lab-control.h"
#include "lab/lab.h"
#include "util/error.h"

/* "0.0.1234=IMAGE[,ro][,sync]"; opens the image. */
static gboolean take_device(const char *text, GArray *devices, GError **error)
{
    const char *image = strchr(text, '=') + 1;
    g_autofree char *bus_id = g_strndup(text, (gsize)(image - text) - 1);
    g_autofree char *path = NULL;
    DasdImageOptions options;
    DasdImageInfo info;
    LabDevice device = { .image_fd = -1 };

    if (!ccw_bus_id_read(bus_id, &device.id, error))
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
    g_auto(GStrv) writable = NULL;
    g_autoptr(GError) error = NULL;
    int rc;
    const GOptionEntry entries[] = {
        { "dasd", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &dasds,
          "A DASD of the lab, for example 0.0.1234=disk.ckd; repeatable. With ro it is read-only; with sync a write "
          "survives a power cut",
          "BUSID=IMAGE[,ro][,sync]" },
        { "writable", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &writable,
          "A folder of the host that COMMAND may write to, besides the current one, /tmp and /var/tmp; repeatable. "
          "All others are read-only",
          "DIR" },
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
    rc = lab_exec(devices, argv + 1, writable, &error);
    return rc < 0 ? cmd_fail(g_steal_pointer(&error)) : rc;
}

/* The device's state by its bus id; state NULL asks. */
static int control(const char *text, const char *state, gboolean show)
{
    g_autofree char *bus_id = NULL;
    g_autofree char *now = NULL;
    g_autoptr(GError) error = NULL;
    CcwBusId id;

    if (!ccw_bus_id_read(text, &id, &error))
        return cmd_fail(g_steal_pointer(&error));
    bus_id = g_malloc(CCW_BUS_ID_STR_LEN);
    ccw_bus_id_format(&id, bus_id);
    now = lab_control_ask(LAB_CONTROL_SOCKET, bus_id, state, &error);
    if (!now)
        return cmd_fail(g_steal_pointer(&error));
    if (show)
        printf("%s\n", now);
    return CMD_OK;
}

/* state: of plug and unplug, which have none on their command line */
static int run_control(int argc, char **argv, const char *state, const char *usage, const char *summary)
{
    int rc = cmd_options(usage, summary, NULL, TRUE, &argc, &argv);

    if (rc >= 0)
        return rc;
    if (argc < 2)
        return cmd_usage("the device is missing, for example 0.0.1234");
    if (argc > (state ? 2 : 3))
        return cmd_usage("'%s' is one argument too many", argv[argc - 1]);
    return control(argv[1], state ? state : argv[2], !state && argc == 2);
}

static int run_unplug(int argc, char **argv)
{
    return run_control(
        argc, argv, lab_state_name(LAB_STATE_UNPLUGGED), "DEVICE",
        "Takes the device's hardware away, as the administrator of a mainframe can. Returns when the host has let the "
        "device go, which waits for whoever uses it. Works only inside a lab, for its root user.");
}

static int run_plug(int argc, char **argv)
{
    return run_control(argc, argv, lab_state_name(LAB_STATE_GOOD), "DEVICE",
                       "Gives the device's hardware back. Works only inside a lab, for its root user.");
}

static int run_state(int argc, char **argv)
{
    return run_control(
        argc, argv, NULL, "DEVICE [good|boxed|no-path|alias|unplugged]",
        "Shows the state of the device's hardware, or sets it. Works only inside a lab, for its root user.");
}

static const struct {
    const char *name;
    const char *program;
    int (*run)(int argc, char **argv);
} verbs[] = {
    { "exec", "virt-ccw lab exec", run_exec },
    { "plug", "virt-ccw lab plug", run_plug },
    { "unplug", "virt-ccw lab unplug", run_unplug },
    { "state", "virt-ccw lab state", run_state },
};

int cmd_lab(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;

    if (!name)
        return cmd_usage("a verb is missing: exec, plug, unplug or state");
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        printf("A channel subsystem with DASDs, libvirt on it, and a command in it. Usage:\n"
               "  virt-ccw lab exec --dasd BUSID=IMAGE[,ro][,sync] [--dasd ...] [--writable DIR ...] -- COMMAND "
               "[ARGUMENT...]\n"
               "And inside, what happens to hardware:\n"
               "  virt-ccw lab unplug DEVICE\n"
               "  virt-ccw lab plug DEVICE\n"
               "  virt-ccw lab state DEVICE [good|boxed|no-path|alias|unplugged]\n");
        return CMD_OK;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
        if (strcmp(name, verbs[i].name) == 0) {
            g_set_prgname(verbs[i].program);
            return verbs[i].run(argc - 1, argv + 1);
        }
    }
    return cmd_usage("there is no verb '%s': exec, plug, unplug, state", name);
}
