/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/reconcile-report.h"

#include <string.h>

#include "hostdev/release-log.h"

/* What happened to a device. */
typedef struct {
    char *device;
    HostdevReconcileResult result;
    char *domain; /* its name; NULL: the device was not a domain's */
    char *message;
} Row;

struct _HostdevReport {
    virConnectPtr conn;
    gboolean is_dry_run;
    gboolean is_logged;
    GArray *rows;
    gboolean has_failed;
};

static void row_clear(gpointer data)
{
    Row *row = data;

    g_free(row->device);
    g_free(row->domain);
    g_free(row->message);
}

HostdevReport *hostdev_report_new(virConnectPtr conn, gboolean is_dry_run, gboolean is_logged)
{
    HostdevReport *report = g_new0(HostdevReport, 1);

    report->conn = conn;
    report->is_dry_run = is_dry_run;
    report->is_logged = is_logged;
    report->rows = g_array_new(FALSE, FALSE, sizeof(Row));
    g_array_set_clear_func(report->rows, row_clear);
    return report;
}

void hostdev_report_free(HostdevReport *report)
{
    if (!report)
        return;
    g_array_unref(report->rows);
    g_free(report);
}

/* Returns: the domain's name; its UUID if libvirt does not know the domain. */
static char *name_of(const HostdevReport *report, const char *uuid)
{
    virDomainPtr domain = report->conn ? virDomainLookupByUUIDString(report->conn, uuid) : NULL;
    char *name = g_strdup(domain ? virDomainGetName(domain) : uuid);

    if (domain)
        virDomainFree(domain);
    return name;
}

static gboolean is_domain_running(const HostdevReport *report, const char *uuid)
{
    virDomainPtr domain = report->conn ? virDomainLookupByUUIDString(report->conn, uuid) : NULL;
    gboolean is_running = domain && virDomainIsActive(domain) == 1;

    if (domain)
        virDomainFree(domain);
    return is_running;
}

/* Returns: why the device is released, by its entry in the journal. */
static char *reason_of(const HostdevReport *report, const HostdevReconciled *result)
{
    g_autofree char *name = result->domain ? name_of(report, result->domain) : NULL;

    switch (result->state) {
    case HOSTDEV_CLAIM_PENDING:
        return name ? g_strdup_printf("it was being acquired for domain %s, by a process that has ended", name)
                    : g_strdup("it was being detached by a process that has ended");
    case HOSTDEV_CLAIM_RELEASING:
        return name ? g_strdup_printf("its release from domain %s was interrupted", name)
                    : g_strdup("its release was interrupted");
    case HOSTDEV_CLAIM_OWNED:
    case HOSTDEV_CLAIM_LAST:
    default:
        return g_strdup_printf("it belonged to domain %s, which %s", name,
                               is_domain_running(report, result->domain) ? "no longer has it" : "does not run");
    }
}

static char *line_of(const HostdevReport *report, const HostdevReconciled *result)
{
    g_autofree char *owner = result->owner ? name_of(report, result->owner) : NULL;
    g_autofree char *why = NULL;

    switch (result->result) {
    case HOSTDEV_RECONCILE_RELEASED:
        why = reason_of(report, result);
        return g_strdup_printf("%s to the host; %s", report->is_dry_run ? "would be released" : "released", why);
    case HOSTDEV_RECONCILE_NOTED:
        return g_strdup_printf("%s as owned by domain %s", report->is_dry_run ? "would be noted" : "noted", owner);
    case HOSTDEV_RECONCILE_LEFT:
    case HOSTDEV_RECONCILE_FAILED:
    default:
        return g_strdup(result->message);
    }
}

static void log_release(const HostdevReport *report, const HostdevReconciled *result)
{
    g_autofree char *name = result->domain ? name_of(report, result->domain) : NULL;

    hostdev_log_release(&result->device, result->domain, g_strcmp0(name, result->domain) != 0 ? name : NULL);
}

void hostdev_report_add(const HostdevReconciled *result, gpointer data)
{
    HostdevReport *report = data;
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

guint hostdev_report_size(const HostdevReport *report)
{
    return report->rows->len;
}

gboolean hostdev_report_has_failed(const HostdevReport *report)
{
    return report->has_failed;
}

static gint compare_rows(gconstpointer a, gconstpointer b)
{
    return strcmp(((const Row *)a)->device, ((const Row *)b)->device);
}

static gboolean is_success(const Row *row)
{
    return row->result == HOSTDEV_RECONCILE_RELEASED || row->result == HOSTDEV_RECONCILE_NOTED;
}

char *hostdev_report_to_text(HostdevReport *report, gboolean has_successes)
{
    GString *text = g_string_new(NULL);

    g_array_sort(report->rows, compare_rows);
    for (guint i = 0; i < report->rows->len; i++) {
        const Row *row = &g_array_index(report->rows, Row, i);

        if (has_successes || !is_success(row))
            g_string_append_printf(text, "%s: %s\n", row->device, row->message);
    }
    return g_string_free(text, FALSE);
}

JsonArray *hostdev_report_to_json(HostdevReport *report)
{
    static const char *const results[] = {
        [HOSTDEV_RECONCILE_RELEASED] = "released",
        [HOSTDEV_RECONCILE_NOTED] = "noted",
        [HOSTDEV_RECONCILE_LEFT] = "left",
        [HOSTDEV_RECONCILE_FAILED] = "failed",
    };
    JsonArray *array = json_array_new();

    g_array_sort(report->rows, compare_rows);
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
    return array;
}
