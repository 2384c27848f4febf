/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ring that a traced process shares with its tracers: a sealed memfd, one page of TraceShared and then the bytes.
 * This is the writer's side and the layout; trace-reader.h is a tracer's.
 *
 * The writer never waits: it overwrites what was not read, and whoever reads finds out by `reserved`. It believes
 * nothing that is in the shared page but the wish of the tracers (enabled, lease, data_max), of which any value does no
 * harm. A tracer renews its lease while it is there; when it is not, however it ended, the next function that is
 * performed turns tracing off. Integers are of the host's byte order.
 */
#pragma once

#include "trace/trace-capture.h"

#define TRACE_RING_NAME "libvirt-ccw-trace" /* of the memfd: how a tracer finds it in /proc/PID/fd */
#define TRACE_RING_MAGIC G_GUINT64_CONSTANT(0x6363772d74726163)
#define TRACE_RING_VERSION 2u
#define TRACE_RING_PAGE 4096
#define TRACE_RING_SIZE (8u << 20) /* a power of two; sparse until something is written */
#define TRACE_RING_MARKS 64
#define TRACE_RING_DEVICES 512 /* devices that a process can list for its tracers */
#define TRACE_RING_MARK_SIZE (TRACE_RING_SIZE / TRACE_RING_MARKS)
#define TRACE_LEASE_NS (2 * G_GINT64_CONSTANT(1000000000))

/* Positions count bytes since the ring was made; `position % TRACE_RING_SIZE` is the place in the ring. */
typedef struct {
    guint64 magic;
    guint32 version;
    guint32 size;
    /* The tracers' */
    gint enabled; /* 1: functions are to be recorded */
    guint32 data_max;
    gint64 lease; /* CLOCK_MONOTONIC, ns: until when */
    /* The writer's */
    guint32 wake;                        /* a futex: changes after each record */
    guint64 reserved;                    /* what lies before reserved - size is, or is about to be, overwritten */
    guint64 head;                        /* the end of the last whole record */
    guint64 sequence;                    /* of the next record */
    guint64 marks[TRACE_RING_MARKS];     /* of each part of the ring: where its last first record began */
    guint32 devices[TRACE_RING_DEVICES]; /* that are open: ccw_bus_id_hash() + 1, in any place; 0: a free place */
    guint32 n_unlisted;                  /* devices that found no place */
} TraceShared;
G_STATIC_ASSERT(sizeof(TraceShared) <= TRACE_RING_PAGE);

typedef struct {
    TraceShared *shared;
    guint8 *bytes;
    int fd;
    GMutex lock; /* of the writer's own state, which follows, and of writing */
    guint64 head;
    guint64 sequence;
    guint8 *scratch; /* TRACE_RECORD_MAX bytes, from the first record on */
} TraceRing;

/* Error: CCW_ERROR_SYSTEM. It stays open for the process's life, or until it is freed. */
TraceRing *trace_ring_new(GError **error);
void trace_ring_free(TraceRing *ring);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TraceRing, trace_ring_free)

/* A device was opened, or closed: tracers are told that the process has it. Any thread may. */
void trace_ring_add_device(TraceRing *ring, const CcwBusId *id);
void trace_ring_remove_device(TraceRing *ring, const CcwBusId *id);

/* All that tracing costs while there is no tracer. */
static inline gboolean trace_ring_enabled(const TraceRing *ring)
{
    return G_UNLIKELY(__atomic_load_n(&ring->shared->enabled, __ATOMIC_RELAXED) != 0);
}

/* Records a function that was performed. capture->data_max is set here, as the tracers want it. Any thread may. */
void trace_ring_write(TraceRing *ring, TraceCapture *capture);

/* CLOCK_MONOTONIC in ns, the clock of leases. */
gint64 trace_clock(void);
