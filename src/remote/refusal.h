/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client that is not served: each of its calls (the first one's error it may take lightly) is answered with an error
 * that says why, until it hangs up. Nothing else that it sends is looked at.
 */
#pragma once

#include <glib.h>

#include "remote/limits.h"
#include "rpc/poll.h"

/*
 * Takes fd, of that user. limits: where descriptors are closed; NULL: at once. code: virErrorNumber. Only so many are
 * waited for at a time, and fewer of one user; beyond that fd is closed, and so is that of a client that says nothing
 * for a while.
 */
void ccw_refuse(CcwPoll *poll, CcwLimits *limits, uid_t uid, int fd, gint32 code, const char *message);
