/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client that virtccwd does not serve. virtccwd answers each of its calls with an error that gives the reason,
 * because a client may ignore the error to its first call. This ends when the client hangs up, or after some seconds.
 * virtccwd throws the payloads away.
 */
#pragma once

#include <glib.h>

#include "remote/limits.h"
#include "rpc/poll.h"

/**
 * remote_reject:
 * @limits: closes descriptors in workers; NULL: they are closed at once
 * @uid: the client's user
 * @fd: its socket; the function owns it
 * @code: virErrorNumber
 * @message: the reason
 *
 * Rejects a client. Closes the socket at once if too many sockets of rejected clients, or of that user, are open.
 */
void remote_reject(RpcPoll *poll, RemoteLimits *limits, uid_t uid, int fd, gint32 code, const char *message);
