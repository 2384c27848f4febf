/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a captive guest reports to the host, a line each (guest/init writes them):
 *
 *     step NAME             a step begins, and so the one before it has succeeded
 *     progress DONE TOTAL   how far the step is
 *     say TEXT              what a program of the step has written
 *     failed CODE           the step has failed; the guest does nothing more
 *     exit CODE             the user's command has ended
 *     done                  everything is done, and the volume is offline
 *
 * The guest runs programs of a foreign root file system. A line of any other form is an error.
 */
#pragma once

#include <glib.h>

typedef enum {
    IMAGE_REPORT_STEP,
    IMAGE_REPORT_PROGRESS,
    IMAGE_REPORT_SAY,
    IMAGE_REPORT_FAILED,
    IMAGE_REPORT_EXIT,
    IMAGE_REPORT_DONE,
} ImageReportKind;

typedef struct {
    ImageReportKind kind;
    const char *text; /* the name of a step, or what a program has written; in the line */
    guint32 number;   /* how much is done, or an exit code */
    guint32 total;    /* of progress; at least @number */
} ImageReport;

/**
 * image_report_parse:
 * @line: without its end
 *
 * Returns: FALSE with CCW_ERROR_PROTOCOL, which shows the line
 */
gboolean image_report_parse(const char *line, ImageReport *ret_report, GError **error);
