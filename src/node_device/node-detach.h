/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Detaches, reattaches and resets a device for an administrator, not for a domain (as virsh nodedev-detach does). */
#pragma once

#include "css/host.h"
#include "util/address.h"

/**
 * nodedev_detach:
 *
 * Acquires the device like a claim. The device stays detached until an administrator reattaches it: domains can use it
 * meanwhile. Succeeds if the device is detached already. The caller must ask libvirt before whether a running domain
 * uses the device.
 *
 * Returns: FALSE with an error of hostdev_claim(); also CCW_ERROR_BUSY if the journal names a domain
 */
gboolean nodedev_detach(CssHost *host, const CcwBusId *id, GError **error);

/*
 * The same with the arguments of nodedev_reattach_as_of(). Sets *ret_outdated to FALSE: no domain has the device yet.
 */
gboolean nodedev_detach_as_of(CssHost *host, const CcwBusId *id, gint64 as_of, gboolean *ret_outdated, GError **error);

/**
 * nodedev_reattach:
 *
 * Releases the device in the state in which it was found. If another program has bound the subchannel to vfio_ccw,
 * binds it to io_subchannel, and leaves the device offline. Does not change a device that has its host driver.
 */
gboolean nodedev_reattach(CssHost *host, const CcwBusId *id, GError **error);

/**
 * nodedev_reattach_as_of:
 * @as_of: css_host_clock() when the caller asked libvirt which domains use the device
 * @ret_outdated: TRUE: a domain has begun to start with the device since then; the caller must ask again
 *
 * Returns: TRUE if *ret_outdated is TRUE, without having changed the device; else as nodedev_reattach()
 */
gboolean nodedev_reattach_as_of(CssHost *host, const CcwBusId *id, gint64 as_of, gboolean *ret_outdated,
                                GError **error);

/**
 * nodedev_reset:
 *
 * Sets an online device offline and online again. Does not change a detached device: vfio_ccw quiesces the subchannel
 * whenever a guest opens or closes it (drivers/s390/cio/vfio_ccw_fsm.c).
 */
gboolean nodedev_reset(CssHost *host, const CcwBusId *id, GError **error);

/* The same with the arguments of nodedev_reattach_as_of(). */
gboolean nodedev_reset_as_of(CssHost *host, const CcwBusId *id, gint64 as_of, gboolean *ret_outdated, GError **error);
