/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A subchannel and its device: the start, halt and clear functions, one thread that performs requests, and the one
 * pending status. ORB, SCSW and IRB are big-endian here, as the channel has them. vfio-regions.c converts from the
 * host's byte order of QEMU's I/O region. This file knows only how to start a DASD.
 *
 * In QEMU, only a thread that holds QEMU's big lock may start, fetch, reset or free: these functions tell QEMU what was
 * stored (vfio-stores.h). Any thread may call the others. Errors are negative errnos, as vfio_ccw uses them. -EBUSY: a function is in
 * progress, QEMU has not fetched its status, or there is no program to resume. -ENODEV: the device is gone.
 */
#pragma once

#include <glib.h>

#include "channel/request.h"
#include "dasd/dasd-device.h"
#include "vfio/vfio-irqs.h"
#include "vfio/vfio-memory.h"

typedef struct _VfioSubchannel VfioSubchannel;

/**
 * vfio_subchannel_new:
 * @image_fd: the subchannel closes it, on failure too
 * @snapshot_fd: gets the writes, and is closed likewise; -1: the image gets them
 * @memory: must outlive the subchannel
 * @irqs: must outlive the subchannel
 *
 * Returns: a new subchannel. Errors: as dasd_device_new_snapshot(), or no thread
 */
VfioSubchannel *vfio_subchannel_new(int image_fd, int snapshot_fd, const DasdDeviceConfig *config, VfioMemory *memory,
                                    VfioIrqs *irqs, GError **error);

/**
 * vfio_subchannel_free:
 *
 * Ends a running request, and waits for it and for the thread.
 */
void vfio_subchannel_free(VfioSubchannel *sch);

/**
 * vfio_subchannel_start:
 *
 * START SUBCHANNEL: translates the program now, performs it in the thread, then signals the I/O interrupt. With the
 * resume-pending bit of @scsw, RESUME SUBCHANNEL: continues the suspended program, with the ORB of its start.
 *
 * Returns: 0 or a negative errno
 */
int vfio_subchannel_start(VfioSubchannel *sch, const guint8 orb[CHANNEL_ORB_SIZE],
                          const guint8 scsw[CHANNEL_SCSW_SIZE]);

/**
 * vfio_subchannel_halt:
 *
 * HALT SUBCHANNEL: ends a running request before its next CCW. The status is present on return.
 *
 * Returns: 0 or a negative errno
 */
int vfio_subchannel_halt(VfioSubchannel *sch);
/**
 * vfio_subchannel_clear:
 *
 * CLEAR SUBCHANNEL: as vfio_subchannel_halt().
 *
 * Returns: 0 or a negative errno
 */
int vfio_subchannel_clear(VfioSubchannel *sch);

/**
 * vfio_subchannel_request:
 *
 * Performs the dedicated request while the caller waits. Does not touch the pending status.
 *
 * Returns: 0 or a negative errno
 */
int vfio_subchannel_request(VfioSubchannel *sch, CcwCmdRequest *request);

/**
 * vfio_subchannel_fetch:
 * @ret_irb: big-endian
 *
 * Fetches the last status, which is no longer pending afterwards.
 *
 * Returns: 0; -ENODEV or -EIO if the device gave no status
 */
int vfio_subchannel_fetch(VfioSubchannel *sch, guint8 ret_irb[CHANNEL_IRB_SIZE]);

/**
 * vfio_subchannel_reset:
 *
 * Ends a running request. Forgets its status, and the device's knowledge of this host.
 */
void vfio_subchannel_reset(VfioSubchannel *sch);

/**
 * vfio_subchannel_quiesce:
 *
 * Ends a running request, and presents its status, because its storage is going away.
 */
void vfio_subchannel_quiesce(VfioSubchannel *sch);
