/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Uses a vfio-ccw device as QEMU does, without QEMU: the sequence of hw/vfio/common.c and hw/vfio/ccw.c, a guest's
 * storage of a few pages, and QEMU's accesses to the I/O region (16- and 32-bit fields in the host's byte order).
 */
#pragma once

#include <glib.h>
#include <linux/vfio.h>
#include <linux/vfio_ccw.h>

#include "channel/request.h"

/*
 * Group 0 can be written, group 2 is read-only, group 1 is invalid. Both volumes have the label TEST01 and two
 * cylinders.
 */
#define UUID_RW "cc390000-0001-8000-8000-000000001234"
#define UUID_RO "cc390000-0001-8000-8000-000000001235"

#define CLIENT_STORAGE 0x100000
#define CLIENT_ORB_FLAGS (CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64 | 0xff00)

typedef struct {
    int container;
    int group;
    int device;
    int irqs[VFIO_CCW_NUM_IRQS];
    guint8 *storage; /* mapped at guest address 0 */
} VfioClient;

/* For main(): starts the program again under QEMU's name, with the devices in its environment. */
void vfio_client_become_qemu(char **argv);

/* Does everything up to enabled interrupts. The test fails if any step fails. */
void vfio_client_open(VfioClient *client, const char *group_path, const char *uuid);

/* The same in no-IOMMU mode: nothing is mapped, and `storage` is ordinary memory. */
void vfio_client_open_noiommu(VfioClient *client, const char *group_path, const char *uuid);

void vfio_client_close(VfioClient *client);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VfioClient, vfio_client_close)

/* Return 0, or -1 and errno. */
int vfio_client_set_irq(VfioClient *client, guint index, int fd);
int vfio_client_start(VfioClient *client, guint32 orb_flags, guint32 cpa);
/* As QEMU for RESUME SUBCHANNEL: with the ORB of the start. */
int vfio_client_resume(VfioClient *client, guint32 orb_flags, guint32 cpa);
int vfio_client_command(VfioClient *client, guint32 command);

/* Waits for the I/O interrupt and fetches the IRB. */
void vfio_client_wait(VfioClient *client, guint8 irb[CHANNEL_IRB_SIZE]);
gboolean vfio_client_is_interrupted(VfioClient *client, guint index);

void vfio_client_put_ccw(VfioClient *client, guint32 at, guint8 cmd, guint8 flags, guint16 count, guint32 cda);
