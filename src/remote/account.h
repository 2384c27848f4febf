/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The account of a connection: the bytes, frames and descriptors that the connection holds, for which it charges its
 * user, and whether it may hold more. limits.c has the accounts of the users.
 */
#pragma once

#include "remote/limits.h"
#include "remote/side.h"

/* The owner of the account changes the first four members, and then calls remote_account_update(). */
typedef struct {
    guint tasks;         /* number of tasks in progress */
    gsize tasks_bytes;   /* bytes of the frames that began them, and of libvirt's replies to them */
    guint tasks_fds;     /* descriptors that came with these frames */
    gsize replies_bytes; /* bytes of libvirt's replies that workers rewrite; also in tasks_bytes */

    RemoteUser *user;    /* the user that the account charges; NULL: the account limits nothing */
    RemoteSide *sides;   /* the client's side, then the backend's */
    gsize charged_bytes; /* bytes that the user is charged for this connection */
    guint charged_fds;
    gboolean is_watched; /* the limits know that the client holds bytes here */
    void (*has_room)(RemoteConnection *connection);
    void (*end)(RemoteConnection *connection);
    RemoteConnection *connection; /* argument of both functions */
} RemoteAccount;

/**
 * remote_account_init:
 * @sides: the client's side and the backend's; they outlive the account
 * @has_room: called when a side that had no room for a read may have some
 * @end: called when the client has held bytes for too long while other users had no room: the connection must end
 */
void remote_account_init(RemoteAccount *account, RemoteSide *sides, RemoteConnection *connection,
                         void (*has_room)(RemoteConnection *connection), void (*end)(RemoteConnection *connection));

/* Charges the user for the bytes and descriptors that the connection holds now. */
void remote_account_update(RemoteAccount *account);

/*
 * Charges the user for the last time, when the connection holds nothing any more. Afterwards the account has no user.
 */
void remote_account_close(RemoteAccount *account);

/**
 * remote_account_has_room_for_read:
 *
 * Returns: whether the connection has room for REMOTE_READ_SIZE bytes of @side and for the descriptors of one frame. If
 * only the user lacks room, the account calls its has_room() when that changes.
 */
gboolean remote_account_has_room_for_read(RemoteAccount *account, const RemoteSide *side);

/**
 * remote_account_has_room_for_call:
 * @unanswered: calls of the client that libvirt has not answered
 *
 * Returns: whether the client may begin one more call.
 */
gboolean remote_account_has_room_for_call(const RemoteAccount *account, guint unanswered);

/*
 * Returns: whether the user has room for the whole frame. The caller asks before it keeps the first byte of the
 * payload.
 */
gboolean remote_account_has_room_for_frame(const RemoteAccount *account, const RpcHeader *header);

/**
 * remote_account_has_room_for_bytes:
 * @header: of a frame that virtccwd keeps
 * @length: bytes of the frame that have arrived
 *
 * Returns: whether the user has room for these bytes. The account reserves no room for a client's frame before its
 * bytes arrive.
 */
gboolean remote_account_has_room_for_bytes(const RemoteAccount *account, const RemoteSide *side,
                                           const RpcHeader *header, gsize length);
