/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A subchannel and the device behind it: the start, halt and clear functions, one thread that performs requests, and
 * the one pending status. ORB, SCSW and IRB are big-endian here, as the channel has them; the host's byte order of
 * QEMU's I/O region ends in vfio-regions.c. It knows nothing of DASD but how to start one.
 *
 * All of it is safe from any thread. Errors are negative errnos, in the sense vfio_ccw gives them: EBUSY (a function is
 * in progress, or its status was not fetched; there is nothing to resume), ENODEV (the device is gone).
 */
#pragma once

#include <glib.h>

#include "channel/request.h"
#include "dasd/dasd-device.h"
#include "vfio/vfio-irqs.h"
#include "vfio/vfio-memory.h"

typedef struct _VfioSubchannel VfioSubchannel;

/* Takes over image_fd, on failure too. memory and irqs outlive the subchannel. */
VfioSubchannel *vfio_subchannel_new(int image_fd, const DasdDeviceConfig *config, VfioMemory *memory, VfioIrqs *irqs,
                                    GError **error);

/* Ends what is running, waits for it and for the thread. */
void vfio_subchannel_free(VfioSubchannel *sch);

/*
 * START SUBCHANNEL: translates now, performs in the thread, then signals the I/O interrupt. With the SCSW's
 * resume-pending bit RESUME SUBCHANNEL: the program that was suspended goes on, its own ORB decides.
 */
int vfio_subchannel_start(VfioSubchannel *sch, const guint8 orb[CCW_ORB_SIZE], const guint8 scsw[CCW_SCSW_SIZE]);

/* HALT and CLEAR SUBCHANNEL: what runs is ended before its next CCW; the status is there on return. */
int vfio_subchannel_halt(VfioSubchannel *sch);
int vfio_subchannel_clear(VfioSubchannel *sch);

/* The dedicated request, for the caller to wait on. It has nothing to do with the pending status. */
int vfio_subchannel_request(VfioSubchannel *sch, CcwCmdRequest *request);

/* The last status; fetching it ends its being pending. -ENODEV or -EIO where the device gave none. */
int vfio_subchannel_fetch(VfioSubchannel *sch, guint8 ret_irb[CCW_IRB_SIZE]);

/* Ends what is running and forgets it, its status and what the device knows of this host. */
void vfio_subchannel_reset(VfioSubchannel *sch);

/* Ends what is running (its status is presented): storage that it works on is going away. */
void vfio_subchannel_quiesce(VfioSubchannel *sch);
