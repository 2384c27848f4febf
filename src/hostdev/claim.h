/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Taking the host's devices for a domain.
 *
 * Taking a device writes a journal (one JSON file a device under RUN_DIR/devices/) step by step, each step recorded
 * before it is done, so that giving it back, by whatever process, knows what was found. Every function takes the
 * device's own lock file for its duration; none of them talks to libvirt, and callers hold no lock of ours across a
 * call to libvirt.
 */
#pragma once

#include "css/host.h"
#include "util/address.h"

/*
 * Detaches the device from its host driver and makes the mdev with the device's UUID; the journal says pending.
 * A device that already has that mdev, made by another program, is left as it is and TRUE is returned with
 * *ret_taken FALSE: there is nothing to give back. So is one that this domain has already: whoever took it gives it
 * back. If anything fails, all is rolled back in reverse; what will not go back stays in the journal as releasing.
 * Errors: CCW_ERROR_NOT_FOUND (no such device), CCW_ERROR_BUSY (in use: mounted, another mdev, another domain; names
 * the user), CCW_ERROR_UNSUPPORTED (no vfio_ccw), CCW_ERROR_SYSTEM.
 */
gboolean ccw_host_claim(CcwHost *host, const CcwBusId *id, const char *domain_uuid, const char *token,
                        gboolean *ret_taken, GError **error);

/*
 * The same for all devices of a domain, side by side; n is at least 1, none twice. All or none: what was taken goes
 * back if one cannot be. The error is that of the lowest bus id that fails.
 */
gboolean ccw_host_claim_all(CcwHost *host, const CcwBusId *ids, guint n, const char *domain_uuid, const char *token,
                            GError **error);
