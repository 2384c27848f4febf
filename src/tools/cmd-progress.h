/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The progress of a long command: one line on the terminal of standard error. Elsewhere, and with --quiet, nothing. */
#pragma once

#include "cmd.h"

typedef struct {
    const char *what;  /* "verifying disk.ckd" */
    gboolean is_shown; /* there is a terminal, and the user wants it */
    gboolean has_line; /* the terminal's last line is the progress */
    gint64 printed;    /* when it was printed last, monotonic, in us */
} CmdProgress;

/* @what: must live as long as the progress */
void cmd_progress_start(CmdProgress *progress, const char *what);

/* Prints how much is done, a few times a second at most. */
void cmd_progress_update(CmdProgress *progress, guint64 done, guint64 total);

/* Clears the line, before other output and at the end. */
void cmd_progress_clear(CmdProgress *progress);
