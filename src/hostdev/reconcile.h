/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Brings the host and the journal together. reconcile gives back a device that the journal has as owned, as pending
 * with a stale token, or as releasing, if no running domain has it. It notes a device in the live XML of a domain as
 * owned by that domain.
 *
 * The claim of a start is over, too, when libvirt lists all running domains without that domain: its hook was killed.
 *
 * reconcile never gives back a device that a process has open: that would take a disk from a running guest. It skips
 * devices that were detached by a client, and devices that a living process is taking.
 */
#pragma once

#include "css/host.h"
#include "util/address.h"

typedef enum {
    CCW_RECONCILE_GIVEN_BACK,
    CCW_RECONCILE_NOTED,  /* as owned by a domain that the journal did not name */
    CCW_RECONCILE_LEFT,   /* it has to go back, and a process has it open */
    CCW_RECONCILE_FAILED, /* to go back */
} CcwReconcileResult;

typedef struct {
    CcwBusId device;
    CcwReconcileResult result;
    const char *state;   /* what the journal said: "pending", "owned", "releasing" */
    const char *domain;  /* the UUID of the domain that it named; NULL: a client was detaching it */
    const char *owner;   /* NOTED: UUID */
    const char *message; /* LEFT, FAILED: why */
} CcwReconciled;

/* One of live and running is given, or both; the others may be left out. */
typedef struct {
    /*
     * As libvirt says: domain UUID (lower case) -> set of CcwBusId *, for every running domain, or at least for
     * only_domain.
     */
    GHashTable *live;
    /*
     * A set of the UUIDs of domains whose devices are unknown: without live all domains that may run
     * (hook/status.h), with live those whose XML libvirt does not send. Entries of these domains are left alone.
     * The kernel decides about all other entries: a device that QEMU has open stays.
     */
    GHashTable *running;
    /* ccw_host_clock() from before either was found out. A claim made or confirmed later is left alone. */
    gint64 as_of;
    /* Claims whose process has died are left alone: libvirt may be about to give their devices to a domain. */
    gboolean keep_stale;
    /*
     * Whether a device is left alone, as its owner is being decided elsewhere in this process; NULL: none is. It is
     * called with the device's lock held, by any thread, and takes no time.
     */
    gboolean (*is_held)(const CcwBusId *id, gpointer data);
    gpointer held_data;
    const char *only_domain;     /* entries of this one; who has such a device open is waited for, a short time */
    const CcwBusId *only_device; /* this entry */
    gboolean dry_run;            /* reports only */
    void (*report)(const CcwReconciled *reconciled, gpointer data);
    gpointer report_data;
} CcwReconcile;

/* All entries are tried; the error is the first one's, of those that are left because they are open, too. */
gboolean ccw_host_reconcile(CcwHost *host, const CcwReconcile *request, GError **error);

/*
 * Whether there is a claim whose process has died. libvirt may be about to give its device to a domain still: who asks
 * for live lets the domains' jobs end first.
 */
gboolean ccw_host_has_stale(CcwHost *host);
