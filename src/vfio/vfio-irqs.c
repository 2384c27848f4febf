/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-irqs.h. Checks and errors are those of drivers/vfio/vfio_main.c and drivers/s390/cio/vfio_ccw_ops.c. */
#include "vfio/vfio-irqs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void vfio_irqs_init(VfioIrqs *irqs)
{
    g_mutex_init(&irqs->lock);
    for (guint i = 0; i < VFIO_CCW_NUM_IRQS; i++)
        irqs->fds[i] = -1;
}

void vfio_irqs_clear(VfioIrqs *irqs)
{
    for (guint i = 0; i < VFIO_CCW_NUM_IRQS; i++)
        vfio_irqs_set(irqs, i, -1);
    g_mutex_clear(&irqs->lock);
}

int vfio_irqs_set(VfioIrqs *irqs, guint index, int fd)
{
    int copy = -1;

    if (fd >= 0) {
        copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (copy < 0)
            return -errno;
    }
    g_mutex_lock(&irqs->lock);
    if (irqs->fds[index] >= 0)
        close(irqs->fds[index]);
    irqs->fds[index] = copy;
    g_mutex_unlock(&irqs->lock);
    return 0;
}

void vfio_irqs_trigger(VfioIrqs *irqs, guint index)
{
    const guint64 one = 1;

    g_mutex_lock(&irqs->lock);
    /*
     * write() fails only if the eventfd is full of signals that QEMU has not seen yet. One more signal says nothing
     * new.
     */
    if (irqs->fds[index] >= 0 && write(irqs->fds[index], &one, sizeof(one)) < 0)
        errno = 0;
    g_mutex_unlock(&irqs->lock);
}

void vfio_irqs_revoke(VfioIrqs *irqs, guint index)
{
    guint64 count;

    g_mutex_lock(&irqs->lock);
    if (irqs->fds[index] >= 0 && fcntl(irqs->fds[index], F_GETFL) & O_NONBLOCK &&
        read(irqs->fds[index], &count, sizeof(count)) < 0)
        errno = 0;
    g_mutex_unlock(&irqs->lock);
}

static int set_eventfd(VfioIrqs *irqs, const struct vfio_irq_set *set)
{
    gint32 fd;

    memcpy(&fd, set->data, sizeof(fd));
    return fd < -1 ? -EINVAL : vfio_irqs_set(irqs, set->index, fd);
}

/* Returns the bytes of data after the header; -1 if the flags do not have exactly one type. */
static int data_size(guint32 flags)
{
    switch (flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
    case VFIO_IRQ_SET_DATA_NONE:
        return 0;
    case VFIO_IRQ_SET_DATA_BOOL:
        return sizeof(guint8);
    case VFIO_IRQ_SET_DATA_EVENTFD:
        return sizeof(gint32);
    default:
        return -1;
    }
}

int vfio_irqs_set_from(VfioIrqs *irqs, const struct vfio_irq_set *set)
{
    const guint32 known = VFIO_IRQ_SET_DATA_TYPE_MASK | VFIO_IRQ_SET_ACTION_TYPE_MASK;
    int size;

    if (set->argsz < sizeof(*set))
        return -EINVAL;
    size = data_size(set->flags);
    if (set->index >= VFIO_CCW_NUM_IRQS || set->flags & ~known || size < 0)
        return -EINVAL;
    if ((set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) != VFIO_IRQ_SET_ACTION_TRIGGER)
        return -EINVAL;
    /* Each index has one interrupt: start 0, count 1. */
    if (set->start != 0 || set->count > 1 || (size && (set->count != 1 || set->argsz - sizeof(*set) < (gsize)size)))
        return -EINVAL;

    if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
        return set_eventfd(irqs, set);
    if (set->flags & VFIO_IRQ_SET_DATA_NONE || set->data[0])
        vfio_irqs_trigger(irqs, set->index);
    return 0;
}
