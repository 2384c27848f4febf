/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scans the processes of this host for one that has a device open, or its file system mounted.
 *
 * For most devices the kernel decides whether they are in use, and a scan only finds the name of the process
 * (css_scan_new()). The kernel does not tell whether a process has a virtio disk open without a claim: then the scan
 * decides (css_scan_new_deciding()). Both scans are bounded, and each user has a share: the processes and open files of
 * one user do not use up the share of another.
 */
#pragma once

#include "css/host.h"

typedef enum {
    CSS_SCAN_ALL,
    CSS_SCAN_ROOT, /* only the processes of root, such as udev */
} CssScanOf;

typedef struct _CssScan CssScan;
CssScan *css_scan_new(CssHost *host, CssScanOf of);

/* Owner, group and mode of a device node, from stat(2). */
typedef struct {
    guint64 user;
    guint64 group;
    guint mode;
} CssAccess;

/**
 * css_scan_new_deciding:
 * @accesses: array of CssAccess, of the nodes that the caller looks for
 *
 * Starts a scan that decides: if it is complete and finds no process, no process has such a node open.
 *
 * First it returns, without shares, all processes that may have opened such a node: those of root, those that the
 * node's owner, group and mode allow to open it, and those of the users as which libvirt runs guests
 * (css_host_know_domains()). Only time limits this part; when the time is over, the scan is incomplete. A user who
 * could cause that may open the node anyway, and so keep others from the device.
 *
 * Then it returns the processes of all other users, with shares. Such a process can have the node open only if one of
 * the first part has passed it the descriptor.
 */
CssScan *css_scan_new_deciding(CssHost *host, const GArray *accesses);
void css_scan_free(CssScan *scan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CssScan, css_scan_free)

/**
 * css_scan_next:
 *
 * Goes on to the next process: first those of root, then those of the other users in the order of their numbers. Skips
 * the processes of a user who has spent the share.
 *
 * Returns: its name in /proc, valid until the next call, or NULL after the last one, or when the time of the scan is
 * over
 */
const char *css_scan_next(CssScan *scan);

/**
 * css_scan_spend:
 * @units: the cost of the next operation on the current process; reading one descriptor costs 1
 *
 * Call this before each operation.
 *
 * Returns: FALSE if the user of the process has spent the share, or the time of the scan is over: skip the operation
 */
gboolean css_scan_spend(CssScan *scan, guint units);

/* Notes that the caller cannot read all descriptors of the current process. */
void css_scan_miss(CssScan *scan);

/* Returns: FALSE if a deciding scan has missed descriptors of a process that may have opened the node. */
gboolean css_scan_is_complete(const CssScan *scan);

/**
 * css_process_describe:
 *
 * Returns: a name for messages: "process 812 (dd)", and the container if the process's control group shows one:
 * "process 812 (dd), docker container 1f3c9a"; free with g_free
 */
char *css_process_describe(CssHost *host, const char *pid);

/* Returns: whether the process has the name of udev's daemon or of one of its workers. */
gboolean css_process_is_udev(CssHost *host, const char *pid);
