/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The writes that take a device from its host driver to a mediated device, and those that bring it back. Each step is
 * recorded in the journal before it is done; each way back looks at what is there, so that it can be walked again
 * after having been interrupted anywhere. Whether a device may be taken is not decided here, and the caller holds its
 * lock.
 */
#pragma once

#include "css/host.h"
#include "css/in-use.h"
#include "css/vfio-group.h"
#include "hostdev/journal.h"

/**
 * ccw_steps_take:
 * @hold: of ccw_in_use_check(); closed as soon as the device is offline, or when that has failed. Held any longer it
 *     would keep the disk's name from the disk that comes back
 *
 * Does every step that record's "found" makes necessary. On failure some are recorded: give back.
 *
 * Returns: FALSE with CCW_ERROR_BUSY, CCW_ERROR_UNSUPPORTED (no vfio_ccw), CCW_ERROR_SYSTEM
 */
gboolean ccw_steps_take(CcwHost *host, CcwRecord *record, CcwDiskHold *hold, GError **error);

/* Sets it offline and, whether that succeeded or not, gives it back. Hold and errors: as above. */
gboolean ccw_steps_restart(CcwHost *host, CcwRecord *record, CcwDiskHold *hold, GError **error);

/**
 * ccw_steps_hold:
 * @patience_ms: how long a process that has the device's mdev may take to close it
 * @ret_hold: what keeps other processes from the mdev, for ccw_steps_give_back_held(); -1 without an mdev
 *
 * Asks the kernel whether a process has the device's mdev (css/vfio-group.h: only when no domain may be getting it). A
 * removal would take it from a QEMU that runs, and would wait for one that is stopped for as long as that is.
 *
 * Returns: FALSE with CCW_ERROR_BUSY, naming the process, or with CCW_ERROR_SYSTEM if the kernel cannot be asked
 */
gboolean ccw_steps_hold(CcwHost *host, const CcwRecord *record, guint patience_ms, CcwVfioHold *ret_hold,
                        GError **error);

/*
 * Undoes what record->steps says, and removes the journal entry. The subchannel that the device has left is restored,
 * too. A device that is no longer there needs nothing undone; one that a process has open is left as it is. On failure
 * the entry stays, releasing, with the steps that remain. Errors as above.
 */
gboolean ccw_steps_give_back(CcwHost *host, CcwRecord *record, GError **error);

/* The same with the mdev held already, or with -1; hold stays the caller's. */
gboolean ccw_steps_give_back_held(CcwHost *host, CcwRecord *record, CcwVfioHold hold, GError **error);
