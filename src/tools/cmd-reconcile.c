/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw reconcile: brings the host and the journal together, as virtccwd does when it starts, and says what it did.
 * libvirt is asked which domain has what; where it is not there, its status files and who has a device open tell
 * which devices no guest can have.
 */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd.h"
#include "commands.h"
#include "css/host.h"
#include "hook/status.h"
#include "hostdev/live-domains.h"
#include "hostdev/reconcile.h"
#include "util/error.h"

#define DEFAULT_URI "qemu:///system"

typedef struct {
    const char *uri;
    const char *sysfs_root;
    const char *run_dir;
    gboolean dry_run;
} Options;

typedef struct {
    virConnectPtr conn; /* NULL: libvirt is not there */
    gboolean dry_run;
    GPtrArray *lines;
    gboolean failed; /* one of them says so */
} Run;

/* "NAME", or the UUID of a domain that libvirt does not know. */
static char *name_of(const Run *run, const char *uuid)
{
    virDomainPtr domain = run->conn ? virDomainLookupByUUIDString(run->conn, uuid) : NULL;
    char *name = g_strdup(domain ? virDomainGetName(domain) : uuid);

    if (domain)
        virDomainFree(domain);
    return name;
}

static gboolean is_running(const Run *run, const char *uuid)
{
    virDomainPtr domain = run->conn ? virDomainLookupByUUIDString(run->conn, uuid) : NULL;
    gboolean running = domain && virDomainIsActive(domain) == 1;

    if (domain)
        virDomainFree(domain);
    return running;
}

/* Why it goes back, from what the journal said. */
static char *reason(const Run *run, const CcwReconciled *said)
{
    g_autofree char *name = said->domain ? name_of(run, said->domain) : NULL;

    if (strcmp(said->state, "pending") == 0)
        return name ? g_strdup_printf("it was being taken for domain %s, by a process that has ended", name)
                    : g_strdup("it was being detached by a process that has ended");
    if (strcmp(said->state, "releasing") == 0)
        return name ? g_strdup_printf("its release from domain %s was interrupted", name)
                    : g_strdup("its release was interrupted");
    return g_strdup_printf("it belonged to domain %s, which %s", name,
                           is_running(run, said->domain) ? "no longer has it" : "does not run");
}

static char *line_of(const Run *run, const CcwReconciled *said)
{
    g_autofree char *owner = said->owner ? name_of(run, said->owner) : NULL;
    g_autofree char *why = NULL;

    switch (said->result) {
    case CCW_RECONCILE_GIVEN_BACK:
        why = reason(run, said);
        return g_strdup_printf("%s to the host; %s", run->dry_run ? "would be given back" : "given back", why);
    case CCW_RECONCILE_NOTED:
        return g_strdup_printf("%s as owned by domain %s", run->dry_run ? "would be noted" : "noted", owner);
    default:
        return g_strdup(said->message);
    }
}

static void report(const CcwReconciled *said, gpointer data)
{
    Run *run = data;
    char buf[CCW_BUS_ID_STR_LEN];
    g_autofree char *line = line_of(run, said);

    g_ptr_array_add(run->lines, g_strdup_printf("%s: %s", ccw_bus_id_format(&said->device, buf), line));
    if (said->result == CCW_RECONCILE_LEFT || said->result == CCW_RECONCILE_FAILED)
        run->failed = TRUE;
}

static gint compare_lines(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int finish(Run *run, GError *error)
{
    g_ptr_array_sort(run->lines, compare_lines);
    for (guint i = 0; i < run->lines->len; i++)
        printf("%s\n", (const char *)run->lines->pdata[i]);
    if (error && !run->failed) /* an entry that is not understood has no line of its own */
        return cmd_fail(error);
    g_clear_error(&error);
    if (run->lines->len == 0)
        printf("nothing to do\n");
    return run->failed ? CMD_FAILED : CMD_OK;
}

static int reconcile_asked(Run *run, const Options *options, CcwHost *host, CcwReconcile *request)
{
    g_autoptr(CcwManager) manager = ccw_manager_new(ccw_host_new(options->sysfs_root, "/proc", options->run_dir));
    GError *error = NULL;
    g_autoptr(CcwLive) live = ccw_look(run->conn, manager, &error);

    if (!live) {
        g_prefix_error(&error, "nothing was done, try again: ");
        return cmd_fail(error);
    }
    ccw_live_ask(live, request);
    ccw_host_reconcile(host, request, &error);
    return finish(run, error);
}

static int reconcile_unasked(Run *run, CcwHost *host, CcwReconcile *request)
{
    g_autoptr(GHashTable) running = NULL;
    GError *error = NULL;

    g_printerr("%s: warning: libvirt cannot be asked (%s): its status files and open files tell what is in use\n",
               g_get_prgname(), virGetLastErrorMessage());
    request->as_of = ccw_host_clock();
    running = ccw_status_running(CCW_STATUS_DIR, "/proc", &error);
    if (!running)
        return cmd_fail(error);
    request->running = running;
    ccw_host_reconcile(host, request, &error);
    return finish(run, error);
}

static int reconcile(const Options *options)
{
    g_autoptr(CcwHost) host = ccw_host_new(options->sysfs_root, "/proc", options->run_dir);
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    Run run = { .dry_run = options->dry_run, .lines = lines };
    CcwReconcile request = { .dry_run = options->dry_run, .report = report, .report_data = &run };
    int rc;

    ccw_libvirt_prepare();
    run.conn = virConnectOpen(options->uri);
    if (!run.conn)
        return reconcile_unasked(&run, host, &request);
    rc = reconcile_asked(&run, options, host, &request);
    virConnectClose(run.conn);
    return rc;
}

int cmd_reconcile(int argc, char **argv)
{
    g_autofree char *uri = NULL;
    g_autofree char *sysfs_root = NULL;
    g_autofree char *run_dir = NULL;
    gboolean dry_run = FALSE;
    const GOptionEntry entries[] = {
        { "connect", 'c', 0, G_OPTION_ARG_STRING, &uri, "Ask this libvirt [" DEFAULT_URI "]", "URI" },
        { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run, "Only say what would be done", NULL },
        { "sysfs-root", 0, 0, G_OPTION_ARG_FILENAME, &sysfs_root, "Take DIR for /sys", "DIR" },
        { "run-dir", 0, 0, G_OPTION_ARG_FILENAME, &run_dir, "The journal is in DIR, not in " CCW_HOST_RUN_DIR, "DIR" },
        G_OPTION_ENTRY_NULL,
    };
    int rc =
        cmd_options(NULL,
                    "Gives back to the host the devices that a crash has left without a guest, and notes who has the "
                    "others. What a guest has open is never touched.",
                    entries, FALSE, &argc, &argv);

    if (rc >= 0)
        return rc;
    if (argc > 1)
        return cmd_usage("unexpected argument '%s'", argv[1]);
    umask(077);
    return reconcile(&(Options){
        .uri = uri ? uri : DEFAULT_URI,
        .sysfs_root = sysfs_root ? sysfs_root : CCW_HOST_SYSFS,
        .run_dir = run_dir ? run_dir : CCW_HOST_RUN_DIR,
        .dry_run = dry_run,
    });
}
