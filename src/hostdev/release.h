/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ends a claim (hostdev/claim.h) when libvirt has answered or the domain has ended. hostdev/reconcile.h finds the
 * claims whose end no process reports.
 */
#pragma once

#include "css/host.h"
#include "util/address.h"

/**
 * hostdev_confirm:
 *
 * libvirt says that this domain has the device now. Makes the domain the owner, whatever owner the entry has: the
 * attach may have found the mdev of another domain's claim, or one that was about to be released. Does nothing if there
 * is no entry, or if an administrator has detached the device.
 */
gboolean hostdev_confirm(CssHost *host, const CcwBusId *id, const char *domain_uuid, GError **error);

/**
 * hostdev_roll_back:
 *
 * libvirt has given the device to no domain. Releases the device if the claim of this process is still pending.
 */
gboolean hostdev_roll_back(CssHost *host, const CcwBusId *id, const char *token, GError **error);

/**
 * hostdev_leave_open:
 *
 * libvirt has not said whether the attach succeeded. If the claim of this process is still pending, notes its owner as
 * that of the device. hostdev_reconcile() finds out later whether the domain has the device.
 */
gboolean hostdev_leave_open(CssHost *host, const CcwBusId *id, const char *token, GError **error);

/**
 * hostdev_announce:
 * @token: of a process that is about to ask libvirt to attach the device. libvirt may find an mdev that exists already.
 *
 * Until this process withdraws the announcement or ends, other processes do not release the device: they make its entry
 * a pending claim of this process. Waits for the end of a release that has begun. Does nothing if the device does not
 * exist.
 */
gboolean hostdev_announce(CssHost *host, const CcwBusId *id, const char *token, GError **error);

/* Ends the announcement of any process for the device. The caller needs no lock. */
void hostdev_withdraw(CssHost *host, const CcwBusId *id);

/* Releases the device in the state in which it was found, if the journal names this owner; else does nothing. */
gboolean hostdev_release(CssHost *host, const CcwBusId *id, const char *owner, GError **error);

/* Confirms, or releases, all devices of one domain: for the hook at `started begin` and `release end`. */
gboolean hostdev_confirm_domain(CssHost *host, const char *domain_uuid, GError **error);
gboolean hostdev_release_domain(CssHost *host, const char *domain_uuid, GError **error);

/* Releases the devices that the domain had at @as_of (css_host_clock()), but not those of a later start. */
gboolean hostdev_release_ended(CssHost *host, const char *domain_uuid, gint64 as_of, GError **error);
