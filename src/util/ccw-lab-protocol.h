/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the preloaded VFIO library (src/vfio) and the lab (src/lab) say to each other, over a SOCK_SEQPACKET unix
 * socket at a fixed place of the lab's mount namespace (libvirt passes few environment variables on to QEMU).
 *
 * One connection is one open of /dev/vfio/N and lives as long as that open; every message is one packet; integers are
 * of the host's byte order, for both ends run on one machine.
 *
 *   library -> lab   CcwLabOpen      first packet
 *   lab -> library   CcwLabOpened    with one file descriptor of the DASD image (SCM_RIGHTS) when status is 0
 *   library -> lab   CcwLabInUse     when QEMU takes (1) and closes (0) the device's fd, VFIO_GROUP_GET_DEVICE_FD
 *   lab -> library   CcwLabRequest   the host wants the device back: signal VFIO's request interrupt (IRQ 2), as the
 *                                    kernel does on remove and unbind; QEMU then unplugs and closes
 *
 * A connection that ends is a close of everything.
 */
#pragma once

#include <glib.h>

#define CCW_LAB_SOCKET "/run/libvirt-ccw/lab.sock"
#define CCW_LAB_MAGIC 0x4343574cu /* "CCWL" */

typedef struct {
    guint32 magic;
    guint32 group; /* N of /dev/vfio/N */
} CcwLabOpen;

typedef struct {
    guint32 magic;
    gint32 status;   /* 0, or an errno for the library's open(): EBUSY is a second open, ENODEV no such group */
    guint32 flags;   /* CCW_LAB_READ_ONLY, CCW_LAB_SYNC */
    char uuid[37];   /* of the mdev, lower case */
    char bus_id[10]; /* of the ccw device, "0.0.1234" */
    guint8 chpid;    /* its one channel path */
} CcwLabOpened;

#define CCW_LAB_READ_ONLY 0x1u /* the image is to be read only */
#define CCW_LAB_SYNC 0x2u      /* a write is to be on the disk before its status is given */

typedef struct {
    guint32 magic;
    guint32 in_use;
} CcwLabInUse;

typedef struct {
    guint32 magic;
} CcwLabRequest;

/*
 * Without a lab (qemu-ccw) the devices are in this environment variable instead, their images as inherited file
 * descriptors: "UUID=BUSID:FD[:ro][:sync]" of each device, separated by ";". /dev/vfio/N is the N-th of them, from 0.
 * The library then stands in for the files of sysfs that QEMU reads, too. If the variable is set the socket is not
 * asked.
 */
#define CCW_LAB_DEVICES_ENV "LIBVIRT_CCW_DEVICES"
