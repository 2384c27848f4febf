/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include "remote/account.h"
#include "remote/connection-private.h"
#include "remote/identity.h"
#include "remote/relay.h"
#include "util/hash.h"
#include "util/log.h"

/* As many calls of a client are answered at a time. A client that waits for each answer has one. */
#define ANSWERS_MAX 8

/* Everything runs in one thread and nothing is kept in it from one read to the next: one for all connections. */
static guint8 read_buffer[CCW_READ_SIZE];

CcwConnection *ccw_connection_ref(CcwConnection *connection)
{
    connection->refs++;
    return connection;
}

void ccw_connection_unref(CcwConnection *connection)
{
    if (--connection->refs > 0)
        return;
    ccw_peer_free(connection->peer);
    g_clear_pointer(&connection->identity, g_byte_array_unref);
    g_clear_error(&connection->identity_error);
    g_hash_table_unref(connection->unanswered);
    g_free(connection);
}

gboolean ccw_connection_is_gone(const CcwConnection *connection, CcwSideIndex side)
{
    return connection->sides[side].fd < 0;
}

gboolean ccw_connection_is_root(const CcwConnection *connection)
{
    return !connection->peer || (connection->peer->uid == 0 && !connection->for_another);
}

/* root may take the time of others. */
static gboolean is_bounded(const CcwConnection *connection)
{
    return connection->user && connection->user->uid != 0;
}

static void close_fd(int fd, gpointer data)
{
    const CcwUser *user = ((CcwConnection *)data)->user;

    if (user)
        ccw_limits_close(user->limits, user->uid, fd);
    else
        close(fd);
}

static void hang_up(const CcwSide *side, int fd)
{
    const CcwUser *user = side->connection->user;

    if (user && side->index == CCW_SIDE_CLIENT)
        ccw_limits_hang_up(user->limits, user->uid, fd);
    else
        close(fd);
}

static void forget_unread(CcwSide *side)
{
    g_clear_pointer(&side->unread, g_byte_array_unref);
    if (side->unread_fds)
        ccw_fds_close(&side->connection->closer, side->unread_fds);
    g_clear_pointer(&side->unread_fds, g_array_unref);
}

static void forget_deferred(CcwSide *side)
{
    g_clear_pointer(&side->deferred, g_ptr_array_unref);
    side->deferred_bytes = 0;
    side->deferred_fds = 0;
}

static void side_close(CcwSide *side)
{
    if (side->fd < 0)
        return;
    ccw_poll_remove(side->watch);
    side->watch = NULL;
    ccw_outbox_clear(&side->outbox);
    if (ccw_outbox_is_at_work(&side->outbox))
        side->lingers = side->fd;
    else
        hang_up(side, side->fd);
    side->fd = -1;
    forget_deferred(side);
    forget_unread(side);
    if (side->index == CCW_SIDE_BACKEND)
        ccw_actions_lost(side->connection);
}

static gboolean wants_reading(CcwSide *side)
{
    CcwConnection *connection = side->connection;

    if (side->index == CCW_SIDE_BACKEND)
        return ccw_account_has_room_for_read(side);
    return !connection->closing && !connection->is_held && ccw_side_other(side)->fd >= 0 &&
           (side->inbox.head_length > 0 || ccw_account_has_room_for_call(connection)) &&
           ccw_account_has_room_for_read(side);
}

/* Whether the side is read. */
static gboolean side_update(CcwSide *side)
{
    gboolean is_read = side->fd >= 0 && wants_reading(side);
    guint32 events = is_read ? EPOLLIN : 0;

    if (side->fd < 0)
        return FALSE;
    /* Bytes that were read already cause no event, and no more are read before those. */
    if (events && side->unread) {
        ccw_poll_again(side->watch);
        events = 0;
    }
    /* The end of a worker's action brings this here again. */
    if (!ccw_outbox_is_empty(&side->outbox) && !ccw_outbox_is_at_work(&side->outbox))
        events |= EPOLLOUT;
    /* The hang-up of a client that is neither read nor written: what it holds is needed for others. */
    if (!events && side->index == CCW_SIDE_CLIENT)
        events = EPOLLHUP;
    ccw_poll_set(side->watch, events);
    return is_read;
}

/*
 * A client that has gone takes its backend connection with it, once its last frames are written and no action needs it;
 * if it went in the middle of a frame that connection is of no more use. A backend that has gone takes the client with
 * it, once that has read what there is.
 */
static void close_what_is_over(CcwConnection *connection)
{
    CcwSide *client = &connection->sides[CCW_SIDE_CLIENT];
    CcwSide *backend = &connection->sides[CCW_SIDE_BACKEND];

    if (backend->outbox.failed)
        side_close(backend);
    if (client->outbox.failed ||
        (backend->fd < 0 && ccw_outbox_is_empty(&client->outbox) && !ccw_outbox_is_at_work(&client->outbox)))
        connection->closing = TRUE;
    if (connection->closing)
        side_close(client);
    if (client->fd < 0 &&
        (!ccw_inbox_at_boundary(&client->inbox) || (!connection->actions && ccw_outbox_is_empty(&backend->outbox))))
        side_close(backend);
}

/* What workers have left of an outbox that was lent to them. */
static void settle(CcwSide *client)
{
    if (ccw_outbox_is_at_work(&client->outbox))
        return;
    ccw_outbox_settle(&client->outbox);
    if (client->lingers >= 0)
        hang_up(client, client->lingers);
    client->lingers = -1;
}

/*
 * Between two frames a worker may send the reply that it has raised, unless something waits for the end of an action.
 * That saves the client the time in which this thread wakes up.
 */
static void lend(CcwConnection *connection, gboolean is_anything_waiting)
{
    CcwSide *client = &connection->sides[CCW_SIDE_CLIENT];
    const CcwInbox *inbox = &connection->sides[CCW_SIDE_BACKEND].inbox;

    if (is_anything_waiting || client->deferred)
        ccw_outbox_recall(&client->outbox);
    else if (connection->raising && ccw_inbox_at_boundary(inbox))
        ccw_outbox_lend(&client->outbox);
}

void ccw_connection_update(CcwConnection *connection)
{
    CcwSide *sides = connection->sides;
    gboolean is_all_read;

    ccw_connection_ref(connection);
    settle(&sides[CCW_SIDE_CLIENT]);
    close_what_is_over(connection);
    ccw_account_update(connection);
    is_all_read = side_update(&sides[CCW_SIDE_CLIENT]) & side_update(&sides[CCW_SIDE_BACKEND]);
    lend(connection, !is_all_read);
    if (sides[CCW_SIDE_CLIENT].fd < 0 && sides[CCW_SIDE_BACKEND].fd < 0 && !connection->actions &&
        !connection->ended_called) {
        connection->ended_called = TRUE;
        ccw_inbox_clear(&sides[CCW_SIDE_CLIENT].inbox);
        ccw_inbox_clear(&sides[CCW_SIDE_BACKEND].inbox);
        ccw_account_close(connection);
        connection->ended(connection, connection->data);
        ccw_connection_unref(connection);
    }
    ccw_connection_unref(connection);
}

void ccw_connection_start(CcwConnection *connection, CcwUser *user)
{
    ccw_connection_ref(connection);
    connection->user = user;
    if (connection->peer)
        ccw_identity_begin(connection);
    ccw_connection_update(connection);
    ccw_connection_unref(connection);
}

void ccw_connection_set_readonly(CcwConnection *connection)
{
    connection->readonly = TRUE;
}

void ccw_connection_close(CcwConnection *connection)
{
    connection->closing = TRUE;
    ccw_connection_update(connection);
}

/* A frame of ours that waits for its turn. */
typedef struct {
    const CcwFdCloser *closer;
    GByteArray *frame;
    GArray *fds; /* NULL: none */
} Deferred;

static void deferred_free(Deferred *deferred)
{
    g_byte_array_unref(deferred->frame);
    if (deferred->fds) {
        ccw_fds_close(deferred->closer, deferred->fds);
        g_array_unref(deferred->fds);
    }
    g_free(deferred);
}

static void write_frame(CcwSide *side, const GByteArray *frame, GArray *fds)
{
    ccw_outbox_write(&side->outbox, frame->data, frame->len);
    for (guint i = 0; fds && i < fds->len; i++)
        ccw_outbox_write_fd(&side->outbox, g_array_index(fds, gint, i));
    if (fds)
        g_array_set_size(fds, 0);
}

static void defer(CcwSide *side, GByteArray *frame, GArray *fds)
{
    Deferred *deferred = g_new0(Deferred, 1);

    deferred->closer = &side->connection->closer;
    deferred->frame = g_byte_array_ref(frame);
    if (fds && fds->len) {
        deferred->fds = g_array_new(FALSE, FALSE, sizeof(gint));
        g_array_append_vals(deferred->fds, fds->data, fds->len);
        g_array_set_size(fds, 0);
    }
    if (!side->deferred)
        side->deferred = g_ptr_array_new_with_free_func((GDestroyNotify)deferred_free);
    g_ptr_array_add(side->deferred, deferred);
    side->deferred_bytes += frame->len;
    side->deferred_fds += deferred->fds ? deferred->fds->len : 0;
    ccw_inbox_want_boundary(&ccw_side_other(side)->inbox);
}

/* Of those that the client's bytes cause at once. */
static void note_answer(CcwConnection *connection)
{
    if (!is_bounded(connection) || !connection->sides[CCW_SIDE_CLIENT].outbox.corked)
        return;
    connection->sent++;
    ccw_poll_spend(connection->services->poll);
}

void ccw_connection_send_fds(CcwConnection *connection, CcwSideIndex to, GByteArray *frame, GArray *fds)
{
    CcwSide *side = &connection->sides[to];
    CcwHeader header;

    note_answer(connection);
    if (to == CCW_SIDE_CLIENT && ccw_header_decode(frame->data, &header, NULL))
        ccw_actions_note_reply(connection, &header);
    if (side->fd < 0) {
        if (fds)
            ccw_fds_close(&connection->closer, fds);
    } else if (ccw_inbox_at_boundary(&ccw_side_other(side)->inbox)) {
        write_frame(side, frame, fds);
        if (!side->outbox.corked)
            side_update(side);
    } else {
        defer(side, frame, fds);
    }
}

void ccw_connection_send(CcwConnection *connection, CcwSideIndex to, GByteArray *frame)
{
    ccw_connection_send_fds(connection, to, frame, NULL);
}

static CcwInboxWay on_header(const CcwHeader *header, gpointer data)
{
    CcwSide *side = data;
    CcwConnection *connection = side->connection;
    CcwInboxWay way = side->index == CCW_SIDE_CLIENT ? ccw_relay_client_header(connection, header)
                                                     : ccw_relay_backend_header(connection, header);

    if (way == CCW_INBOX_TAKE && !ccw_account_has_room_for_frame(side, header))
        way = side->index == CCW_SIDE_CLIENT ? ccw_relay_client_no_room(connection, header)
                                             : ccw_relay_backend_no_room(connection, header);
    return side->fd >= 0 ? way : CCW_INBOX_STOP; /* an answer may have ended the connection */
}

static void on_pass(const guint8 *bytes, gsize length, gpointer data)
{
    ccw_outbox_write(&ccw_side_other(data)->outbox, bytes, length);
}

static void on_pass_fd(int fd, gpointer data)
{
    ccw_outbox_write_fd(&ccw_side_other(data)->outbox, fd);
}

static gboolean on_frame(const CcwHeader *header, const guint8 *payload, gsize length, GArray *fds, gpointer data)
{
    CcwSide *side = data;

    if (side->index == CCW_SIDE_CLIENT)
        ccw_relay_client_frame(side->connection, header, payload, length, fds);
    else
        ccw_relay_backend_frame(side->connection, header, payload, length);
    return side->fd >= 0;
}

static void on_boundary(gpointer data)
{
    CcwSide *to = ccw_side_other(data);
    g_autoptr(GPtrArray) deferred = g_steal_pointer(&to->deferred);

    to->deferred_bytes = 0;
    to->deferred_fds = 0;
    for (guint i = 0; deferred && i < deferred->len; i++) {
        const Deferred *frame = g_ptr_array_index(deferred, i);

        write_frame(to, frame->frame, frame->fds);
    }
}

/*
 * A call that virtccwd answers by itself, or takes and sends on, takes more time than one that passes, and a client
 * that reads the answers is held back by nothing else. The first one of a read is always answered: a client that waits
 * for its answers does not wait for others' turns.
 */
static gboolean has_time_for_call(const CcwConnection *connection)
{
    return connection->sent == 0 || (connection->sent < ANSWERS_MAX && ccw_poll_has_time(connection->services->poll));
}

static gboolean on_keep(const CcwHeader *header, gsize length, gpointer data)
{
    CcwSide *side = data;

    if (ccw_account_has_room_for_bytes(side, header, length))
        return TRUE;
    ccw_relay_client_no_room(side->connection, header);
    return FALSE;
}

static gboolean on_ready(gpointer data)
{
    const CcwSide *side = data;

    return side->index == CCW_SIDE_BACKEND ||
           (has_time_for_call(side->connection) && ccw_account_has_room_for_call(side->connection));
}

static const CcwInboxOps inbox_ops = {
    .header = on_header,
    .pass = on_pass,
    .pass_fd = on_pass_fd,
    .frame = on_frame,
    .boundary = on_boundary,
    .ready = on_ready,
    .keeps = on_keep,
};

/* Keeps what the inbox has not read of these bytes, which are new, or the rest of what was kept before. */
static void keep_unread(CcwSide *side, const guint8 *bytes, gsize length, GArray *fds)
{
    gsize left = side->inbox.unread;

    if (left == 0) {
        forget_unread(side);
        return;
    }
    if (side->unread) {
        side->unread_at = side->unread->len - left;
        return;
    }
    side->unread = g_byte_array_append(g_byte_array_new(), bytes + length - left, (guint)left);
    side->unread_at = 0;
    side->unread_fds = g_array_new(FALSE, FALSE, sizeof(gint));
    g_array_append_vals(side->unread_fds, fds->data, fds->len);
    g_array_set_size(fds, 0);
}

/* FALSE: the side is of no more use. */
static gboolean feed(CcwSide *side, const guint8 *bytes, gsize length, GArray *fds)
{
    static CcwLogLimit limit;
    g_autoptr(GError) error = NULL;
    gboolean stopped = FALSE;
    gboolean is_fed;

    side->connection->sent = 0;
    if (side->index == CCW_SIDE_CLIENT)
        ccw_outbox_cork(&side->outbox);
    is_fed = ccw_inbox_feed(&side->inbox, bytes, length, fds, &stopped, &error);
    if (side->index == CCW_SIDE_CLIENT)
        ccw_outbox_uncork(&side->outbox);
    if (!is_fed) {
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "%s broke the protocol: %s",
                        side->index == CCW_SIDE_CLIENT ? "a client" : "libvirt", error->message);
    } else if (!stopped && side->fd >= 0) {
        keep_unread(side, bytes, length, fds);
    }
    return !error && !stopped;
}

/* FALSE: the side has said its last. */
static gboolean side_read(CcwSide *side)
{
    static GArray *fds; /* empty but for the time of a read */
    gboolean goes_on;
    ssize_t n;

    if (side->unread) {
        /* A callback may close the side, which forgets what is unread. */
        g_autoptr(GByteArray) unread = g_byte_array_ref(side->unread);
        g_autoptr(GArray) unread_fds = g_array_ref(side->unread_fds);

        return feed(side, unread->data + side->unread_at, unread->len - side->unread_at, unread_fds);
    }
    if (!fds)
        fds = g_array_new(FALSE, FALSE, sizeof(gint));
    n = ccw_fd_receive(side->fd, read_buffer, sizeof(read_buffer), fds);
    goes_on = n > 0 ? feed(side, read_buffer, (gsize)n, fds) : n == 0;
    ccw_fds_close(&side->connection->closer, fds);
    return goes_on;
}

static void on_event(guint32 events, gpointer data)
{
    CcwSide *side = data;
    CcwConnection *connection = ccw_connection_ref(side->connection);

    if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
        ccw_outbox_flush(&side->outbox);
    if (events & CCW_POLL_FAILED) {
        connection->closing = TRUE;
        side_close(side);
    } else if (side->index == CCW_SIDE_CLIENT && events & (EPOLLHUP | EPOLLERR) && !wants_reading(side)) {
        connection->closing = TRUE;
    } else if (side->fd >= 0 && !side->outbox.failed && wants_reading(side) &&
               (side->unread || events & (EPOLLIN | EPOLLERR | EPOLLHUP)) && !side_read(side)) {
        if (side->index == CCW_SIDE_CLIENT)
            connection->closing = TRUE;
        else
            side_close(side);
    }
    ccw_connection_update(connection);
    ccw_connection_unref(connection);
}

static void side_init(CcwConnection *connection, CcwSideIndex index, int fd)
{
    CcwSide *side = &connection->sides[index];

    *side = (CcwSide){ .connection = connection, .index = index, .fd = fd, .lingers = -1 };
    ccw_inbox_init(&side->inbox, &inbox_ops, side);
    side->inbox.closer = &connection->closer;
    ccw_outbox_init(&side->outbox, fd);
    side->outbox.closer = &connection->closer;
    side->watch = ccw_poll_add(connection->services->poll, fd, 0, on_event, side);
}

CcwConnection *ccw_connection_new(const CcwServices *services, int client, int backend, CcwPeer *peer,
                                  void (*ended)(CcwConnection *connection, gpointer data), gpointer data)
{
    CcwConnection *connection = g_new0(CcwConnection, 1);

    connection->refs = 1;
    connection->services = services;
    connection->peer = peer;
    connection->unanswered = g_hash_table_new(ccw_hash_number, NULL);
    connection->ended = ended;
    connection->data = data;
    side_init(connection, CCW_SIDE_CLIENT, client);
    side_init(connection, CCW_SIDE_BACKEND, backend);
    connection->closer = (CcwFdCloser){ close_fd, connection };
    return connection;
}
