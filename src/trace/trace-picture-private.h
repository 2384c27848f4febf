/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The grids of a picture, for trace-picture.c, which fills them, and trace-picture-svg.c, which draws them. */
#pragma once

#include "trace/trace-picture.h"

#define TRACE_PICTURE_COLUMNS 480 /* of time */
#define TRACE_PICTURE_SEEK_ROWS 120
#define TRACE_PICTURE_LATENCY_ROWS 72
#define TRACE_PICTURE_LATENCY_STEPS 3  /* rows for each power of two */
#define TRACE_PICTURE_LATENCY_POWER 10 /* the first row begins at two to this power of ns, about a microsecond */

/* What a function did; a cell shows the largest of its functions. */
typedef enum {
    TRACE_PICTURE_NOTHING,
    TRACE_PICTURE_OTHER,
    TRACE_PICTURE_READ,
    TRACE_PICTURE_WRITE,
    TRACE_PICTURE_ERROR,
    TRACE_PICTURE_KINDS
} TracePictureKind;

typedef struct {
    CcwBusId id;
    guint64 functions;
    guint64 errors;
    guint32 row_cylinders;                                                /* of a row of seeks */
    guint seek_rows;                                                      /* that are used */
    guint8 seeks[TRACE_PICTURE_COLUMNS][TRACE_PICTURE_SEEK_ROWS];         /* TracePictureKind */
    guint32 latencies[TRACE_PICTURE_COLUMNS][TRACE_PICTURE_LATENCY_ROWS]; /* functions */
    guint8 has_error[TRACE_PICTURE_COLUMNS];
} TracePictureDevice;

struct _TracePicture {
    GPtrArray *devices; /* TracePictureDevice * */
    guint64 left_out;   /* records of devices beyond TRACE_PICTURE_DEVICES_MAX */
    guint64 origin;     /* the start of the first record, ns */
    guint64 column_ns;  /* the time of a column */
    guint columns;      /* that are used */
};

/* Returns: the row of a duration in ns. */
guint trace_picture_latency_row(guint64 duration);
