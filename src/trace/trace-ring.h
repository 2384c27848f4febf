/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ring that a traced process shares with its tracers: a sealed memfd with one page of TraceShared, and then the
 * bytes. This file has the layout and the writer's side; trace-reader.h has a tracer's side.
 *
 * The writer never waits. It overwrites records that no tracer has read, and the tracer notices that by "reserved". The
 * writer reads only enabled, deadline and data_max from the shared page, which the tracers set, and of which no value
 * does harm. A tracer moves the deadline on while it lives. After the deadline, the next function turns tracing off.
 */
#pragma once

#include "trace/trace-capture.h"

#define TRACE_RING_NAME "libvirt-ccw-trace" /* the memfd's name, by which a tracer finds it in /proc/PID/fd */
#define TRACE_RING_MAGIC G_GUINT64_CONSTANT(0x6363772d74726163)
#define TRACE_RING_VERSION 2u
#define TRACE_RING_PAGE 4096
#define TRACE_RING_SIZE (8u << 20) /* a power of two; unwritten pages use no memory */
#define TRACE_RING_MARKS 64
#define TRACE_RING_DEVICES 512 /* how many devices a process can list for its tracers */
#define TRACE_RING_MARK_SIZE (TRACE_RING_SIZE / TRACE_RING_MARKS)
#define TRACE_DEADLINE_NS (2 * G_GINT64_CONSTANT(1000000000)) /* from a tracer's last call to the deadline */

/*
 * A position is the number of bytes that the writer has written before; position % TRACE_RING_SIZE is the offset in the
 * ring. Integers are in the host's byte order.
 */
typedef struct {
    guint64 magic;
    guint32 version;
    guint32 size;
    /* The tracers set these. */
    gint enabled;     /* 1: the writer records functions */
    guint32 data_max; /* bytes of a CCW's data to record */
    gint64 deadline;  /* when recording ends unless a tracer moves it on, CLOCK_MONOTONIC, ns */
    /* The writer sets these. */
    guint32 wake;                    /* a futex that changes after each record */
    guint64 reserved;                /* the writer overwrites the bytes before reserved - size, or will do so next */
    guint64 head;                    /* the end of the last whole record */
    guint64 sequence;                /* the next record's */
    guint64 marks[TRACE_RING_MARKS]; /* for each part of the ring, the position of the first record in it */
    guint32 devices[TRACE_RING_DEVICES]; /* the open devices, ccw_bus_id_hash() + 1, in any order; 0: free */
    guint32 n_unlisted;                  /* number of open devices besides those */
} TraceShared;
G_STATIC_ASSERT(sizeof(TraceShared) <= TRACE_RING_PAGE);

typedef struct {
    TraceShared *shared;
    guint8 *bytes;
    int fd;
    GMutex lock; /* protects the members below, and the order of records */
    guint64 head;
    guint64 sequence;
    guint8 *record; /* a buffer of TRACE_RECORD_MAX bytes; NULL before the first record */
} TraceRing;

/* Returns: a new ring, or NULL with CCW_ERROR_SYSTEM. */
TraceRing *trace_ring_new(GError **error);
void trace_ring_free(TraceRing *ring);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TraceRing, trace_ring_free)

/* These list a device for the tracers while the process has it open. Any thread may call them. */
void trace_ring_add_device(TraceRing *ring, const CcwBusId *id);
void trace_ring_remove_device(TraceRing *ring, const CcwBusId *id);

/* Returns: whether there may be a tracer. Without one, this is all that tracing costs. */
static inline gboolean trace_ring_is_enabled(const TraceRing *ring)
{
    return G_UNLIKELY(__atomic_load_n(&ring->shared->enabled, __ATOMIC_RELAXED) != 0);
}

/* Records a function, if there is a tracer. Sets capture->data_max to the tracers' value. Any thread may call this. */
void trace_ring_write(TraceRing *ring, TraceCapture *capture);

/* Returns: CLOCK_MONOTONIC in ns, the clock of the deadline. */
gint64 trace_clock(void);
