/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd-progress.h"

#include <stdio.h>
#include <unistd.h>

#define INTERVAL (G_TIME_SPAN_SECOND / 5)

void cmd_progress_start(CmdProgress *progress, const char *what)
{
    *progress = (CmdProgress){
        .what = what,
        .is_shown = isatty(STDERR_FILENO) && !cmd_is_quiet,
        .printed = g_get_monotonic_time(),
    };
}

void cmd_progress_update(CmdProgress *progress, guint64 done, guint64 total)
{
    gint64 now = progress->is_shown ? g_get_monotonic_time() : 0;

    if (!progress->is_shown || now - progress->printed < INTERVAL || total == 0)
        return;
    progress->printed = now;
    progress->has_line = TRUE;
    fprintf(stderr, "\r%s: %s: %u %%", g_get_prgname(), progress->what, (guint)((double)done * 100 / (double)total));
}

void cmd_progress_clear(CmdProgress *progress)
{
    if (progress->has_line)
        fputs("\r\033[K", stderr);
    progress->has_line = FALSE;
}
