/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A subchannel with a DASD of two cylinders and a guest's storage, for tests of vfio-subchannel.h itself. */
#pragma once

#include "vfio/vfio-subchannel.h"

#define VFIO_FIXTURE_STORAGE 0x10000
#define VFIO_FIXTURE_PROGRAM 0x1000u /* where vfio_fixture_put_ccw() puts CCWs */

typedef struct {
    guint8 *storage;
    VfioMemory *memory;
    VfioIrqs irqs;
    int eventfd;
    VfioSubchannel *sch;
    guint8 irb[CHANNEL_IRB_SIZE];
} VfioFixture;

/* Returns the descriptor of a new image, which has no name any more. */
int vfio_fixture_make_image(void);

/* For g_test_add(). */
void vfio_fixture_set_up(VfioFixture *f, gconstpointer unused);
void vfio_fixture_tear_down(VfioFixture *f, gconstpointer unused);

/* @timeout: milliseconds */
gboolean vfio_fixture_is_signalled(VfioFixture *f, int timeout);

/* Waits for the interrupt, and fetches the status into @f->irb. */
void vfio_fixture_wait_status(VfioFixture *f);

/* Waits for the interrupt only. */
void vfio_fixture_wait_signal(VfioFixture *f);

void vfio_fixture_put_ccw(VfioFixture *f, guint index, guint8 cmd, guint8 flags, guint16 count, guint32 cda);
void vfio_fixture_start(VfioFixture *f);
