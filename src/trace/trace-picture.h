/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Draws trace records, as iowatcher draws block I/O: where each function seeks, and how long it takes, over time. The
 * memory and the picture are of a bounded size for any number of records: the time and the cylinders of a cell of the
 * grid double when the grid is full. Records may be hostile.
 */
#pragma once

#include "trace/trace-record.h"

#define TRACE_PICTURE_DEVICES_MAX 4 /* the records of more devices are only counted */

typedef struct _TracePicture TracePicture;

TracePicture *trace_picture_new(void);
void trace_picture_free(TracePicture *picture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TracePicture, trace_picture_free)

/* Adds a record. Leaves its CCWs for other readers. */
void trace_picture_add(TracePicture *picture, const TraceRecord *record);

/* Returns: the picture in SVG, to be freed with g_free(). */
char *trace_picture_svg(const TracePicture *picture);
