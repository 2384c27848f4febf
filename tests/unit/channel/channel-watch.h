/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counts how often eight bytes of a guest's storage are read, and changes them behind every read, as a hostile guest
 * would at the worst moment: their page is taken away, and each access to it is stepped over. x86-64 alone.
 */
#pragma once

#include <glib.h>

#ifdef __x86_64__
#define CHANNEL_WATCH_AVAILABLE 1
#else
#define CHANNEL_WATCH_AVAILABLE 0
#endif

/* at: in a page that nothing else lives in; after: what is put there after a read. One watch at a time. */
void channel_watch_begin(guint8 *at, guint64 after);

/* Ends the watch. How often the bytes were read. */
guint channel_watch_end(void);
