/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw reconcile: reconciles the host with the journal, as virtccwd does when it starts, and prints the results
 * (hostdev/reconcile-report.h). It asks libvirt which domain has which device. Without libvirt it reads libvirt's
 * status files, and finds open devices.
 */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd-json.h"
#include "cmd-table.h"
#include "commands.h"
#include "css/host.h"
#include "hook/status.h"
#include "hostdev/live-domains.h"
#include "hostdev/reconcile-report.h"
#include "hostdev/reconcile.h"
#include "util/error.h"

#define DEFAULT_URI "qemu:///system"

typedef struct {
    const char *uri;
    const char *sysfs_root;
    const char *run_dir;
    gboolean is_dry_run;
    gboolean is_json;
} Options;

static Options given = {
    .uri = DEFAULT_URI,
    .sysfs_root = CSS_HOST_SYSFS,
    .run_dir = CSS_HOST_RUN_DIR,
};

static void print_text(HostdevReport *report, gboolean is_complete)
{
    g_autofree char *text = hostdev_report_to_text(report, !cmd_is_quiet || given.is_dry_run);

    fputs(text, stdout);
    if (hostdev_report_size(report) == 0 && is_complete && !cmd_is_quiet)
        printf("nothing to do\n");
}

static int finish(HostdevReport *report, GError *error)
{
    gboolean has_failed = hostdev_report_has_failed(report);
    gboolean is_complete = !error || has_failed; /* an entry that is not understood is not in the report */

    if (given.is_json)
        cmd_print_json_array(hostdev_report_to_json(report));
    else
        print_text(report, is_complete);
    if (!is_complete)
        return cmd_fail(error);
    g_clear_error(&error);
    return has_failed ? CMD_FAILED : CMD_OK;
}

static int reconcile_by_libvirt(virConnectPtr conn, HostdevReport *report, const Options *options, CssHost *host,
                                HostdevReconcile *request)
{
    g_autoptr(HostdevManager) manager =
        hostdev_manager_new(css_host_new(options->sysfs_root, "/proc", options->run_dir));
    GError *error = NULL;
    g_autoptr(HostdevLive) live = hostdev_query_domains(conn, manager, &error);

    if (!live) {
        g_prefix_error(&error, "nothing was done, try again: ");
        return cmd_fail(error);
    }
    hostdev_live_ask(live, request);
    cmd_block_signals();
    hostdev_reconcile(host, request, &error);
    cmd_unblock_signals();
    return finish(report, error);
}

static int reconcile_by_files(HostdevReport *report, CssHost *host, HostdevReconcile *request)
{
    g_autoptr(GHashTable) running = NULL;
    GError *error = NULL;

    cmd_warning("cannot ask libvirt (%s): its status files and open files show which devices are in use",
                virGetLastErrorMessage());
    request->as_of = css_host_clock();
    running = hook_status_running(HOOK_STATUS_DIR, "/proc", &error);
    if (!running)
        return cmd_fail(error);
    request->running = running;
    cmd_block_signals();
    hostdev_reconcile(host, request, &error);
    cmd_unblock_signals();
    return finish(report, error);
}

/* Whether this is about the devices of this machine, and standard output does not end in the log already. */
static gboolean must_log(const Options *options)
{
    return !options->is_dry_run && strcmp(options->sysfs_root, CSS_HOST_SYSFS) == 0 &&
           !g_log_writer_is_journald(fileno(stdout));
}

static int reconcile(const Options *options)
{
    g_autoptr(CssHost) host = css_host_new(options->sysfs_root, "/proc", options->run_dir);
    g_autoptr(HostdevReport) report = NULL;
    HostdevReconcile request = { .dry_run = options->is_dry_run, .report = hostdev_report_add };
    virConnectPtr conn;
    int rc;

    hostdev_libvirt_prepare();
    conn = virConnectOpen(options->uri);
    report = hostdev_report_new(conn, options->is_dry_run, must_log(options));
    request.report_data = report;
    if (!conn)
        return reconcile_by_files(report, host, &request);
    rc = reconcile_by_libvirt(conn, report, options, host, &request);
    virConnectClose(conn);
    return rc;
}

static const GOptionEntry options[] = {
    { "connect", 'c', 0, G_OPTION_ARG_STRING, &given.uri, "Ask this libvirt [" DEFAULT_URI "]", "URI" },
    { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &given.is_dry_run, "Only print what would be done", NULL },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &given.is_json, "Print a JSON array", NULL },
    { "sysfs-root", 0, 0, G_OPTION_ARG_FILENAME, &given.sysfs_root, "Take DIR for /sys", "DIR" },
    { "run-dir", 0, 0, G_OPTION_ARG_FILENAME, &given.run_dir, "The journal is in DIR, not in " CSS_HOST_RUN_DIR,
      "DIR" },
    G_OPTION_ENTRY_NULL,
};

static int run(int argc, char **argv)
{
    if (argc > 1)
        return cmd_usage("unexpected argument '%s'", argv[1]);
    umask(077);
    cmd_log_changes();
    return reconcile(&given);
}

const CmdCommand cmd_reconcile = {
    .name = "reconcile",
    .summary = "release devices that a crash has left without a guest",
    .description = "Releases to the host the devices that a crash has left without a guest, and notes the owners of "
                   "the others. It never touches a device that a guest has open.",
    .options = options,
    .func = run,
};
