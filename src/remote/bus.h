/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection to the message bus, for calls only. Every local user may send signals to it, so it takes no descriptors,
 * and reads no message but the replies to its calls: the others are thrown away unread, whatever their length.
 *
 * GDBusConnection does neither. Its thread closes descriptors that were sent to it, which takes as long as their sender
 * likes (util/fd.h), and takes apart each message, which may need a hundred times the memory of its bytes.
 *
 * Everything here is for the main thread, and nothing waits.
 */
#pragma once

#include <gio/gio.h>

#include "rpc/poll.h"

typedef struct _CcwBus CcwBus;

/* One of the two is NULL. reply: the arguments, a tuple. Error: what the called one says, or G_IO_ERROR_CLOSED if the
 * connection ended before it has. */
typedef void (*CcwBusFunc)(GVariant *reply, const GError *error, gpointer data);

/**
 * ccw_bus_new:
 *
 * Begins to connect to the system bus.
 *
 * Returns: a reference; calls are sent once the bus has let this process in. NULL if there is no bus at its address.
 */
CcwBus *ccw_bus_new(CcwPoll *poll, GError **error);

/* The same for a socket that is connected to a bus, which it takes. */
CcwBus *ccw_bus_new_for_fd(CcwPoll *poll, int fd);

CcwBus *ccw_bus_ref(CcwBus *bus);
void ccw_bus_unref(CcwBus *bus); /* the last one: nothing calls back any more */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwBus, ccw_bus_unref)

/* Whether the connection has ended. Then there are no more calls by it. */
gboolean ccw_bus_is_closed(const CcwBus *bus);

typedef struct {
    const char *name;
    const char *path;
    const char *interface;
    const char *method;
} CcwBusMethod;

/**
 * ccw_bus_call:
 * @arguments: a tuple; taken if it is floating
 * @func: called once from the main loop, never from within this function; NULL if the reply does not matter
 */
void ccw_bus_call(CcwBus *bus, const CcwBusMethod *method, GVariant *arguments, CcwBusFunc func, gpointer data);
