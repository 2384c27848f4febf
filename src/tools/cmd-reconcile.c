/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw reconcile: reconciles the host with the journal, as virtccwd does when it starts, and prints the results. It
 * asks libvirt which domain has which device. Without libvirt it reads libvirt's status files, and finds open devices.
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
#include "hostdev/reconcile.h"
#include "hostdev/release-log.h"
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

/* What happened to a device. */
typedef struct {
    char *device;
    HostdevReconcileResult result;
    char *domain; /* its name; NULL: the device was not a domain's */
    char *message;
} Row;

typedef struct {
    virConnectPtr conn; /* NULL: there is no libvirt */
    gboolean is_dry_run;
    gboolean is_logged; /* releases have a line in systemd's journal, too */
    GArray *rows;
    gboolean has_failed; /* a device could not be released, or was left alone */
} Report;

/* Returns: the domain's name; its UUID if libvirt does not know the domain. */
static char *name_of(const Report *report, const char *uuid)
{
    virDomainPtr domain = report->conn ? virDomainLookupByUUIDString(report->conn, uuid) : NULL;
    char *name = g_strdup(domain ? virDomainGetName(domain) : uuid);

    if (domain)
        virDomainFree(domain);
    return name;
}

static gboolean is_domain_running(const Report *report, const char *uuid)
{
    virDomainPtr domain = report->conn ? virDomainLookupByUUIDString(report->conn, uuid) : NULL;
    gboolean is_running = domain && virDomainIsActive(domain) == 1;

    if (domain)
        virDomainFree(domain);
    return is_running;
}

/* Returns: why the device is released, by its entry in the journal. */
static char *reason_of(const Report *report, const HostdevReconciled *result)
{
    g_autofree char *name = result->domain ? name_of(report, result->domain) : NULL;

    if (strcmp(result->state, "pending") == 0)
        return name ? g_strdup_printf("it was being acquired for domain %s, by a process that has ended", name)
                    : g_strdup("it was being detached by a process that has ended");
    if (strcmp(result->state, "releasing") == 0)
        return name ? g_strdup_printf("its release from domain %s was interrupted", name)
                    : g_strdup("its release was interrupted");
    return g_strdup_printf("it belonged to domain %s, which %s", name,
                           is_domain_running(report, result->domain) ? "no longer has it" : "does not run");
}

static char *line_of(const Report *report, const HostdevReconciled *result)
{
    g_autofree char *owner = result->owner ? name_of(report, result->owner) : NULL;
    g_autofree char *why = NULL;

    switch (result->result) {
    case HOSTDEV_RECONCILE_RELEASED:
        why = reason_of(report, result);
        return g_strdup_printf("%s to the host; %s", report->is_dry_run ? "would be released" : "released", why);
    case HOSTDEV_RECONCILE_NOTED:
        return g_strdup_printf("%s as owned by domain %s", report->is_dry_run ? "would be noted" : "noted", owner);
    default:
        return g_strdup(result->message);
    }
}

static void log_release(const Report *report, const HostdevReconciled *result)
{
    g_autofree char *name = result->domain ? name_of(report, result->domain) : NULL;

    hostdev_log_release(&result->device, result->domain, g_strcmp0(name, result->domain) != 0 ? name : NULL);
}

static void on_reconciled(const HostdevReconciled *result, gpointer data)
{
    Report *report = data;
    const char *uuid = result->owner ? result->owner : result->domain;
    Row row = {
        .device = ccw_bus_id_to_string(&result->device),
        .result = result->result,
        .domain = uuid ? name_of(report, uuid) : NULL,
        .message = line_of(report, result),
    };

    g_array_append_val(report->rows, row);
    if (report->is_logged && result->result == HOSTDEV_RECONCILE_RELEASED)
        log_release(report, result);
    if (result->result == HOSTDEV_RECONCILE_LEFT || result->result == HOSTDEV_RECONCILE_FAILED)
        report->has_failed = TRUE;
}

static void row_clear(gpointer data)
{
    Row *row = data;

    g_free(row->device);
    g_free(row->domain);
    g_free(row->message);
}

static gint compare_rows(gconstpointer a, gconstpointer b)
{
    return strcmp(((const Row *)a)->device, ((const Row *)b)->device);
}

static gboolean is_success(const Row *row)
{
    return row->result == HOSTDEV_RECONCILE_RELEASED || row->result == HOSTDEV_RECONCILE_NOTED;
}

static void print_lines(const Report *report, gboolean is_complete)
{
    for (guint i = 0; i < report->rows->len; i++) {
        const Row *row = &g_array_index(report->rows, Row, i);

        if (!cmd_is_quiet || report->is_dry_run || !is_success(row))
            printf("%s: %s\n", row->device, row->message);
    }
    if (report->rows->len == 0 && is_complete && !cmd_is_quiet)
        printf("nothing to do\n");
}

static void print_json(const Report *report)
{
    static const char *const results[] = {
        [HOSTDEV_RECONCILE_RELEASED] = "released",
        [HOSTDEV_RECONCILE_NOTED] = "noted",
        [HOSTDEV_RECONCILE_LEFT] = "left",
        [HOSTDEV_RECONCILE_FAILED] = "failed",
    };
    JsonArray *array = json_array_new();

    for (guint i = 0; i < report->rows->len; i++) {
        const Row *row = &g_array_index(report->rows, Row, i);
        JsonObject *object = json_object_new();

        json_object_set_string_member(object, "device", row->device);
        json_object_set_string_member(object, "result", results[row->result]);
        if (row->domain)
            json_object_set_string_member(object, "domain", row->domain);
        else
            json_object_set_null_member(object, "domain");
        json_object_set_string_member(object, "message", row->message);
        json_array_add_object_element(array, object);
    }
    cmd_print_json_array(array);
}

static int finish(Report *report, GError *error)
{
    gboolean is_complete = !error || report->has_failed; /* an entry that is not understood has no row */

    g_array_sort(report->rows, compare_rows);
    if (given.is_json)
        print_json(report);
    else
        print_lines(report, is_complete);
    if (!is_complete)
        return cmd_fail(error);
    g_clear_error(&error);
    return report->has_failed ? CMD_FAILED : CMD_OK;
}

static int reconcile_by_libvirt(Report *report, const Options *options, CssHost *host, HostdevReconcile *request)
{
    g_autoptr(HostdevManager) manager =
        hostdev_manager_new(css_host_new(options->sysfs_root, "/proc", options->run_dir));
    GError *error = NULL;
    g_autoptr(HostdevLive) live = hostdev_query_domains(report->conn, manager, &error);

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

static int reconcile_by_files(Report *report, CssHost *host, HostdevReconcile *request)
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
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Row));
    Report report = { .is_dry_run = options->is_dry_run, .is_logged = must_log(options), .rows = rows };
    HostdevReconcile request = { .dry_run = options->is_dry_run, .report = on_reconciled, .report_data = &report };
    int rc;

    g_array_set_clear_func(rows, row_clear);
    hostdev_libvirt_prepare();
    report.conn = virConnectOpen(options->uri);
    if (!report.conn)
        return reconcile_by_files(&report, host, &request);
    rc = reconcile_by_libvirt(&report, options, host, &request);
    virConnectClose(report.conn);
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
