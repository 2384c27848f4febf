/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw hook: called by a script in /etc/libvirt/hooks/qemu.d with libvirt's arguments, and with the domain's XML on
 * standard input (docs/host-side.md). It prints nothing to standard output, because libvirt would read that as XML.
 */
#include <sys/stat.h>

#include "cmd-table.h"
#include "commands.h"
#include "hook/hook.h"
#include "hook/status.h"
#include "util/log.h"

static char *sysfs_root;
static char *run_dir;

static const GOptionEntry options[] = {
    { "sysfs-root", 0, 0, G_OPTION_ARG_FILENAME, &sysfs_root, "Take DIR for /sys", "DIR" },
    { "run-dir", 0, 0, G_OPTION_ARG_FILENAME, &run_dir, "Keep the journal in DIR, not in " CSS_HOST_RUN_DIR, "DIR" },
    G_OPTION_ENTRY_NULL,
};

static int run(int argc, char **argv)
{
    g_autoptr(CssHost) host = NULL;
    g_autofree char *xml = NULL;
    GError *error = NULL;

    umask(077);
    if (!cmd_is_verbose) /* --verbose has set its own writer, and GLib takes one only */
        g_log_set_writer_func(ccw_log_writer_journal, NULL, NULL);
    if (argc < 4) /* a later libvirt may pass more */
        return cmd_usage("give GUEST, OPERATION and SUBOPERATION, as libvirt passes them to a hook");
    xml = cmd_read_input(NULL, HOOK_XML_MAX, &error);
    if (xml) {
        host = css_host_new(sysfs_root ? sysfs_root : CSS_HOST_SYSFS, "/proc", run_dir ? run_dir : CSS_HOST_RUN_DIR);
        hook_run(host, HOOK_STATUS_DIR, argv[1], argv[2], argv[3], xml, &error);
    }
    if (!error)
        return CMD_OK;
    cmd_fail(error);
    return hook_failed(argv[2], argv[3]);
}

const CmdCommand cmd_hook = {
    .name = "hook",
    .summary = "acquire and release a guest's devices; for libvirt's qemu hook",
    .description = "Acquires a guest's managed channel devices from the host, and releases them. libvirt's qemu hook "
                   "calls it, with the domain XML on standard input.",
    .arguments = "-- GUEST OPERATION SUBOPERATION [EXTRA]",
    .options = options,
    .is_posix = TRUE,
    .func = run,
};
