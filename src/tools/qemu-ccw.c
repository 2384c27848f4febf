/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu-ccw: runs stock QEMU with embedded DASDs, without libvirt, by a command line in the dialect of the QEMU series
 * of 2016. src/launcher does the work.
 */
#include <stdio.h>
#include <unistd.h>

#include "cmd-complete.h"
#include "cmd-table.h"
#include "cmd-words-image.h"
#include "css/host.h"
#include "launcher/command-line.h"
#include "launcher/launch.h"
#include "launcher/supervise.h"
#include "qemu/caps.h"
#include "util/ccw-config.h"

static const CmdCommand qemu_ccw = {
    .name = "qemu-ccw",
    .description = "Runs stock QEMU with 3390 DASDs that live in image files ('virt-ccw dasd create' makes one).\n"
                   "\n"
                   "qemu-ccw passes all other arguments to QEMU unchanged, and after -- all arguments, except these:\n"
                   "  -machine ...,s390-map-css=on|off\n"
                   "      on (default): put devices into the guest's default css, fe;\n"
                   "      off: leave them in the host's css\n"
                   "  -device vfio-ccw,hostid=0.0.1234[,guestid=fe.0.1234],...\n"
                   "      the DASD of --dasd, or the host's own device: run by root,\n"
                   "      qemu-ccw acquires it from the host, and releases it when QEMU ends",
    .arguments = "QEMU-ARGUMENT...",
    .options = launcher_options,
};

/* Returns: NULL if the user is not root, or the host has no channel subsystem. */
static LauncherDevices *open_host_devices(void)
{
    if (geteuid() != 0 || !g_file_test(CSS_HOST_SYSFS "/bus/css/devices", G_FILE_TEST_IS_DIR))
        return NULL;
    cmd_log_changes();
    return launcher_devices_new(CSS_HOST_SYSFS, CSS_HOST_RUN_DIR);
}

static int launch_qemu(Launcher *launch)
{
    g_autoptr(LauncherDevices) devices = open_host_devices();
    g_autoptr(GError) error = NULL;
    g_autofree char *warning = NULL;
    g_auto(GStrv) envp = NULL;
    int status;
    g_auto(GStrv) own_envp = g_get_environ();
    g_autofree char *cache = qemu_caps_default_cache();
    const LauncherSettings settings = { .sysfs_root = CSS_HOST_SYSFS, .cache_dir = cache, .devices = devices };

    if (launcher_prepare(launch, &settings, own_envp, &envp, &warning, &error)) {
        if (warning)
            fprintf(stderr, "qemu-ccw: warning: %s\n", warning);
        if (!launch->devices)
            launcher_exec(launch, envp, &error);
        else if ((status = launcher_supervise_run(launch, envp, &error)) >= 0)
            return status;
    }
    return cmd_fail(g_steal_pointer(&error));
}

static int run(char **words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Launcher) launch = launcher_parse(words, &error);

    if (!launch && error->domain == G_OPTION_ERROR)
        return cmd_usage("%s", error->message);
    if (!launch)
        return cmd_fail(g_steal_pointer(&error));
    if (launch->is_help)
        return cmd_print_help(&qemu_ccw);
    if (launch->is_version) {
        printf("qemu-ccw %s\n", CCW_VERSION);
        return CMD_OK;
    }
    return launch_qemu(launch);
}

int main(int argc, char **argv)
{
    cmd_start(qemu_ccw.name);
    if (cmd_complete_is_wanted(argc, argv))
        return cmd_finish(cmd_complete(&qemu_ccw, cmd_image_words, argv + 2));
    return cmd_finish(run(argv + 1));
}
