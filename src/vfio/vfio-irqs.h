/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interrupts of one device: QEMU's eventfds, by VFIO's index. Any thread may call these functions. */
#pragma once

#include <glib.h>
#include <linux/vfio.h>

typedef struct {
    GMutex lock;
    int fds[VFIO_CCW_NUM_IRQS]; /* own duplicates; -1: no eventfd */
} VfioIrqs;

void vfio_irqs_init(VfioIrqs *irqs);
void vfio_irqs_clear(VfioIrqs *irqs);

/**
 * vfio_irqs_set:
 * @fd: duplicated; -1 removes the eventfd
 *
 * Returns: 0 or a negative errno
 */
int vfio_irqs_set(VfioIrqs *irqs, guint index, int fd);

/* Signals the eventfd of an index, if there is one. Does not block. */
void vfio_irqs_trigger(VfioIrqs *irqs, guint index);

/**
 * vfio_irqs_revoke:
 *
 * Takes back signals that QEMU has not seen yet, if that is possible without blocking.
 */
void vfio_irqs_revoke(VfioIrqs *irqs, guint index);

/**
 * vfio_irqs_set_from:
 * @set: at least argsz bytes long
 *
 * Performs VFIO_DEVICE_SET_IRQS.
 *
 * Returns: 0 or a negative errno
 */
int vfio_irqs_set_from(VfioIrqs *irqs, const struct vfio_irq_set *set);
