/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The processes of this host, for a scan: which process has a device open, or its file system mounted. Where the kernel
 * decides whether a device is in use, a scan only says who uses it (ccw_scan_new). One question has no answer of the
 * kernel: whether a process has a virtio disk open without a claim (ccw_scan_new_deciding). Either scan is bounded, and
 * each user has a share of it: the processes and open files of one user cost the others nothing.
 */
#pragma once

#include "css/host.h"

typedef enum {
    CCW_SCAN_ALL,
    CCW_SCAN_ROOT, /* the processes of root alone, which udev's are among */
} CcwScanOf;

typedef struct _CcwScan CcwScan;
CcwScan *ccw_scan_new(CcwHost *host, CcwScanOf of);

/* Who may open a device node, as stat(2) says. */
typedef struct {
    guint64 user;
    guint64 group;
    guint mode;
} CcwAccess;

/**
 * ccw_scan_new_deciding:
 * @accesses: an array of CcwAccess, of the nodes that are looked for
 *
 * Starts a scan whose finding nothing decides. The processes that may have opened such a node come first and without a
 * share: those of root, those that the node's owner, group and mode allow to open it, and those of the users that
 * libvirt runs guests as (ccw_host_know_domains). Only time bounds them, and if it is not enough, the scan is not
 * complete. A user who could make it so may open the node anyway, and keep the device from others by that. All other
 * users have their shares after that; a process of theirs can have the node open only by getting the descriptor from
 * one of the former.
 */
CcwScan *ccw_scan_new_deciding(CcwHost *host, const GArray *accesses);
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

/* What is known of the current process cannot be all: its descriptors cannot be read. */
void ccw_scan_miss(CcwScan *scan);

/* FALSE: the scan decides, and has not seen all of a process that may have opened the node. */
gboolean ccw_scan_is_complete(const CcwScan *scan);

/* "process 812 (dd)", and in which container it is where its control group says so: "..., docker container 1f3c9a" */
char *ccw_process_describe(CcwHost *host, const char *pid);
