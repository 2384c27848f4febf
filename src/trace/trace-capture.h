/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes a trace record (trace-record.h) of a function that a subchannel has performed. It knows of the request and its
 * program alone; who calls it has them, and answers for their addresses being good.
 */
#pragma once

#include "trace/trace-record.h"

typedef struct {
    TraceFunction function;
    CcwBusId bus_id;
    guint64 started;              /* ns since 1970 */
    guint64 duration;             /* ns */
    int error;                    /* a positive errno, 0: none */
    const guint8 *orb;            /* as the guest has it; NULL: none */
    const guint8 *irb;            /* as the guest gets it; NULL: none */
    const CcwCmdRequest *request; /* NULL: no program. The IRB in it is the device's own. */
    gboolean with_data;           /* the addresses in the program are good */
    guint data_max;               /* bytes of data that are kept of a CCW */
    /* The guest's address of what is at `host`; TRACE_NO_ADDRESS if there is none. */
    guint64 (*guest_address)(gpointer opaque, gconstpointer host);
    gpointer opaque;
} TraceCapture;

/* Writes the record, its sequence number left 0. The buffer has TRACE_RECORD_MAX bytes. Returns the record's length. */
gsize trace_capture(const TraceCapture *capture, guint8 *buffer);
