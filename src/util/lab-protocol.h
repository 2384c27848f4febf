/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the preloaded VFIO library (src/vfio) and the lab (src/lab) say to each other, over a SOCK_SEQPACKET unix
 * socket at a fixed place of the lab's mount namespace (libvirt passes few environment variables on to QEMU).
 *
 * The lab serves /dev/vfio/N itself, as a file of FUSE: the library opens that file, as QEMU asked it to, and the file
 * is open for as long as QEMU has the group or its device. The ioctl CCW_LAB_GET_TOKEN on it reads the token of this
 * one open, and the token in the first packet shows the lab that the sender has the file open: the mode of /dev/vfio/N
 * decides who gets the image.
 *
 * There is one connection for one open of /dev/vfio/N; every message is one packet; integers are of the host's byte
 * order, for both ends run on one machine.
 *
 *   library -> lab   CcwLabOpen      first packet
 *   lab -> library   CcwLabOpened    with one file descriptor of the DASD image (SCM_RIGHTS) when status is 0
 *   library -> lab   CcwLabInUse     when QEMU takes (1) and closes (0) the device's fd, VFIO_GROUP_GET_DEVICE_FD
 *   lab -> library   CcwLabRequest   the host wants the device back: signal VFIO's request interrupt (IRQ 2), as the
 *                                    kernel does on remove and unbind; QEMU then unplugs and closes
 *
 * The end of a connection means that QEMU has closed the device; the group is closed when the file is.
 */
#pragma once

#include <glib.h>

#include <sys/ioctl.h>

#define CCW_LAB_DIR "/run/libvirt-ccw"
#define CCW_LAB_SOCKET CCW_LAB_DIR "/lab.sock"
#define CCW_LAB_MAGIC 0x4343574cu /* "CCWL" */

#define CCW_LAB_TOKEN_LEN 16

/* Random bytes that name one open of /dev/vfio/N, from the open to its close. */
typedef struct {
    guint8 bytes[CCW_LAB_TOKEN_LEN];
} CcwLabToken;

#define CCW_LAB_GET_TOKEN _IOR('L', 0x01, CcwLabToken)

typedef struct {
    guint32 magic;
    CcwLabToken token;
} CcwLabOpen;

typedef struct {
    guint32 magic;
    gint32 status;   /* 0, or an errno for the library's open(): EACCES: no open has this token; EBUSY: it is in use */
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

/* The lab's own, which is not for guests: the folder of libvirtd's sockets, and the socket of src/lab/lab-control.h. */
#define CCW_LAB_BACKEND CCW_LAB_DIR "/backend"
#define CCW_LAB_CONTROL_SOCKET CCW_LAB_DIR "/lab-control.sock"

/*
 * Without a lab (qemu-ccw) the devices are in this environment variable instead, their images as inherited file
 * descriptors: "UUID=BUSID:FD[:ro][:sync]" of each device, separated by ";". /dev/vfio/N is the N-th of them, from 0.
 * The library then stands in for the files of sysfs that QEMU reads, too. If the variable is set the socket is not
 * asked.
 */
#define CCW_LAB_DEVICES_ENV "LIBVIRT_CCW_DEVICES"
