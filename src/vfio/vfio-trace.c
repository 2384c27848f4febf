/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-trace.h. */
#include "vfio/vfio-trace.h"

#include <string.h>

#include "vfio/vfio-log.h"

#define NS_PER_US 1000

TraceRing *vfio_trace_ring;

static void make_ring(void)
{
    static gsize once;
    g_autoptr(GError) error = NULL;

    if (!g_once_init_enter(&once))
        return;
    /* Without a ring, the guest runs untraced. */
    vfio_trace_ring = trace_ring_new(&error);
    if (!vfio_trace_ring)
        vfio_log("%s", error->message);
    g_once_init_leave(&once, 1);
}

void vfio_trace_open(const VfioTrace *trace)
{
    make_ring();
    if (vfio_trace_ring)
        trace_ring_add_device(vfio_trace_ring, &trace->bus_id);
}

void vfio_trace_close(const VfioTrace *trace)
{
    if (vfio_trace_ring)
        trace_ring_remove_device(vfio_trace_ring, &trace->bus_id);
}

static guint64 guest_address(gpointer opaque, gconstpointer host)
{
    guint64 address;

    return vfio_memory_find(opaque, host, &address) ? address : TRACE_NO_ADDRESS;
}

void vfio_trace_note(VfioTrace *trace, const guint8 orb[CHANNEL_ORB_SIZE])
{
    memcpy(trace->orb, orb, CHANNEL_ORB_SIZE);
    trace->begun = trace_clock();
}

static void write_record(VfioTrace *trace, TraceCapture *capture, gint64 duration)
{
    capture->bus_id = trace->bus_id;
    capture->duration = (guint64)duration;
    capture->started = (guint64)(g_get_real_time() * NS_PER_US - duration);
    capture->guest_address = guest_address;
    capture->opaque = trace->memory;
    trace_ring_write(vfio_trace_ring, capture);
}

void vfio_trace_write(VfioTrace *trace, TraceFunction function, const CcwCmdRequest *request, int result)
{
    gboolean of_guest = function == TRACE_START;
    gint64 duration = trace_clock() - trace->begun;
    guint8 irb[CHANNEL_IRB_SIZE];
    TraceCapture capture = {
        .function = function,
        .error = -result,
        .orb = trace->orb,
        .irb = result == 0 ? irb : NULL,
        .request = result == 0 ? request : NULL,
        /* Only the device can check the addresses of a caller's own program. */
        .with_data = of_guest,
    };

    trace->begun = 0;
    memcpy(irb, request->irb, CHANNEL_IRB_SIZE);
    /* If the request has no program, the translation has made the IRB, in guest terms. */
    if (of_guest && result == 0 && request->ccw_count > 0)
        channel_translation_map_irb(trace->translation, irb);
    write_record(trace, &capture, duration);
}

void vfio_trace_write_status(VfioTrace *trace, TraceFunction function, const guint8 irb[CHANNEL_IRB_SIZE])
{
    TraceCapture capture = { .function = function, .irb = irb };

    write_record(trace, &capture, 0);
}
