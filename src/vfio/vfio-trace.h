/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reports the functions of a subchannel to a tracer (src/trace). Each process has one ring, which it makes when it
 * opens the first device. The subchannel does not touch the ring until a tracer attaches: until then, each function
 * costs one load and one branch. docs/trace.md
 */
#pragma once

#include "channel/translate.h"
#include "trace/trace-ring.h"
#include "vfio/vfio-memory.h"

/* The trace state of a subchannel, protected by the subchannel's lock. */
typedef struct {
    CcwBusId bus_id;
    VfioMemory *memory;
    const ChannelTranslation *translation;
    gint64 begun; /* trace_clock() at the start of the traced function; 0: no function is traced */
    guint8 orb[CHANNEL_ORB_SIZE];
} VfioTrace;

extern TraceRing *vfio_trace_ring; /* NULL before the first device, or if the ring could not be made */

/* Makes the ring, once, and lists the device in it. */
void vfio_trace_open(const VfioTrace *trace);
void vfio_trace_close(const VfioTrace *trace);

/* The inline functions below call these functions. */
void vfio_trace_note(VfioTrace *trace, const guint8 orb[CHANNEL_ORB_SIZE]);
void vfio_trace_write(VfioTrace *trace, TraceFunction function, const CcwCmdRequest *request, int result);
void vfio_trace_write_status(VfioTrace *trace, TraceFunction function, const guint8 irb[CHANNEL_IRB_SIZE]);

static inline gboolean vfio_trace_enabled(void)
{
    return vfio_trace_ring && trace_ring_is_enabled(vfio_trace_ring);
}

/* Call this when a program begins. */
static inline void vfio_trace_begin(VfioTrace *trace, const guint8 orb[CHANNEL_ORB_SIZE])
{
    if (vfio_trace_enabled())
        vfio_trace_note(trace, orb);
}

/*
 * Call this when a program has ended, while the storage that it used still exists. @request: as the device left it; its
 * IRB is not in guest terms yet. @result: 0 or a negative errno.
 */
static inline void vfio_trace_end(VfioTrace *trace, TraceFunction function, const CcwCmdRequest *request, int result)
{
    if (G_UNLIKELY(trace->begun))
        vfio_trace_write(trace, function, request, result);
}

/* Call this when a function without a program is done. */
static inline void vfio_trace_status(VfioTrace *trace, TraceFunction function, const guint8 irb[CHANNEL_IRB_SIZE])
{
    if (vfio_trace_enabled())
        vfio_trace_write_status(trace, function, irb);
}
