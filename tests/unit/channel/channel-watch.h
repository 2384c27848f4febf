/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counts how often eight bytes of a guest's storage are read, and changes them after every read, as a hostile guest
 * would at the worst moment. The page of the bytes is made inaccessible, and each access to it is single-stepped. Works
 * on x86-64 only.
 */
#pragma once

#include <glib.h>

#ifdef __x86_64__
#define CHANNEL_WATCH_AVAILABLE 1
#else
#define CHANNEL_WATCH_AVAILABLE 0
#endif

/* Begins the only watch. at: in a page that has no other users; after: stored there after each read. */
void channel_watch_begin(guint8 *at, guint64 after);

/* Ends the watch. Returns how often the bytes were read. */
guint channel_watch_end(void);
