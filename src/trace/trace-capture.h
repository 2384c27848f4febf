/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes a trace record (trace-record.h) of a function that a subchannel has performed. The caller answers for the
 * addresses in the request and its program.
 */
#pragma once

#include "trace/trace-record.h"

typedef struct {
    TraceFunction function;
    CcwBusId bus_id;
    guint64 started;              /* ns since 1970 */
    guint64 duration;             /* ns */
    int error;                    /* a positive errno; 0: no error */
    const guint8 *orb;            /* the guest's; NULL: no ORB */
    const guint8 *irb;            /* in the guest's terms; NULL: no IRB */
    const CcwCmdRequest *request; /* with the IRB in the device's terms; NULL: no program */
    gboolean with_data;           /* the addresses in the program are valid; FALSE records no data */
    guint data_max;               /* the record has at most this many bytes of a CCW's data */
    /* Returns: the guest's address of storage at host; TRACE_NO_ADDRESS if the guest does not have it. */
    guint64 (*guest_address)(gpointer opaque, gconstpointer host);
    gpointer opaque;
} TraceCapture;

/**
 * trace_capture: Writes a record with the sequence number 0.
 * @buffer: TRACE_RECORD_MAX bytes
 *
 * Returns: the record's length in bytes.
 */
gsize trace_capture(const TraceCapture *capture, guint8 *buffer);
