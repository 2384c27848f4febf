/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of procedures that virtccwd reads; it forwards all others unread. A row says how a call and its reply are
 * laid out, which of their strings are XML, and which handler serves the call.
 */
#pragma once

#include "remote/protocol.h"

/*
 * The highest procedure of the remote program that this table has been checked against: libvirt 12.8's.
 * scripts/check-procedures compares the table with a libvirt's remote_protocol.x, and tests/libvirt/protocol-level.py
 * finds the procedures that a newer libvirt has added. Before you raise this number, read each new procedure, and add a
 * row for it if it carries the XML of a domain or a node device, or the name of a node device, or if it starts a
 * domain.
 */
#define REMOTE_PROCEDURES_CHECKED 456

/* Returns: the row of a procedure, or NULL if it is not in the table. */
const RemoteProcedure *remote_procedure_lookup(guint32 program, gint32 number);

/* Returns: the whole table, ordered by program and number. */
const RemoteProcedure *remote_procedures(gsize *ret_count);
