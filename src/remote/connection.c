/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include "remote/account.h"
#include "remote/connection-private.h"
#include "util/hash.h"

/*
 * virtccwd answers at most this many calls of a client in one turn. A client that waits for each answer never has more
 * than one.
 */
#define ANSWERS_MAX 8

RemoteConnection *remote_connection_ref(RemoteConnection *connection)
{
    connection->refs++;
    return connection;
}

void remote_connection_unref(RemoteConnection *connection)
{
    if (--connection->refs > 0)
        return;
    remote_client_process_free(connection->process);
    g_clear_pointer(&connection->identity, g_byte_array_unref);
    g_clear_error(&connection->identity_error);
    g_hash_table_unref(connection->unanswered);
    g_free(connection);
}

gboolean remote_connection_is_gone(const RemoteConnection *connection, RemoteSideIndex side)
{
    return connection->sides[side].fd < 0;
}

gboolean remote_connection_is_root(const RemoteConnection *connection)
{
    return !connection->process || (connection->process->uid == 0 && !connection->is_for_another);
}

/* Returns: whether the budget of a turn limits the client. It does not limit root. */
static gboolean is_bounded(const RemoteConnection *connection)
{
    return connection->account.user && connection->account.user->uid != 0;
}

static void close_fd(int fd, gpointer data)
{
    const RemoteUser *user = ((RemoteConnection *)data)->account.user;

    if (user)
        remote_limits_close(user->limits, user->uid, fd);
    else
        close(fd);
}

static void hang_up(const RemoteSide *side, int fd)
{
    const RemoteUser *user = side->connection->account.user;

    if (user && side->index == REMOTE_SIDE_CLIENT)
        remote_limits_hang_up(user->limits, user->uid, fd);
    else
        close(fd);
}

static void side_close(RemoteSide *side)
{
    RemoteConnection *connection = side->connection;
    gboolean is_open = side->fd >= 0;
    int fd = remote_side_close(side);

    if (fd >= 0)
        hang_up(side, fd);
    if (is_open && side->index == REMOTE_SIDE_BACKEND)
        connection->ops->backend_lost(connection);
}

static gboolean has_room_for_call(const RemoteConnection *connection)
{
    return remote_account_has_room_for_call(&connection->account, g_hash_table_size(connection->unanswered));
}

/*
 * Reads a paused client to the end of a call that has passed in part: libvirt gets a call of ours only after the end.
 * on_ready() keeps the call after it.
 */
static gboolean is_paused(const RemoteSide *client)
{
    return client->connection->is_paused && rpc_inbox_at_boundary(&client->inbox);
}

static gboolean wants_reading(RemoteSide *side)
{
    RemoteConnection *connection = side->connection;

    if (side->index == REMOTE_SIDE_BACKEND)
        return remote_account_has_room_for_read(&connection->account, side);
    return !connection->is_closing && !is_paused(side) && side->other->fd >= 0 &&
           (side->inbox.head_length > 0 || has_room_for_call(connection)) &&
           remote_account_has_room_for_read(&connection->account, side);
}

/* Returns: whether the side is read. */
static gboolean side_update(RemoteSide *side)
{
    gboolean is_read = side->fd >= 0 && wants_reading(side);

    if (side->fd >= 0)
        remote_side_watch(side, is_read);
    return is_read;
}

/*
 * Closes the sides that are of no more use.
 *
 * If the client has left, this function closes the backend's side once the last frames are written and no task needs
 * it; at once if the client left in the middle of a frame. If the backend has left, this function closes the client's
 * side once the client has read all bytes.
 */
static void close_what_is_over(RemoteConnection *connection)
{
    RemoteSide *client = &connection->sides[REMOTE_SIDE_CLIENT];
    RemoteSide *backend = &connection->sides[REMOTE_SIDE_BACKEND];

    if (backend->outbox.failed)
        side_close(backend);
    if (client->outbox.failed ||
        (backend->fd < 0 && rpc_outbox_is_empty(&client->outbox) && !rpc_outbox_is_acquired(&client->outbox)))
        connection->is_closing = TRUE;
    if (connection->is_closing)
        side_close(client);
    if (client->fd < 0 &&
        (!rpc_inbox_at_boundary(&client->inbox) || (!connection->tasks && rpc_outbox_is_empty(&backend->outbox))))
        side_close(backend);
}

/*
 * Between two frames a worker may send the client a reply that it has raised, unless something waits for the end of a
 * task. The client then does not wait until this thread wakes up.
 */
static void update_sharing(RemoteConnection *connection, gboolean is_anything_waiting)
{
    RemoteSide *client = &connection->sides[REMOTE_SIDE_CLIENT];
    const RpcInbox *inbox = &connection->sides[REMOTE_SIDE_BACKEND].inbox;

    if (is_anything_waiting || client->deferred)
        rpc_outbox_unshare(&client->outbox);
    else if (connection->raising && rpc_inbox_at_boundary(inbox))
        rpc_outbox_share(&client->outbox);
}

void remote_connection_update(RemoteConnection *connection)
{
    RemoteSide *sides = connection->sides;
    gboolean is_all_read;
    int closed;

    remote_connection_ref(connection);
    closed = remote_side_take_closed(&sides[REMOTE_SIDE_CLIENT]);
    if (closed >= 0)
        hang_up(&sides[REMOTE_SIDE_CLIENT], closed);
    close_what_is_over(connection);
    remote_account_update(&connection->account);
    is_all_read = side_update(&sides[REMOTE_SIDE_CLIENT]) & side_update(&sides[REMOTE_SIDE_BACKEND]);
    update_sharing(connection, !is_all_read);
    if (sides[REMOTE_SIDE_CLIENT].fd < 0 && sides[REMOTE_SIDE_BACKEND].fd < 0 && !connection->tasks &&
        !connection->is_ended) {
        connection->is_ended = TRUE;
        rpc_inbox_clear(&sides[REMOTE_SIDE_CLIENT].inbox);
        rpc_inbox_clear(&sides[REMOTE_SIDE_BACKEND].inbox);
        remote_account_close(&connection->account);
        connection->ended(connection, connection->data);
        remote_connection_unref(connection);
    }
    remote_connection_unref(connection);
}

void remote_connection_start(RemoteConnection *connection, RemoteUser *user)
{
    remote_connection_ref(connection);
    connection->account.user = user;
    for (guint i = 0; user && i < G_N_ELEMENTS(connection->sides); i++)
        if (connection->sides[i].watch)
            rpc_poll_set_group(connection->sides[i].watch, user->uid);
    if (connection->process)
        connection->ops->start(connection);
    remote_connection_update(connection);
    remote_connection_unref(connection);
}

void remote_connection_set_readonly(RemoteConnection *connection)
{
    connection->is_readonly = TRUE;
}

void remote_connection_close(RemoteConnection *connection)
{
    connection->is_closing = TRUE;
    remote_connection_update(connection);
}

/* Counts the frames that the client's bytes cause at once. */
static void note_answer(RemoteConnection *connection)
{
    if (!is_bounded(connection) || !connection->sides[REMOTE_SIDE_CLIENT].outbox.corked)
        return;
    connection->sent++;
    rpc_poll_spend(connection->services->poll);
}

void remote_connection_note_reply(RemoteConnection *connection, const RpcHeader *header)
{
    if (header->type == RPC_TYPE_REPLY || header->type == RPC_TYPE_REPLY_WITH_FDS)
        g_hash_table_remove(connection->unanswered, GUINT_TO_POINTER(header->serial));
}

void remote_connection_send_fds(RemoteConnection *connection, RemoteSideIndex to, GByteArray *frame, GArray *fds)
{
    RemoteSide *side = &connection->sides[to];
    RpcHeader header;

    note_answer(connection);
    if (to == REMOTE_SIDE_CLIENT && rpc_header_decode(frame->data, &header, NULL))
        remote_connection_note_reply(connection, &header);
    if (remote_side_send(side, frame, fds) && !side->outbox.corked)
        side_update(side);
}

void remote_connection_send(RemoteConnection *connection, RemoteSideIndex to, GByteArray *frame)
{
    remote_connection_send_fds(connection, to, frame, NULL);
}

static RpcInboxHandling on_header(const RpcHeader *header, gpointer data)
{
    RemoteSide *side = data;
    RemoteConnection *connection = side->connection;
    RpcInboxHandling handling = connection->ops->header(connection, side->index, header);

    if (handling == RPC_INBOX_HOLD && !remote_account_has_room_for_frame(&connection->account, header))
        handling = connection->ops->no_room(connection, side->index, header);
    return side->fd >= 0 ? handling : RPC_INBOX_STOP; /* ops->header may have ended the connection */
}

static gboolean on_frame(const RpcHeader *header, const guint8 *payload, gsize length, GArray *fds, gpointer data)
{
    RemoteSide *side = data;

    side->connection->ops->frame(side->connection, side->index, header, payload, length, fds);
    return side->fd >= 0;
}

/*
 * A call that virtccwd answers itself, or holds and then forwards, takes more time than one that passes. A client that
 * reads its answers has no other limit. virtccwd always answers the first call of a read, so that a client that waits
 * for each answer does not wait for other clients' turns.
 */
static gboolean has_time_for_call(const RemoteConnection *connection)
{
    return connection->sent == 0 || (connection->sent < ANSWERS_MAX && rpc_poll_has_time(connection->services->poll));
}

static gboolean on_keep(const RpcHeader *header, gsize length, gpointer data)
{
    RemoteSide *side = data;
    RemoteConnection *connection = side->connection;

    if (remote_account_has_room_for_bytes(&connection->account, side, header, length))
        return TRUE;
    connection->ops->no_room(connection, side->index, header);
    return FALSE;
}

static gboolean on_ready(gpointer data)
{
    const RemoteSide *side = data;
    const RemoteConnection *connection = side->connection;

    return side->index == REMOTE_SIDE_BACKEND ||
           (!connection->is_paused && has_time_for_call(connection) && has_room_for_call(connection));
}

static const RpcInboxOps inbox_ops = {
    .header = on_header,
    .pass = remote_side_pass,
    .pass_fd = remote_side_pass_fd,
    .frame = on_frame,
    .boundary = remote_side_pass_ended,
    .ready = on_ready,
    .keeps = on_keep,
};

/* Returns: FALSE if the side is of no more use. */
static gboolean side_read(RemoteSide *side)
{
    side->connection->sent = 0;
    return remote_side_read(side);
}

static void on_event(guint32 events, gpointer data)
{
    RemoteSide *side = data;
    RemoteConnection *connection = remote_connection_ref(side->connection);

    if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
        rpc_outbox_flush(&side->outbox);
    if (events & RPC_POLL_FAILED) {
        connection->is_closing = TRUE;
        side_close(side);
    } else if (side->index == REMOTE_SIDE_CLIENT && events & (EPOLLHUP | EPOLLERR) && !wants_reading(side)) {
        connection->is_closing = TRUE;
    } else if (side->fd >= 0 && !side->outbox.failed && wants_reading(side) &&
               (side->unread || events & (EPOLLIN | EPOLLERR | EPOLLHUP)) && !side_read(side)) {
        if (side->index == REMOTE_SIDE_CLIENT)
            connection->is_closing = TRUE;
        else
            side_close(side);
    }
    remote_connection_update(connection);
    remote_connection_unref(connection);
}

static void side_init(RemoteConnection *connection, RemoteSideIndex index, int fd)
{
    RemoteSide *side = &connection->sides[index];

    side->connection = connection;
    side->index = index;
    remote_side_init(side, &connection->sides[!index], fd, &inbox_ops, connection->services->poll, on_event,
                     &connection->closer);
}

RemoteConnection *remote_connection_new(const RemoteServices *services, const RemoteConnectionOps *ops, int client,
                                        int backend, RemoteClientProcess *process,
                                        void (*ended)(RemoteConnection *connection, gpointer data), gpointer data)
{
    RemoteConnection *connection = g_new0(RemoteConnection, 1);

    connection->refs = 1;
    connection->services = services;
    connection->ops = ops;
    connection->process = process;
    connection->unanswered = g_hash_table_new(ccw_hash_number, NULL);
    connection->ended = ended;
    connection->data = data;
    side_init(connection, REMOTE_SIDE_CLIENT, client);
    side_init(connection, REMOTE_SIDE_BACKEND, backend);
    connection->closer = (CcwFdCloser){ close_fd, connection };
    remote_account_init(&connection->account, connection->sides, connection, remote_connection_update,
                        remote_connection_close);
    return connection;
}
