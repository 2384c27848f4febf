/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tracer's side of the ring (trace-ring.h): attaches to a process, and reads its records one by one. The process may
 * be a QEMU that its guest controls, so the reader checks every value in the ring, and returns a copy of each record.
 */
#pragma once

#include <sys/types.h>

#include "trace/trace-record.h"

typedef struct _TraceReader TraceReader;

typedef enum {
    TRACE_READ_RECORD, /* *ret_bytes, *ret_length: valid until the next call */
    TRACE_READ_NOTHING,
    TRACE_READ_ENDED, /* the process has ended, and the reader has returned its last record */
} TraceRead;

/**
 * trace_reader_attach: Attaches to a process, which then records its channel I/O.
 * @data_max: how many bytes of each CCW's data the process records at least, up to TRACE_DATA_MAX
 *
 * Returns: a reader, or NULL with CCW_ERROR_NOT_FOUND (no such process, or it has no embedded channel device),
 * CCW_ERROR_DENIED (it belongs to another user) or CCW_ERROR_PROTOCOL (the ring is of another version, or is no ring).
 */
TraceReader *trace_reader_attach(pid_t pid, guint data_max, GError **error);

/**
 * trace_reader_new: Makes a reader for an open ring.
 * @fd: the ring; the reader owns it, also on failure
 * @pid_fd: a pidfd of its writer, which the reader owns, too; -1: unknown
 * @data_max: as for trace_reader_attach()
 *
 * Returns: a reader, or NULL with CCW_ERROR_PROTOCOL or CCW_ERROR_SYSTEM.
 */
TraceReader *trace_reader_new(int fd, int pid_fd, guint data_max, GError **error);

typedef enum {
    TRACE_DEVICE_OPEN,
    TRACE_DEVICE_ABSENT,
    TRACE_DEVICE_UNKNOWN, /* the process has more devices than it can list */
} TraceDevice;

/* Finds out whether the process has this device open now. */
TraceDevice trace_reader_find_device(const TraceReader *reader, const CcwBusId *id);

/* Detaches. Without another tracer the process stops recording at its first function after the deadline. */
void trace_reader_free(TraceReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TraceReader, trace_reader_free)

/**
 * trace_reader_next: Reads the next record. It also moves the deadline on, so the caller must call it at least
 * once a second.
 * @timeout_ms: how long to wait for a record
 * @ret_bytes: the record, which belongs to the reader and is valid until the next call
 * @ret_lost: how many records the process has overwritten since the last call, before the reader could read them
 */
TraceRead trace_reader_next(TraceReader *reader, guint timeout_ms, const guint8 **ret_bytes, gsize *ret_length,
                            guint64 *ret_lost);
