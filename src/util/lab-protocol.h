/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The protocol between the preloaded VFIO library (src/vfio) and the lab (src/lab), over a SOCK_SEQPACKET UNIX socket.
 * The socket has a fixed path in the lab's mount namespace, since libvirt passes few environment variables on to QEMU.
 *
 * The lab serves /dev/vfio/N as a FUSE file. The library opens that file when QEMU does, and keeps it open as long as
 * QEMU has the group or its device. The ioctl CCW_LAB_GET_TOKEN reads the token of this one open. The library sends the
 * token in its first packet, which proves to the lab that the sender has the file open: so the mode of /dev/vfio/N
 * decides who gets the image.
 *
 * Each open of /dev/vfio/N has one connection, and each message is one packet. Integers have the host's byte order:
 * both ends run on one machine.
 *
 *   library -> lab   CcwLabOpen      first packet
 *   lab -> library   CcwLabOpened    when status is 0: with a file descriptor of the DASD image (SCM_RIGHTS), and with
 *                                    CCW_LAB_SNAPSHOT a second one, of its snapshot
 *   library -> lab   CcwLabInUse     QEMU opens (1) or closes (0) the device's fd, VFIO_GROUP_GET_DEVICE_FD
 *   lab -> library   CcwLabRequest   the host wants the device back: signal VFIO's request interrupt (IRQ 2), as the
 *                                    kernel does on remove and unbind; QEMU then unplugs and closes
 *
 * A closed connection means that QEMU has closed the device. The group is closed when the file is closed.
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
    gint32 status;   /* 0, or an errno for the library's open(): EACCES: no open has this token; EBUSY: in use */
    guint32 flags;   /* CCW_LAB_READ_ONLY, CCW_LAB_SYNC, CCW_LAB_SNAPSHOT */
    char uuid[37];   /* of the mdev, lower case */
    char bus_id[10]; /* of the ccw device, "0.0.1234" */
    guint8 chpid;    /* the device's only channel path */
} CcwLabOpened;

#define CCW_LAB_READ_ONLY 0x1u /* the library must not write to the image */
#define CCW_LAB_SYNC 0x2u      /* the library must sync a write before it presents the status */
#define CCW_LAB_SNAPSHOT 0x4u  /* the library must write to the snapshot, and only read the image */

typedef struct {
    guint32 magic;
    guint32 in_use;
} CcwLabInUse;

typedef struct {
    guint32 magic;
} CcwLabRequest;

/* For the lab only, not for guests: the folder of libvirtd's sockets, and the socket of src/lab/lab-control.h. */
#define CCW_LAB_BACKEND CCW_LAB_DIR "/backend"
#define CCW_LAB_CONTROL_SOCKET CCW_LAB_DIR "/lab-control.sock"

/*
 * qemu-ccw starts QEMU without a lab. It lists the devices in this environment variable, and QEMU inherits the file
 * descriptors of their images: "UUID=BUSID:FD[:ro][:sync][:snapshot=FD]" for each device, separated by ";". /dev/vfio/N
 * is the N-th device, from 0. The library then also provides the sysfs files that QEMU reads. If the variable is set,
 * the library does not use the socket.
 */
#define CCW_LAB_DEVICES_ENV "LIBVIRT_CCW_DEVICES"
