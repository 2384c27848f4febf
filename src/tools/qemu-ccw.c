/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu-ccw: stock QEMU with embedded DASDs, on a command line in the dialect of the requested series. No libvirt is
 * involved. The work is launcher/launch.h's and launcher/supervise.h's.
 */
#include <stdio.h>
#include <unistd.h>

#include "cmd.h"
#include "css/host.h"
#include "launcher/launch.h"
#include "launcher/supervise.h"
#include "qemu/caps.h"
#include "util/ccw-config.h"
#include "util/emulator.h"

static void help(void)
{
    puts("Usage: qemu-ccw [--dasd DEVICE=IMAGE]... [--qemu PATH] QEMU-ARGUMENT...\n"
         "\n"
         "Runs stock QEMU with 3390 DASDs that live in image files.\n"
         "\n"
         "  --dasd DEVICE=IMAGE[,ro][,sync]\n"
         "                       the host's channel device 0.0.1234 is the DASD in IMAGE;\n"
         "                       ro: nothing is written to it; sync: a write is on the disk\n"
         "                       before the guest is told, and survives a power cut\n"
         "  --qemu PATH          the emulator (default: " CCW_EMULATOR_DEFAULT ")\n"
         "  --qmp PATH           a QMP monitor at a unix socket whose device_add takes hostid, too\n"
         "  --help               show this help (-help, with one dash, is QEMU's own)\n"
         "  --version            show the version\n"
         "  --                   everything after it is QEMU's\n"
         "\n"
         "Every other argument is passed on to QEMU unchanged, except these:\n"
         "  -machine ...,s390-map-css=on|off\n"
         "                       on (default): devices are in the guest's default css, fe;\n"
         "                       off: in the host's css\n"
         "  -device vfio-ccw,hostid=0.0.1234[,guestid=fe.0.1234],...\n"
         "                       the DASD that --dasd gave, or the host's own device,\n"
         "                       which root's qemu-ccw takes from the host, and gives back when QEMU ends\n"
         "\n"
         "virt-ccw dasd create makes an IMAGE.");
}

/* NULL where the host's devices cannot be taken: by others than root, or because it has no channel subsystem. */
static CcwLease *host_lease(void)
{
    if (geteuid() != 0 || !g_file_test(CCW_HOST_SYSFS "/bus/css/devices", G_FILE_TEST_IS_DIR))
        return NULL;
    return ccw_lease_new(CCW_HOST_SYSFS, CCW_HOST_RUN_DIR);
}

static int launch_qemu(CcwLaunch *launch)
{
    g_autoptr(CcwLease) lease = host_lease();
    g_autoptr(GError) error = NULL;
    g_autofree char *warning = NULL;
    g_auto(GStrv) envp = NULL;
    int status;
    g_auto(GStrv) own_envp = g_get_environ();
    g_autofree char *cache = ccw_caps_default_cache();
    const CcwLaunchPlaces places = { .sysfs_root = CCW_HOST_SYSFS, .cache_dir = cache, .lease = lease };

    if (ccw_launch_prepare(launch, &places, own_envp, &envp, &warning, &error)) {
        if (warning)
            fprintf(stderr, "qemu-ccw: warning: %s\n", warning);
        if (!launch->lease)
            ccw_launch_exec(launch, envp, &error);
        else if ((status = ccw_supervise_run(launch, envp, &error)) >= 0)
            return status;
    }
    return cmd_fail(g_steal_pointer(&error));
}

static int run(char **words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CcwLaunch) launch = ccw_launch_parse(words, &error);

    if (!launch && error->domain == G_OPTION_ERROR)
        return cmd_usage("%s", error->message);
    if (!launch)
        return cmd_fail(g_steal_pointer(&error));
    if (launch->help) {
        help();
        return CMD_OK;
    }
    if (launch->version) {
        printf("qemu-ccw %s\n", CCW_VERSION);
        return CMD_OK;
    }
    return launch_qemu(launch);
}

int main(int argc G_GNUC_UNUSED, char **argv)
{
    cmd_start("qemu-ccw");
    return cmd_finish(run(argv + 1));
}
