/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compares the journal with the running domains. reconcile releases orphaned devices: those that the journal has as
 * owned, as a stale claim, or as releasing, and that no running domain has. If the live XML of a domain has a device,
 * reconcile notes the domain as its owner.
 *
 * The claim of a start has also ended if libvirt's list of all running domains does not have the domain: the hook was
 * killed.
 *
 * reconcile does not release a device that a process has open: that would take a disk from a running guest. It skips
 * devices that an administrator has detached, and devices that a running process is acquiring.
 */
#pragma once

#include "css/host.h"
#include "hostdev/record.h"
#include "util/address.h"

typedef enum {
    HOSTDEV_RECONCILE_RELEASED,
    HOSTDEV_RECONCILE_NOTED,  /* the journal now names the domain that has the device */
    HOSTDEV_RECONCILE_LEFT,   /* orphaned, but a process has it open */
    HOSTDEV_RECONCILE_FAILED, /* orphaned, and the release failed */
} HostdevReconcileResult;

typedef struct {
    CcwBusId device;
    HostdevReconcileResult result;
    HostdevClaimState state; /* the entry's state before */
    const char *domain;      /* the entry's owner before (hostdev_owner_kind()); NULL: an administrator */
    const char *owner;       /* NOTED: UUID */
    const char *message;     /* LEFT, FAILED: why */
} HostdevReconciled;

/* The caller sets live, running or both; the other members may be 0. */
typedef struct {
    /* From libvirt: domain UUID (lower case) -> set of CcwBusId *, for all running domains, or at least only_domain. */
    GHashTable *live;
    /*
     * Set of UUIDs of domains whose devices are unknown: without live, all domains that may run (hook/status.h); with
     * live, those whose XML libvirt does not send. reconcile skips entries of these domains. The kernel decides about
     * all other entries: reconcile does not release a device that QEMU has open.
     */
    GHashTable *running;
    /* css_host_clock() before the caller queried either. reconcile skips claims made or confirmed later. */
    gint64 as_of;
    /* Skip claims whose process has died: libvirt may be about to give their devices to a domain. */
    gboolean keep_stale;
    /*
     * Returns TRUE to skip a device about which this process decides elsewhere; may be NULL. Any thread calls it, with
     * the device's lock held. It must return quickly.
     */
    gboolean (*must_skip)(const CcwBusId *id, gpointer data);
    gpointer skip_data;
    const char *only_domain;     /* only entries of this owner; waits shortly for a process to close such a device */
    const CcwBusId *only_device; /* only the entry of this device */
    gboolean dry_run;            /* only report */
    void (*report)(const HostdevReconciled *reconciled, gpointer data);
    gpointer report_data;
} HostdevReconcile;

/**
 * hostdev_reconcile:
 *
 * Tries all entries.
 *
 * Returns: FALSE with the error of the first entry that failed, or that a process has open
 */
gboolean hostdev_reconcile(CssHost *host, const HostdevReconcile *request, GError **error);

/**
 * hostdev_has_stale:
 *
 * Returns: whether the process of a claim has died. libvirt may still be about to give the device to a domain, so a
 * caller that queries libvirt for live waits for the jobs of the domains first.
 */
gboolean hostdev_has_stale(CssHost *host);
