/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recorded files, and captures of programs, for the tests of tracing. */
#pragma once

#include "trace/trace-capture.h"

/* Reads a file of CCW_TEST_DATA. The test fails without it. */
char *samples_path(const char *name, const char *suffix);
char *samples_read(const char *path, gsize *ret_length);

/* The base names of NAME.trace in CCW_TEST_DATA, sorted. Never empty. */
GPtrArray *samples_names(void);

/* A program for trace_capture(): CCWs that read `data_length` bytes of the value `fill` each. */
typedef struct {
    ChannelProgram program;
    CcwCmdRequest request;
    guint8 orb[CHANNEL_ORB_SIZE];
    guint8 irb[CHANNEL_IRB_SIZE];
    guint8 data[65536];
    TraceCapture capture;
} Sample;

/* Returns static storage, which the next call overwrites. */
Sample *sample_make(guint n_ccws, guint16 data_length, guint8 fill);
