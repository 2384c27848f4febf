/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Follows a captive guest from its start to its end: reads its reports, limits the time of each step, keeps the last
 * lines that it writes, and ends it at a signal.
 */
#pragma once

#include "image/image-guest.h"

typedef struct {
    const char *name;      /* in the guest's reports */
    gboolean is_unlimited; /* the step may take any time */
} ImageStep;

/* The caller's functions that show how far the guest is. Each may be NULL. */
typedef struct {
    void (*step)(const char *name, gpointer data); /* a step begins; NULL: the last one has ended */
    void (*progress)(guint32 done, guint32 total, gpointer data);
    void (*console)(const char *line, gpointer data); /* a line of the guest's console */
    gpointer data;
} ImageWatcher;

typedef struct {
    const ImageStep *steps; /* in the order in which the guest reports them; the last has no name */
    guint step_seconds;     /* longest time of a step, and of the boot */
    const char *mark;       /* of the command's output (image-mark.h); NULL: no command */
    const ImageWatcher *watcher;
} ImageSessionSettings;

/**
 * image_session_run:
 * @ret_words: GPtrArray of char *, which the caller frees: what the program of the last step printed, or else the last
 *             lines of the console. Set on success and on failure
 *
 * Starts a guest and follows it to its end. SIGINT, SIGTERM and SIGHUP end the guest, and are errors.
 *
 * Returns: 0 if the guest has done everything, or the exit code of the command; -1 with an error
 */
int image_session_run(const ImageGuestSettings *guest, const ImageSessionSettings *settings, GPtrArray **ret_words,
                      GError **error);
