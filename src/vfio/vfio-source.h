/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The source of devices: the environment that qemu-ccw sets, or the lab at the other end of a socket
 * (util/lab-protocol.h). Device N is the device of /dev/vfio/N.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-device.h"
#include "util/lab-protocol.h"

#define VFIO_SOURCE_CHPID 0x34 /* channel path of devices from the environment; the lab gives its own */
#define VFIO_SOURCE_GROUP_MAX 65535

typedef struct {
    guint group;
    char uuid[37]; /* UUID of the mdev, lower case: the name for VFIO_GROUP_GET_DEVICE_FD */
    DasdDeviceConfig device;
    int image_fd;
    int snapshot_fd; /* gets the writes; -1: the image gets them */
    int lab_fd;      /* connection to the lab; -1: not from a lab */
    int node_fd;     /* the lab's /dev/vfio/N, which keeps the group open; -1: not from a lab */
} VfioSource;

/**
 * vfio_source_set_environment:
 * @value: of the environment variable
 *
 * Reads the devices of the environment. Logs a line on stderr for each invalid device.
 */
void vfio_source_set_environment(const char *value);

/**
 * vfio_source_exists:
 *
 * Returns: TRUE if the environment or a lab has devices; else the kernel answers VFIO
 */
gboolean vfio_source_exists(void);

/**
 * vfio_source_is_lab:
 *
 * Returns: if vfio_source_exists(): TRUE in a lab, where /dev/vfio has the lab's nodes. FALSE with the environment,
 * where /dev/vfio has the kernel's nodes or does not exist
 */
gboolean vfio_source_is_lab(void);

/**
 * vfio_source_open:
 * @node_fd: the open /dev/vfio/N of a lab, which this function duplicates; -1 without a lab
 * @ret_source: the caller frees it with vfio_source_free()
 *
 * Opens device N. One process at a time may have it open.
 *
 * Returns: 0, or a negative errno for open(): -EBUSY, -ENOENT (no such group), -EIO (and a line on stderr: the lab does
 * not follow its protocol)
 */
int vfio_source_open(guint group, int node_fd, VfioSource **ret_source);
void vfio_source_free(VfioSource *source);

/**
 * vfio_source_duplicate_fds:
 * @ret_image_fd: a close-on-exec duplicate of the image's descriptor, which the caller closes
 * @ret_snapshot_fd: the same for the snapshot; -1 if the source has no snapshot
 *
 * The duplicates share the lock and the offset of the originals.
 *
 * Returns: 0, or a negative errno of fcntl(2); on failure this function sets neither
 */
int vfio_source_duplicate_fds(const VfioSource *source, int *ret_image_fd, int *ret_snapshot_fd);

/**
 * vfio_source_connect:
 * @token: of an open node
 *
 * Like vfio_source_open(), from the lab at this socket. For vfio_source_open() and its tests.
 */
int vfio_source_connect(const char *socket_path, guint group, const CcwLabToken *token, VfioSource **ret_source);

/**
 * vfio_source_set_in_use:
 *
 * Tells the lab whether QEMU has the device. Does nothing without a lab, or if the lab is gone.
 */
void vfio_source_set_in_use(const VfioSource *source, gboolean in_use);

/**
 * vfio_source_wait_request:
 *
 * Waits until the lab requests the device back.
 *
 * Returns: FALSE if no request will come: no lab, or @stop_fd became readable
 */
gboolean vfio_source_wait_request(const VfioSource *source, int stop_fd);

/**
 * vfio_source_count:
 *
 * Returns: the number of devices of the environment, for vfio-sysfs.c
 */
guint vfio_source_count(void);
/**
 * vfio_source_nth:
 *
 * Returns: a device of the environment by its number, or NULL if the number has no valid device
 */
const VfioSource *vfio_source_nth(guint group);
