/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection to the message bus, for calls only. Every local user may send messages to it. Therefore it takes no
 * descriptors, and reads only the replies to its own calls: it throws all other messages away unread, whatever their
 * length.
 *
 * GDBusConnection does neither. Its thread closes descriptors that other processes send, which takes as long as the
 * sender likes (util/fd.h). It also parses each message, which may need a hundred times the memory of its bytes.
 *
 * All functions are for the main thread (remote/limits.h), and do not wait.
 */
#pragma once

#include <gio/gio.h>

#include "rpc/poll.h"

typedef struct _RemoteBus RemoteBus;

/**
 * RemoteBusFunc:
 * @reply: the arguments of the reply, a tuple; NULL on error
 * @error: the error that the called service returns, or G_IO_ERROR_CLOSED if the connection ended before the reply;
 * else NULL
 */
typedef void (*RemoteBusFunc)(GVariant *reply, const GError *error, gpointer data);

/**
 * remote_bus_new:
 *
 * Begins to connect to the system bus. The connection sends calls once the bus has let this process in.
 *
 * Returns: a reference, or NULL with an error if there is no bus at its address.
 */
RemoteBus *remote_bus_new(RpcPoll *poll, GError **error);

/**
 * remote_bus_new_for_fd:
 * @fd: a socket that is connected to a bus; the bus owns it
 *
 * As remote_bus_new(), for that socket.
 */
RemoteBus *remote_bus_new_for_fd(RpcPoll *poll, int fd);

RemoteBus *remote_bus_ref(RemoteBus *bus);
void remote_bus_unref(RemoteBus *bus); /* after the last one no func is called any more */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RemoteBus, remote_bus_unref)

/* Returns: whether the connection has ended. An ended connection makes no more calls. */
gboolean remote_bus_is_closed(const RemoteBus *bus);

typedef struct {
    const char *name;
    const char *path;
    const char *interface;
    const char *method;
} RemoteBusMethod;

/**
 * remote_bus_call:
 * @arguments: a tuple; the function owns it if it is floating
 * @func: called once from the main loop, never from within this function; NULL if the reply does not matter
 *
 * Calls a method of a service on the bus.
 */
void remote_bus_call(RemoteBus *bus, const RemoteBusMethod *method, GVariant *arguments, RemoteBusFunc func,
                     gpointer data);
