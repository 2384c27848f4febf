/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Says what hostdev_reconcile() did to each device and why, as lines of text and as JSON. Asks libvirt for the names of
 * domains.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <libvirt/libvirt.h>

#include "hostdev/reconcile.h"

typedef struct _HostdevReport HostdevReport;

/**
 * hostdev_report_new:
 * @conn: NULL: there is no libvirt, and the report has UUIDs instead of names. Must live until the last
 *        hostdev_report_add()
 * @is_dry_run: the lines say what would be done
 * @is_logged: releases also have a line in the log (hostdev/release-log.h)
 */
HostdevReport *hostdev_report_new(virConnectPtr conn, gboolean is_dry_run, gboolean is_logged);
void hostdev_report_free(HostdevReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostdevReport, hostdev_report_free)

/* Adds a result. HostdevReconcile.report, with the report as its data. */
void hostdev_report_add(const HostdevReconciled *result, gpointer report);

/* Returns: the number of results. */
guint hostdev_report_size(const HostdevReport *report);

/* Returns: whether a device could not be released, or was left alone. */
gboolean hostdev_report_has_failed(const HostdevReport *report);

/**
 * hostdev_report_to_text:
 * @has_successes: whether to include devices that were released, or whose owner was noted
 *
 * Returns: a line for each device, ordered by bus id, to be freed with g_free().
 */
char *hostdev_report_to_text(HostdevReport *report, gboolean has_successes);

/* Returns: an object for each device, ordered by bus id; docs/manpages/virt-ccw-reconcile.rst describes its members. */
JsonArray *hostdev_report_to_json(HostdevReport *report);
