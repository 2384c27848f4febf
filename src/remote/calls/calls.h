/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The handlers of the table in procedures.c, for calls that take several steps; one file for each kind of call. */
#pragma once

#include "remote/task.h"

gboolean remote_attach_begin(RemoteConnection *connection, RemoteCall *call);
gboolean remote_detach_begin(RemoteConnection *connection, RemoteCall *call);
gboolean remote_define_begin(RemoteConnection *connection, RemoteCall *call);
gboolean remote_migrate_begin(RemoteConnection *connection, RemoteCall *call);
gboolean remote_domain_capabilities_begin(RemoteConnection *connection, RemoteCall *call);
gboolean remote_messages_begin(RemoteConnection *connection, RemoteCall *call);
gboolean remote_nodedev_list_begin(RemoteConnection *connection, RemoteCall *call);
gboolean remote_nodedev_query_begin(RemoteConnection *connection, RemoteCall *call);
gboolean remote_nodedev_operation_begin(RemoteConnection *connection, RemoteCall *call);
