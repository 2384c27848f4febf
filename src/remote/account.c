/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/account.h"

#include "util/log.h"

/* A side is not read while more than this waits for the other one. */
#define OUTBOX_HIGH (256u * 1024)
/* A client is not read while it has this many actions in flight: libvirtd's own max_client_requests is 5. */
#define ACTIONS_MAX 16
/* Nor while the calls of these have this many bytes: each is kept in some forms until it is over. */
#define ACTIONS_BYTES_HIGH (1024u * 1024)
/* The backend is not read while its replies of this many bytes are in work. */
#define REPLIES_BYTES_HIGH (1024u * 1024)
/* A frame up to this size is taken whether the user has room for it or not: what is read at a time is no larger. */
#define FRAME_SMALL CCW_READ_SIZE

/*
 * A client may announce more than it ever sends: it is charged for what has come. libvirt's replies are charged from
 * the beginning, as nothing keeps them from coming.
 */
static gsize arriving_bytes(const CcwSide *side)
{
    if (!side->inbox.taking)
        return 0;
    if (side->index == CCW_SIDE_BACKEND)
        return side->inbox.header.length;
    return side->inbox.taken ? side->inbox.taken->len : 0;
}

static gsize held_bytes(const CcwSide *side)
{
    return side->outbox.bytes + side->deferred_bytes + (side->unread ? side->unread->len : 0) + arriving_bytes(side);
}

static guint held_fds(const CcwSide *side)
{
    return side->outbox.fds + side->deferred_fds + (side->unread_fds ? side->unread_fds->len : 0) +
           (side->inbox.taken_fds ? side->inbox.taken_fds->len : 0);
}

static guint connection_fds(const CcwConnection *connection)
{
    return connection->actions_fds + held_fds(&connection->sides[CCW_SIDE_CLIENT]) +
           held_fds(&connection->sides[CCW_SIDE_BACKEND]);
}

static void end_holder(gpointer data)
{
    static CcwLogLimit limit;
    CcwConnection *connection = data;

    ccw_log_limited(&limit, G_LOG_LEVEL_MESSAGE,
                    "a client of user %u has held %zu bytes without progress while others had no room; its connection "
                    "ends",
                    connection->user->uid, connection->charged_bytes);
    connection->is_holder = FALSE;
    ccw_connection_close(connection);
}

/* The client holds bytes until it has sent the rest of a frame, or reads what waits for it. */
static void update_holder(CcwConnection *connection)
{
    const CcwSide *client = &connection->sides[CCW_SIDE_CLIENT];
    gboolean is_arriving = arriving_bytes(client) > 0;

    if (is_arriving || client->outbox.bytes > 0)
        ccw_user_hold(connection->user, is_arriving ? client->inbox.header.serial : client->outbox.sent, end_holder,
                      connection);
    else if (connection->is_holder)
        ccw_user_release(connection->user, connection);
    connection->is_holder = is_arriving || client->outbox.bytes > 0;
}

void ccw_account_update(CcwConnection *connection)
{
    gsize bytes = connection->actions_bytes;
    guint fds = connection_fds(connection);

    if (!connection->user)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(connection->sides); i++)
        bytes += held_bytes(&connection->sides[i]);
    ccw_user_charge(connection->user, (gssize)(bytes - connection->charged_bytes),
                    (gint)(fds - connection->charged_fds));
    connection->charged_bytes = bytes;
    connection->charged_fds = fds;
    update_holder(connection);
}

static void on_room(gpointer data)
{
    ccw_connection_update(data);
}

/* A client is not read while too many descriptors of its user's wait to be closed. */
static gboolean has_user_room(const CcwUser *user, CcwSide *side)
{
    if (side->index == CCW_SIDE_CLIENT && user->closing + CCW_FRAME_FDS_MAX > CCW_CLIENT_FDS_MAX)
        return FALSE;
    return ccw_user_has_fd_room(user, CCW_FRAME_FDS_MAX) &&
           (ccw_side_other(side)->outbox.bytes == 0 || ccw_user_has_room(user, CCW_READ_SIZE));
}

void ccw_account_close(CcwConnection *connection)
{
    ccw_account_update(connection);
    if (connection->user) {
        ccw_limits_stop_waiting(connection->user->limits, connection);
        ccw_user_release(connection->user, connection);
    }
    connection->user = NULL; /* its account may end with the connection */
}

/*
 * If nothing waits for the other side, one more read is always allowed, so that each connection makes progress. If the
 * user has no room, limits.c has the connection updated when that changes.
 */
gboolean ccw_account_has_room_for_read(CcwSide *side)
{
    const CcwConnection *connection = side->connection;
    const CcwSide *to = ccw_side_other(side);
    const CcwUser *user = connection->user;
    /* The backend is read as long as the client reads; else libvirt, which waits for that, would take no calls. */
    guint fds = side->index == CCW_SIDE_BACKEND ? to->outbox.fds + to->deferred_fds : connection_fds(connection);

    if (side->index == CCW_SIDE_BACKEND && connection->replies_bytes >= REPLIES_BYTES_HIGH)
        return FALSE;
    if (to->outbox.bytes >= OUTBOX_HIGH || fds + CCW_FRAME_FDS_MAX > CCW_CLIENT_FDS_MAX)
        return FALSE;
    if (!user || has_user_room(user, side))
        return TRUE;
    ccw_limits_wait(user->limits, on_room, side->connection);
    return FALSE;
}

/* What is answered to the last calls may wait for the client to read it. */
gboolean ccw_account_has_room_for_call(const CcwConnection *connection)
{
    const CcwSide *client = &connection->sides[CCW_SIDE_CLIENT];

    return client->outbox.bytes + client->deferred_bytes < OUTBOX_HIGH &&
           g_list_length(connection->actions) < ACTIONS_MAX && connection->actions_bytes < ACTIONS_BYTES_HIGH &&
           g_hash_table_size(connection->unanswered) < CCW_CLIENT_CALLS_MAX;
}

/* If there is no room, the limits end connections that have held bytes for too long, so that a later call may find
 * some. */
static gboolean find_room(CcwUser *user, gsize bytes)
{
    if (ccw_user_has_room(user, bytes))
        return TRUE;
    ccw_user_lacks_room(user, bytes);
    return FALSE;
}

gboolean ccw_account_has_room_for_frame(const CcwSide *side, const CcwHeader *header)
{
    CcwUser *user = side->connection->user;

    return !user || header->length <= FRAME_SMALL || find_room(user, header->length);
}

gboolean ccw_account_has_room_for_bytes(const CcwSide *side, const CcwHeader *header, gsize length)
{
    CcwUser *user = side->connection->user;

    return !user || side->index == CCW_SIDE_BACKEND || header->length <= FRAME_SMALL || find_room(user, length);
}
