/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One 3390 behind a 3990, on an image: it takes translated channel programs by the dedicated request and answers
 * with an IRB. It knows nothing of guests, QEMU or VFIO.
 */
#pragma once

#include <glib.h>

#include "channel/request.h"
#include "util/address.h"

typedef struct _DasdDevice DasdDevice;

typedef struct {
    CcwBusId bus_id; /* as the host knows it: part of the identity that read configuration data gives */
    guint8 chpid;
    gboolean read_only; /* every write is refused as a device with inhibited writes does */
    gboolean sync;      /* a write is on the host's disk before its status is given: it survives a power cut */
} DasdDeviceConfig;

/*
 * Takes over fd, an open CKD image. Errors: CCW_ERROR_IMAGE (not CKD, damaged header), CCW_ERROR_SYSTEM; fd is then
 * still the caller's.
 */
DasdDevice *dasd_device_new(int fd, const DasdDeviceConfig *config, GError **error);
void dasd_device_free(DasdDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DasdDevice, dasd_device_free)

/*
 * Intermediate status of the request under way, told by the thread that performs it: a CCW that asks for a
 * program-controlled interruption became current. The IRB's CPA is as in CcwCmdRequest. FALSE: it was not taken, and
 * comes together with the request's own status.
 */
typedef gboolean (*DasdIntermediateFunc)(gpointer opaque, const guint8 irb[CCW_IRB_SIZE]);

/* Before the first request. */
void dasd_device_set_intermediate(DasdDevice *device, DasdIntermediateFunc func, gpointer opaque);

/*
 * Runs one request to its end, or until it is suspended; see CcwCmdRequest. Returns 0 or a negative errno. One request
 * at a time: a second caller gets -EBUSY.
 */
int dasd_device_request(DasdDevice *device, CcwCmdRequest *request);

/*
 * From any thread: the running request ends before its next CCW (halt and clear functions), with whatever status it
 * has; without one this is nothing.
 */
void dasd_device_cancel(DasdDevice *device);

/*
 * Whether the device reported "intervention required" (the host has no room for what a guest wrote), and has not told
 * yet that it is ready again.
 */
gboolean dasd_device_waits(DasdDevice *device);

/*
 * Looks whether it is ready again: TRUE once, when it is, and the caller presents dasd_device_state_change(). Not for
 * long; FALSE too while a request runs.
 */
gboolean dasd_device_look(DasdDevice *device);

/* The unsolicited status that says so: attention, device end, unit exception. */
void dasd_device_state_change(guint8 ret_irb[CCW_IRB_SIZE]);

/* A system reset or a close: path groups, reservations of this host and pending sense are forgotten. */
void dasd_device_reset(DasdDevice *device);
