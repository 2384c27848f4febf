/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A 3390 on a 3990, stored in an image. The device takes translated channel programs by the dedicated request, and
 * answers with an IRB. This folder does not depend on guests, QEMU or VFIO.
 */
#pragma once

#include <glib.h>

#include "channel/request.h"
#include "util/address.h"

typedef struct _DasdDevice DasdDevice;

typedef struct {
    CcwBusId bus_id; /* bus id on the host; part of the identity in the configuration data */
    guint8 chpid;
    gboolean read_only; /* the device rejects writes, as a device with inhibited writes does */
    gboolean sync; /* a write is on the host's disk before the device gives its status, so it survives a power cut */
} DasdDeviceConfig;

/**
 * dasd_device_new:
 * @fd: an open CKD image; the device closes it, except after an error
 *
 * Returns: a new device. Errors: CCW_ERROR_IMAGE (not CKD, damaged header), CCW_ERROR_SYSTEM
 */
DasdDevice *dasd_device_new(int fd, const DasdDeviceConfig *config, GError **error);

/**
 * dasd_device_new_snapshot:
 * @fd: an open CKD image, which the device only reads
 * @snapshot_fd: of dasd_snapshot_create() for this image: gets all writes
 * @config: neither read_only nor sync
 *
 * The device closes both descriptors, except after an error.
 *
 * Returns: a new device. Errors: as dasd_device_new(); CCW_ERROR_IMAGE if the snapshot belongs to another image
 */
DasdDevice *dasd_device_new_snapshot(int fd, int snapshot_fd, const DasdDeviceConfig *config, GError **error);
void dasd_device_free(DasdDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DasdDevice, dasd_device_free)

/**
 * DasdIntermediateFunc:
 * @irb: its CPA is as in CcwCmdRequest
 *
 * Presents intermediate status: a CCW that asks for a program-controlled interruption became current. The thread that
 * performs the request calls this function.
 *
 * Returns: FALSE if the caller cannot take the status; the PCI then comes together with the status of the request
 */
typedef gboolean (*DasdIntermediateFunc)(gpointer opaque, const guint8 irb[CHANNEL_IRB_SIZE]);

/**
 * dasd_device_set_intermediate:
 *
 * Sets the receiver of intermediate status. Call this before the first request.
 */
void dasd_device_set_intermediate(DasdDevice *device, DasdIntermediateFunc func, gpointer opaque);

/**
 * dasd_device_request:
 *
 * Runs one request until it ends or is suspended; see CcwCmdRequest.
 *
 * Returns: 0 or a negative errno. -EBUSY: another request is running
 */
int dasd_device_request(DasdDevice *device, CcwCmdRequest *request);

/**
 * dasd_device_cancel:
 *
 * Ends the running request before its next CCW (halt and clear functions), with the status that it has by then. Does
 * nothing if no request is running. Any thread may call this.
 */
void dasd_device_cancel(DasdDevice *device);

/**
 * dasd_device_waits:
 *
 * Returns: TRUE if the device has reported "intervention required" (the disk of the image is full) and has not yet
 * reported that it is ready again
 */
gboolean dasd_device_waits(DasdDevice *device);

/**
 * dasd_device_check_ready:
 *
 * Checks, without waiting, whether a device that reported "intervention required" is ready again.
 *
 * Returns: TRUE once, when the device is ready; the caller then presents dasd_device_state_change(). FALSE also while a
 * request runs
 */
gboolean dasd_device_check_ready(DasdDevice *device);

/**
 * dasd_device_state_change:
 *
 * Builds the unsolicited status "ready again": attention, device end, unit exception.
 */
void dasd_device_state_change(guint8 ret_irb[CHANNEL_IRB_SIZE]);

/**
 * dasd_device_reset:
 *
 * Forgets path groups, reservations of this host and pending sense. Call this at a system reset or a close.
 */
void dasd_device_reset(DasdDevice *device);
