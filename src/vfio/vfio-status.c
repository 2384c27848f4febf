/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vfio/vfio-status.h"

#include <errno.h>
#include <string.h>

#define QUIET_TIME (G_TIME_SPAN_SECOND / 4)

/* Drops status that QEMU has not fetched. Returns: whether it was unsolicited. */
static gboolean drop(VfioStatus *status)
{
    gboolean is_unsolicited = status->kind == VFIO_STATUS_UNSOLICITED;

    status->kind = VFIO_STATUS_NONE;
    return is_unsolicited;
}

gboolean vfio_status_present(VfioStatus *status, VfioStatusKind kind, const guint8 *irb, int error)
{
    gboolean has_dropped;

    status->twice = status->kind != VFIO_STATUS_NONE;
    has_dropped = drop(status);
    if (irb)
        memcpy(status->irb, irb, CHANNEL_IRB_SIZE);
    status->error = error;
    status->kind = kind;
    vfio_irqs_trigger(status->irqs, VFIO_CCW_IO_IRQ_INDEX);
    return has_dropped;
}

gboolean vfio_status_forget(VfioStatus *status)
{
    if (status->kind != VFIO_STATUS_NONE)
        vfio_irqs_revoke(status->irqs, VFIO_CCW_IO_IRQ_INDEX);
    status->error = 0;
    memset(status->irb, 0, CHANNEL_IRB_SIZE);
    return drop(status);
}

void vfio_status_note_start(VfioStatus *status)
{
    status->fetched = g_get_monotonic_time();
}

int vfio_status_fetch(VfioStatus *status, guint8 ret_irb[CHANNEL_IRB_SIZE])
{
    /*
     * QEMU clears its eventfd before it calls this function. A status that replaced the signalled one has signalled
     * again since then. QEMU would make a second interruption of that signal, with the status of the first.
     */
    if (status->kind != VFIO_STATUS_NONE && status->twice)
        vfio_irqs_revoke(status->irqs, VFIO_CCW_IO_IRQ_INDEX);
    status->kind = VFIO_STATUS_NONE;
    status->fetched = g_get_monotonic_time();
    if (status->error)
        return status->error == -ENODEV ? -ENODEV : -EIO;
    memcpy(ret_irb, status->irb, CHANNEL_IRB_SIZE);
    return 0;
}

gboolean vfio_status_is_quiet(const VfioStatus *status)
{
    return status->kind == VFIO_STATUS_NONE && g_get_monotonic_time() - status->fetched >= QUIET_TIME;
}
