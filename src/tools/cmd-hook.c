/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw hook: what a script in /etc/libvirt/hooks/qemu.d calls with all the arguments that libvirt gave it and the
 * domain's XML on standard input (docs/host-side.md). Standard output stays empty: libvirt would take it for XML.
 */
#include <sys/stat.h>

#include "cmd.h"
#include "commands.h"
#include "hook/hook.h"
#include "hook/status.h"

int cmd_hook(int argc, char **argv)
{
    g_autofree char *sysfs_root = NULL;
    g_autofree char *run_dir = NULL;
    const GOptionEntry entries[] = {
        { "sysfs-root", 0, 0, G_OPTION_ARG_FILENAME, &sysfs_root, "Take DIR for /sys", "DIR" },
        { "run-dir", 0, 0, G_OPTION_ARG_FILENAME, &run_dir, "Keep the journal in DIR, not in " CCW_HOST_RUN_DIR,
          "DIR" },
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(CcwHost) host = NULL;
    g_autofree char *xml = NULL;
    GError *error = NULL;
    int rc = cmd_options("-- GUEST OPERATION SUBOPERATION [EXTRA]",
                         "Takes a guest's managed channel devices from the host, and gives them back: called by "
                         "libvirt's qemu hook, with the domain XML on standard input.",
                         entries, TRUE, &argc, &argv);

    if (rc >= 0)
        return rc;
    umask(077);
    if (argc < 4) /* a later libvirt may give more */
        return cmd_usage("GUEST, OPERATION and SUBOPERATION are needed, as libvirt gives them to a hook");
    xml = cmd_read_input(NULL, CCW_HOOK_XML_MAX, &error);
    if (xml) {
        host = ccw_host_new(sysfs_root ? sysfs_root : CCW_HOST_SYSFS, "/proc", run_dir ? run_dir : CCW_HOST_RUN_DIR);
        ccw_hook_run(host, CCW_STATUS_DIR, argv[1], argv[2], argv[3], xml, &error);
    }
    if (!error)
        return CMD_OK;
    cmd_fail(error);
    return ccw_hook_failed(argv[2], argv[3]);
}
