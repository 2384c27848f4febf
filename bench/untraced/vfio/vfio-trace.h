/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In place of src/vfio/vfio-trace.h, for the subchannel that bench/trace.c holds the real one against: one that nobody
 * could trace.
 */
#pragma once

#include "channel/translate.h"
#include "trace/trace-record.h"
#include "vfio/vfio-memory.h"

typedef struct {
    CcwBusId bus_id;
    VfioMemory *memory;
    const ChannelTranslation *translation;
} VfioTrace;

#define vfio_trace_open(trace) ((void)0)
#define vfio_trace_close(trace) ((void)0)
#define vfio_trace_begin(trace, orb) ((void)0)
#define vfio_trace_end(trace, function, request, result) ((void)0)
#define vfio_trace_status(trace, function, irb) ((void)0)
