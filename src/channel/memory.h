/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's absolute storage as pieces of host memory. The owner of the guest (a VFIO container, a test, a fuzzer)
 * implements one function; the translation knows nothing else of the owner.
 */
#pragma once

#include <glib.h>

typedef struct {
    /*
     * Finds storage of the guest in this process.
     * address: absolute, in the guest
     * length: wanted bytes
     * write: whether the caller stores there
     * ret_length: how many of the wanted bytes, at least 1, lie there in one piece
     *
     * Pieces begin and end at multiples of 4 KiB, in the guest and in this process.
     *
     * Returns: the host's address, or NULL if the address is outside of the guest's storage, or protected from write.
     */
    guint8 *(*map)(void *opaque, guint64 address, gsize length, gboolean write, gsize *ret_length);
    void *opaque;
} ChannelMemory;
