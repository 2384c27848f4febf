/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Detach, reattach and reset of a device for no domain: virsh nodedev-detach and the like. */
#pragma once

#include "css/host.h"
#include "util/address.h"

/*
 * By hand, for no domain: `virsh nodedev-detach` and the like. The device is taken as by a claim, and stays taken until
 * it is reattached by hand: domains find it there, use it and leave it. Done already is done.
 * Whether a running domain uses it is libvirt's to say: ask before. Errors: as ccw_host_claim; CCW_ERROR_BUSY too for
 * what the journal says is a domain's.
 */
gboolean ccw_host_detach(CcwHost *host, const CcwBusId *id, GError **error);

/* The same with the arguments of ccw_host_reattach_as_of(). *ret_stale becomes FALSE: no domain has the device yet. */
gboolean ccw_host_detach_as_of(CcwHost *host, const CcwBusId *id, gint64 as_of, gboolean *ret_stale, GError **error);

/*
 * Gives it back as it was found. A subchannel that another program bound to vfio_ccw goes to io_subchannel, its device
 * offline. A device that its host driver has is left as it is.
 */
gboolean ccw_host_reattach(CcwHost *host, const CcwBusId *id, GError **error);

/*
 * The same, but if a domain has begun to start with the device since as_of (ccw_host_clock()), nothing is done,
 * *ret_stale is TRUE, and so is what is returned: whoever asked libvirt then which domains use it asks again.
 */
gboolean ccw_host_reattach_as_of(CcwHost *host, const CcwBusId *id, gint64 as_of, gboolean *ret_stale, GError **error);

/*
 * Sets an online device offline and online again. One that is detached needs nothing: vfio_ccw quiesces the subchannel
 * whenever a guest opens or closes it (drivers/s390/cio/vfio_ccw_fsm.c).
 */
gboolean ccw_host_reset(CcwHost *host, const CcwBusId *id, GError **error);

/* The same, with as_of and *ret_stale as ccw_host_reattach_as_of() has them. */
gboolean ccw_host_reset_as_of(CcwHost *host, const CcwBusId *id, gint64 as_of, gboolean *ret_stale, GError **error);
