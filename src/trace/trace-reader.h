/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tracer's side of the ring (trace-ring.h): attaches to a process, and reads its records one by one. The process may
 * be a QEMU that its guest has taken over: every value in the ring is checked, and what is returned is a copy.
 */
#pragma once

#include <sys/types.h>

#include "trace/trace-record.h"

typedef struct _TraceReader TraceReader;

typedef enum {
    TRACE_READ_RECORD, /* *ret_bytes, *ret_length: valid until the next call */
    TRACE_READ_NOTHING,
    TRACE_READ_ENDED, /* the process has ended, and its last record was read */
} TraceRead;

/*
 * Attaches to a process: from now on it records, at least data_max bytes of each CCW's data as far as TRACE_DATA_MAX.
 * Errors: CCW_ERROR_NOT_FOUND (no such process, or no channel devices of ours in it), CCW_ERROR_DENIED (another
 * user's), CCW_ERROR_PROTOCOL (another version's ring, or none).
 */
TraceReader *trace_reader_attach(pid_t pid, guint data_max, GError **error);

/* The same, of a ring by its descriptor, which becomes the reader's (on failure too). pid_fd: of its writer; -1: none.
 */
TraceReader *trace_reader_new(int fd, int pid_fd, guint data_max, GError **error);

typedef enum {
    TRACE_DEVICE_OPEN,
    TRACE_DEVICE_ABSENT,
    TRACE_DEVICE_UNKNOWN, /* the process has more devices than it can list */
} TraceDevice;

/* Whether the process has this device open now. */
TraceDevice trace_reader_find_device(const TraceReader *reader, const CcwBusId *id);

/* Detaches. The process goes on recording until its next function after the lease, which no other tracer may have. */
void trace_reader_free(TraceReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TraceReader, trace_reader_free)

/*
 * The next record. It is waited for, for `timeout_ms` at most. Call it at least once a second: it renews the lease.
 * *ret_lost: records that were overwritten before they could be read, since the last call.
 */
TraceRead trace_reader_next(TraceReader *reader, guint timeout_ms, const guint8 **ret_bytes, gsize *ret_length,
                            guint64 *ret_lost);
