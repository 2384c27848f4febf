/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decides about each frame: the frame passes unread, virtccwd rewrites it, or a handler serves it. */
#pragma once

#include "remote/connection.h"

extern const RemoteConnectionOps remote_relay_ops;
