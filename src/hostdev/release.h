/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ends a claim (hostdev/claim.h) once libvirt has decided or the domain has ended. hostdev/reconcile.h finds out what
 * no process reports.
 */
#pragma once

#include "css/host.h"
#include "util/address.h"

/*
 * libvirt says that this domain has the device now: it becomes the owner, whoever the journal names. Its attach may
 * have found the mdev of another domain's claim or of one that was about to be given back. Nothing if there is no
 * entry, or the device was detached by hand.
 */
gboolean ccw_host_confirm(CcwHost *host, const CcwBusId *id, const char *domain_uuid, GError **error);

/*
 * The claim that token made, if it is pending still: given back, as libvirt gave the device to no domain; or noted as
 * owned by the domain that it was made for, as libvirt may have done so: ccw_host_reconcile finds out.
 */
gboolean ccw_host_roll_back(CcwHost *host, const CcwBusId *id, const char *token, GError **error);
gboolean ccw_host_leave_open(CcwHost *host, const CcwBusId *id, const char *token, GError **error);

/*
 * The process of token is about to ask libvirt to attach the device, which may find a mdev that is there. Until it
 * withdraws, and while it lives, who else would give the device back leaves that to it: as a pending claim of its.
 * Waits for a giving back that has begun. Nothing for a device that is not there.
 */
gboolean ccw_host_announce(CcwHost *host, const CcwBusId *id, const char *token, GError **error);
void ccw_host_withdraw(CcwHost *host, const CcwBusId *id);

/* Gives the device back as it was found, if the journal says that this domain has it; else nothing. */
gboolean ccw_host_release(CcwHost *host, const CcwBusId *id, const char *domain_uuid, GError **error);

/* Confirms, or releases, everything of one domain: the hook at `started begin` and `release end`. */
gboolean ccw_host_confirm_domain(CcwHost *host, const char *domain_uuid, GError **error);
gboolean ccw_host_release_domain(CcwHost *host, const char *domain_uuid, GError **error);

/* The same of what it had at as_of (ccw_host_clock()), not of what a later start of that domain took. */
gboolean ccw_host_release_ended(CcwHost *host, const char *domain_uuid, gint64 as_of, GError **error);
