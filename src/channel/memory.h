/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's absolute storage, as the translation sees it: pieces of host memory. Whoever has the guest (a VFIO
 * container, a test, a fuzzer) brings one function; nothing of them is known here.
 */
#pragma once

#include <glib.h>

typedef struct {
    /*
     * Where guest absolute address `address` is in this process, and how many of the `length` bytes wanted (at least
     * 1) lie there in one piece. NULL: not in the guest's storage, or not to be written when `write` says so.
     * Pieces begin and end at multiples of 4 KiB, of the guest's and of the host's addresses.
     */
    guint8 *(*map)(void *opaque, guint64 address, gsize length, gboolean write, gsize *ret_length);
    void *opaque;
} CcwMemory;
