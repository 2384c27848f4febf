/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a subchannel tells a tracer (src/trace). One ring a process, made when the first device is opened, and not
 * touched until somebody traces: each function costs one load and one branch then. docs/trace.md
 */
#pragma once

#include "channel/translate.h"
#include "trace/trace-ring.h"
#include "vfio/vfio-memory.h"

/* One a subchannel, under its lock. */
typedef struct {
    CcwBusId bus_id;
    VfioMemory *memory;
    const CcwTranslation *translation;
    gint64 begun; /* trace_clock() of the function that is being traced; 0: none is */
    guint8 orb[CCW_ORB_SIZE];
} VfioTrace;

extern TraceRing *vfio_trace_ring; /* NULL before the first device, and where none could be made */

/* Makes the ring, once, and lists the device in it. */
void vfio_trace_open(const VfioTrace *trace);
void vfio_trace_close(const VfioTrace *trace);

/* Behind the inlines below. */
void vfio_trace_note(VfioTrace *trace, const guint8 orb[CCW_ORB_SIZE]);
void vfio_trace_write(VfioTrace *trace, TraceFunction function, const CcwCmdRequest *request, int result);
void vfio_trace_write_status(VfioTrace *trace, TraceFunction function, const guint8 irb[CCW_IRB_SIZE]);

static inline gboolean vfio_trace_enabled(void)
{
    return vfio_trace_ring && trace_ring_enabled(vfio_trace_ring);
}

/* A program begins. */
static inline void vfio_trace_begin(VfioTrace *trace, const guint8 orb[CCW_ORB_SIZE])
{
    if (vfio_trace_enabled())
        vfio_trace_note(trace, orb);
}

/*
 * It has ended: with the request as the device left it (its IRB not in guest terms yet), the storage it worked on still
 * there, and 0 or a negative errno.
 */
static inline void vfio_trace_end(VfioTrace *trace, TraceFunction function, const CcwCmdRequest *request, int result)
{
    if (G_UNLIKELY(trace->begun))
        vfio_trace_write(trace, function, request, result);
}

/* A function without a program is done. */
static inline void vfio_trace_status(VfioTrace *trace, TraceFunction function, const guint8 irb[CCW_IRB_SIZE])
{
    if (vfio_trace_enabled())
        vfio_trace_write_status(trace, function, irb);
}
