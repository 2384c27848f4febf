/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one pending status of a subchannel: the IRB that QEMU has to fetch, and its signal. The caller holds the
 * subchannel's lock around each call. IRBs are big-endian.
 */
#pragma once

#include <glib.h>

#include "channel/arch.h"
#include "vfio/vfio-irqs.h"

typedef enum {
    VFIO_STATUS_NONE,         /* no IRB, or QEMU has fetched it */
    VFIO_STATUS_FINAL,        /* IRB of a function that has ended */
    VFIO_STATUS_INTERMEDIATE, /* IRB of a program that continues; the next status includes it */
    VFIO_STATUS_UNSOLICITED,  /* IRB that the device presents unasked */
} VfioStatusKind;

typedef struct {
    VfioIrqs *irqs;
    VfioStatusKind kind;
    guint8 irb[CHANNEL_IRB_SIZE];
    int error;      /* negative errno in place of the IRB */
    gboolean twice; /* the IRB replaced one that was signalled but not fetched, and was signalled, too */
    gint64 fetched; /* time of the last fetch, or of the last start */
} VfioStatus;

/**
 * vfio_status_present:
 * @irb: CHANNEL_IRB_SIZE bytes, big-endian; NULL: keep the IRB of the status before
 * @error: negative errno in place of the IRB, or 0
 *
 * Replaces the pending status, and signals the new one.
 *
 * Returns: whether unsolicited status was dropped, which the subchannel then has to present again
 */
gboolean vfio_status_present(VfioStatus *status, VfioStatusKind kind, const guint8 *irb, int error);

/**
 * vfio_status_forget:
 *
 * Drops status that QEMU has not fetched, and its signal. QEMU does not report CANCEL SUBCHANNEL. So without this, the
 * guest would get the status of a program that it has given up, together with that of the next program.
 *
 * Returns: as vfio_status_present()
 */
gboolean vfio_status_forget(VfioStatus *status);

/* Notes that a start function begins: vfio_status_is_quiet() counts it as use of the subchannel. */
void vfio_status_note_start(VfioStatus *status);

/**
 * vfio_status_fetch:
 *
 * Takes the last status, which is no longer pending afterwards.
 *
 * Returns: 0; -ENODEV or -EIO if there is an errno in its place
 */
int vfio_status_fetch(VfioStatus *status, guint8 ret_irb[CHANNEL_IRB_SIZE]);

/**
 * vfio_status_is_quiet:
 *
 * Returns: whether nothing is pending, and QEMU has neither fetched a status nor started a program for a while. QEMU
 * has one place for a status, and does not say when the guest has taken it over.
 */
gboolean vfio_status_is_quiet(const VfioStatus *status);
