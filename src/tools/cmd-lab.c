/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw lab: runs a command in a lab and, inside a lab, changes the state of its devices' hardware. cmd-lab-stay.c
 * has the labs that stay.
 */
#include <stdio.h>

#include "cmd-lab.h"
#include "commands.h"
#include "lab/lab-control.h"
#include "lab/lab.h"
#include "util/error.h"

static char *lab_name;

static const GOptionEntry exec_options[] = {
    { "lab", 0, 0, G_OPTION_ARG_STRING, &lab_name,
      "Run COMMAND in this lab of 'virt-ccw lab start', and not in a new one", "LAB" },
    CMD_LAB_OPTIONS("with the lab", "COMMAND"),
    G_OPTION_ENTRY_NULL,
};

static int exec_in_new(char **command)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) devices = NULL;
    LabSettings settings = { .writable = cmd_lab_given.writable, .has_network = cmd_lab_given.has_network };
    int rc;

    if (!cmd_lab_check_dasds())
        return CMD_USAGE;
    devices = cmd_lab_open_devices(&error);
    if (!devices)
        return cmd_fail(g_steal_pointer(&error));
    settings.devices = devices;
    rc = lab_exec(&settings, command, &error);
    return rc < 0 ? cmd_fail(g_steal_pointer(&error)) : rc;
}

static int run_exec(int argc, char **argv)
{
    const CmdLabOptions *given = &cmd_lab_given;
    g_autoptr(GError) error = NULL;
    int rc;

    if (argc < 2)
        return cmd_usage("the command to run is missing");
    if (!lab_name)
        return exec_in_new(argv + 1);
    if (given->dasds || given->writable || given->snapshot_dir || given->has_network)
        return cmd_usage("--lab %s: the lab has its devices, folders and network already: give the other options to "
                         "'virt-ccw lab start'",
                         lab_name);
    rc = lab_enter(lab_name, argv + 1, &error);
    return rc < 0 ? cmd_fail(g_steal_pointer(&error)) : rc;
}

/* Sets a device's state; state NULL: only asks for it. */
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

/* state: the state to set; NULL: the second argument is the state, or missing to show the state */
static int run_control(int argc, char **argv, const char *state)
{
    if (argc < 2)
        return cmd_usage("the device is missing, for example 0.0.1234");
    if (argc > (state ? 2 : 3))
        return cmd_usage("'%s' is one argument too many", argv[argc - 1]);
    return control(argv[1], state ? state : argv[2], !state && argc == 2);
}

static int run_unplug(int argc, char **argv)
{
    return run_control(argc, argv, lab_state_name(LAB_STATE_UNPLUGGED));
}

static int run_plug(int argc, char **argv)
{
    return run_control(argc, argv, lab_state_name(LAB_STATE_GOOD));
}

static int run_state(int argc, char **argv)
{
    return run_control(argc, argv, NULL);
}

static const CmdCommand lab_exec_command = {
    .name = "exec",
    .summary = "run a command in a lab",
    .description = "Runs COMMAND in a new lab, or in one that stays. Its exit code is COMMAND's.",
    .arguments = "-- COMMAND [ARGUMENT...]",
    .options = exec_options,
    .is_posix = TRUE,
    .func = run_exec,
};

static const CmdCommand lab_plug = {
    .name = "plug",
    .summary = "plug a device's hardware in again (inside a lab)",
    .description = "Plugs the device's hardware in again. Works only inside a lab, for its root user.",
    .arguments = "DEVICE",
    .is_posix = TRUE,
    .func = run_plug,
};

static const CmdCommand lab_unplug = {
    .name = "unplug",
    .summary = "unplug a device's hardware (inside a lab)",
    .description = "Unplugs the device's hardware, as the administrator of a mainframe can. Waits until the host has "
                   "released the device, and so for its user. Works only inside a lab, for its root user.",
    .arguments = "DEVICE",
    .is_posix = TRUE,
    .func = run_unplug,
};

static const CmdCommand lab_state = {
    .name = "state",
    .summary = "show or set the state of a device's hardware (inside a lab)",
    .description = "Shows the state of the device's hardware, or sets it. Works only inside a lab, for its root user.",
    .arguments = "DEVICE [good|boxed|no-path|alias|unplugged]",
    .is_posix = TRUE,
    .func = run_state,
};

static const CmdCommand *const lab_verbs[] = {
    &lab_exec_command, &cmd_lab_start, &cmd_lab_enter, &cmd_lab_stop, &cmd_lab_list,
    &lab_plug,         &lab_unplug,    &lab_state,     NULL,
};

const CmdCommand cmd_lab = {
    .name = "lab",
    .summary = "run a command with an embedded channel subsystem",
    .description = "Runs a command in a lab: an embedded channel subsystem with DASDs, and a libvirt.",
    .verbs = lab_verbs,
};
