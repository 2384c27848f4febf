/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The processes of this host, for a scan that finds names for people: which process has a device open, or its file
 * system mounted. The kernel decides whether a device is in use; a scan only says who uses it. Therefore a scan is
 * bounded, and every user has a share of it: the processes and open files of one user cost the others nothing.
 */
#pragma once

#include "node_device/ccw-host.h"

typedef enum {
    CCW_SCAN_ALL,
    CCW_SCAN_ROOT, /* the processes of root alone, which udev's are among */
} CcwScanOf;

typedef struct _CcwScan CcwScan;
CcwScan *ccw_scan_new(CcwHost *host, CcwScanOf of);
void ccw_scan_free(CcwScan *scan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwScan, ccw_scan_free)

/**
 * ccw_scan_next:
 *
 * Goes on to the next process: root's first, then those of the other users in the order of their numbers. It passes
 * over the processes of a user whose share is spent.
 *
 * Returns: its name in /proc, which lives until the next call; NULL after the last one, or when the scan's time is over
 */
const char *ccw_scan_next(CcwScan *scan);

/**
 * ccw_scan_spend:
 * @units: what the next look at the current process costs; a look at one descriptor costs 1
 *
 * Returns: FALSE if the process's user has spent the share, or the scan's time is over: do not look
 */
gboolean ccw_scan_spend(CcwScan *scan, guint units);

/* "process 812 (dd)", and in which container it is where its control group says so: "..., docker container 1f3c9a" */
char *ccw_process_describe(CcwHost *host, const char *pid);
