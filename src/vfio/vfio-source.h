/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where devices come from: the environment that qemu-ccw sets, or the lab at the other end of a socket
 * (util/lab-protocol.h). Device N is the one behind /dev/vfio/N.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-device.h"
#include "util/lab-protocol.h"

#define VFIO_SOURCE_CHPID 0x34 /* the path of devices from the environment; the lab gives its own */
#define VFIO_SOURCE_GROUP_MAX 65535

typedef struct {
    guint group;
    char uuid[37]; /* of the mdev, lower case: the name for VFIO_GROUP_GET_DEVICE_FD */
    DasdDeviceConfig device;
    int image_fd;
    int lab_fd;  /* the connection; -1: not from a lab */
    int node_fd; /* the lab's /dev/vfio/N, which keeps the group open; -1: not from a lab */
} VfioSource;

/* Reads the environment variable's value; a line on stderr for each device that is not understood. */
void vfio_source_set_environment(const char *value);

/* Is there anything to answer for, from the environment or a lab? If not, VFIO is the kernel's. */
gboolean vfio_source_exists(void);

/* If so: is it a lab, where /dev/vfio holds its own nodes, and not those of a kernel, or none? */
gboolean vfio_source_is_lab(void);

/*
 * Opens device N, for one opener at a time. 0, or a negative errno for open(): EBUSY, ENOENT (no such group), EIO
 * (with a line on stderr: the lab does not speak its protocol). node_fd: the open /dev/vfio/N of a lab, which is
 * duplicated; -1 without a lab.
 */
int vfio_source_open(guint group, int node_fd, VfioSource **ret_source);
void vfio_source_free(VfioSource *source);

/* The same, from the lab at a given socket, by the token of an open node. For vfio_source_open() and its tests. */
int vfio_source_connect(const char *socket_path, guint group, const CcwLabToken *token, VfioSource **ret_source);

/* Tells the lab whether QEMU has the device; a lab that is gone needs no telling. */
void vfio_source_set_in_use(const VfioSource *source, gboolean in_use);

/*
 * Waits for the lab's request to give the device back. FALSE: none will come (no lab, or stop_fd became readable).
 */
gboolean vfio_source_wait_request(const VfioSource *source, int stop_fd);

/* Devices of the environment, for vfio-sysfs.c: how many, and the one of a number; NULL if none. */
guint vfio_source_count(void);
const VfioSource *vfio_source_nth(guint group);
