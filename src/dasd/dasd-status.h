/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The status of a channel program, as an interruption-response block. */
#pragma once

#include <glib.h>

#include "channel/arch.h"
#include "dasd/dasd-exec.h"

typedef enum {
    DASD_PHASE_ACTIVE,
    DASD_PHASE_SUSPENDED, /* the program is suspended before exec->ccw */
    DASD_PHASE_ENDED,
} DasdPhase;

/**
 * dasd_status_build:
 *
 * Builds the IRB of a program in this phase.
 */
void dasd_status_build(const DasdExec *exec, DasdPhase phase, guint8 irb[CHANNEL_IRB_SIZE]);

/**
 * dasd_status_build_state_change:
 *
 * Builds the unsolicited status of a device that is ready again; see dasd_device_state_change().
 */
void dasd_status_build_state_change(guint8 ret_irb[CHANNEL_IRB_SIZE]);
