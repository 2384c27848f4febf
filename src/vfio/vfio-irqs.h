/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interrupts of one device: QEMU's eventfds, by VFIO's index. Safe from any thread. */
#pragma once

#include <glib.h>
#include <linux/vfio.h>

typedef struct {
    GMutex lock;
    int fds[VFIO_CCW_NUM_IRQS]; /* our own duplicates, -1: none */
} VfioIrqs;

void vfio_irqs_init(VfioIrqs *irqs);
void vfio_irqs_clear(VfioIrqs *irqs);

/* fd -1 takes the eventfd away. 0 or a negative errno. */
int vfio_irqs_set(VfioIrqs *irqs, guint index, int fd);

void vfio_irqs_trigger(VfioIrqs *irqs, guint index);

/* Takes back what was signalled and not yet seen, if that is possible without blocking. */
void vfio_irqs_revoke(VfioIrqs *irqs, guint index);

/* VFIO_DEVICE_SET_IRQS with an argument that is at least argsz long. 0 or a negative errno. */
int vfio_irqs_set_from(VfioIrqs *irqs, const struct vfio_irq_set *set);
