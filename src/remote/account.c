/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/account.h"

#include "util/log.h"

/* virtccwd does not read a side while more bytes than this wait for the other side. */
#define OUTBOX_HIGH (256u * 1024)
/*
 * virtccwd does not read a client while this many of its tasks are in progress. libvirtd's own max_client_requests is
 * 5.
 */
#define TASKS_MAX 16
/*
 * virtccwd does not read a client while the calls of its tasks have more bytes than this. It keeps three copies of a
 * call until it sends the call to libvirt. It keeps one copy of an attach after that, because it may send the attach
 * again.
 */
#define TASKS_BYTES_HIGH (1024u * 1024)
/* virtccwd does not read the backend while workers raise replies of this many bytes. */
#define REPLIES_BYTES_HIGH (1024u * 1024)
/* virtccwd takes a frame up to this size even if the user has no room for it: one read brings as many bytes anyway. */
#define FRAME_SMALL REMOTE_READ_SIZE

/*
 * The account charges a client for the bytes that have arrived, because a client may announce more than it ever sends.
 * It charges a reply of libvirt's as a whole from its header on, because libvirt will send all of it.
 */
static gsize arriving_bytes(const RemoteSide *side)
{
    if (!side->inbox.is_holding)
        return 0;
    if (side->index == REMOTE_SIDE_BACKEND)
        return side->inbox.header.length;
    return side->inbox.held ? side->inbox.held->len : 0;
}

static gsize side_bytes(const RemoteSide *side)
{
    return side->outbox.bytes + side->deferred_bytes + (side->unread ? side->unread->len : 0) + arriving_bytes(side);
}

static guint side_fds(const RemoteSide *side)
{
    return side->outbox.fds + side->deferred_fds + (side->unread_fds ? side->unread_fds->len : 0) +
           (side->inbox.held_fds ? side->inbox.held_fds->len : 0);
}

static guint connection_fds(const RemoteAccount *account)
{
    return account->tasks_fds + side_fds(&account->sides[REMOTE_SIDE_CLIENT]) +
           side_fds(&account->sides[REMOTE_SIDE_BACKEND]);
}

void remote_account_init(RemoteAccount *account, RemoteSide *sides, RemoteConnection *connection,
                         void (*has_room)(RemoteConnection *connection), void (*end)(RemoteConnection *connection))
{
    *account = (RemoteAccount){ .sides = sides, .connection = connection, .has_room = has_room, .end = end };
}

static void end_stalled(gpointer data)
{
    static CcwLogLimit limit;
    RemoteAccount *account = data;

    ccw_log_limited(&limit, G_LOG_LEVEL_MESSAGE,
                    "a client of user %u has held %zu bytes without progress while others had no room; its connection "
                    "ends",
                    account->user->uid, account->charged_bytes);
    account->is_watched = FALSE;
    account->end(account->connection);
}

/* A client holds bytes until it sends the rest of a frame, or reads the bytes that wait for it. */
static void update_progress_watch(RemoteAccount *account)
{
    const RemoteSide *client = &account->sides[REMOTE_SIDE_CLIENT];
    gboolean is_arriving = arriving_bytes(client) > 0;

    if (is_arriving || client->outbox.bytes > 0)
        remote_user_watch_progress(account->user, is_arriving ? client->inbox.header.serial : client->outbox.sent,
                                   end_stalled, account);
    else if (account->is_watched)
        remote_user_unwatch_progress(account->user, account);
    account->is_watched = is_arriving || client->outbox.bytes > 0;
}

void remote_account_update(RemoteAccount *account)
{
    gsize bytes = account->tasks_bytes;
    guint fds = connection_fds(account);

    if (!account->user)
        return;
    bytes += side_bytes(&account->sides[REMOTE_SIDE_CLIENT]) + side_bytes(&account->sides[REMOTE_SIDE_BACKEND]);
    remote_user_charge(account->user, (gssize)(bytes - account->charged_bytes), (gint)(fds - account->charged_fds));
    account->charged_bytes = bytes;
    account->charged_fds = fds;
    update_progress_watch(account);
}

static void on_room(gpointer data)
{
    RemoteAccount *account = data;

    account->has_room(account->connection);
}

/* virtccwd does not read a client while workers have too many descriptors of its user to close. */
static gboolean has_user_room(const RemoteUser *user, const RemoteSide *side)
{
    if (side->index == REMOTE_SIDE_CLIENT && user->closing + RPC_FRAME_FDS_MAX > REMOTE_CLIENT_FDS_MAX)
        return FALSE;
    return remote_user_has_fd_room(user, RPC_FRAME_FDS_MAX) &&
           (side->other->outbox.bytes == 0 || remote_user_has_room(user, REMOTE_READ_SIZE));
}

void remote_account_close(RemoteAccount *account)
{
    remote_account_update(account);
    if (account->user) {
        remote_limits_stop_waiting(account->user->limits, account);
        remote_user_unwatch_progress(account->user, account);
    }
    account->user = NULL; /* the user may end with the connection */
}

/*
 * If no bytes wait for the other side, the connection may read once more, so that each connection makes progress. If
 * the user has no room, limits.c calls on_room() when that changes.
 */
gboolean remote_account_has_room_for_read(RemoteAccount *account, const RemoteSide *side)
{
    const RemoteSide *to = side->other;
    const RemoteUser *user = account->user;
    /* virtccwd reads the backend as long as the client reads: libvirt takes no more calls while its replies wait. */
    guint fds = side->index == REMOTE_SIDE_BACKEND ? to->outbox.fds + to->deferred_fds : connection_fds(account);

    if (side->index == REMOTE_SIDE_BACKEND && account->replies_bytes >= REPLIES_BYTES_HIGH)
        return FALSE;
    if (to->outbox.bytes >= OUTBOX_HIGH || fds + RPC_FRAME_FDS_MAX > REMOTE_CLIENT_FDS_MAX)
        return FALSE;
    if (!user || has_user_room(user, side))
        return TRUE;
    remote_limits_wait(user->limits, on_room, account);
    return FALSE;
}

/* A client that does not read its replies may not make more calls. */
gboolean remote_account_has_room_for_call(const RemoteAccount *account, guint unanswered)
{
    const RemoteSide *client = &account->sides[REMOTE_SIDE_CLIENT];

    return client->outbox.bytes + client->deferred_bytes < OUTBOX_HIGH && account->tasks < TASKS_MAX &&
           account->tasks_bytes < TASKS_BYTES_HIGH && unanswered < REMOTE_CLIENT_CALLS_MAX;
}

/*
 * If the user has no room, the limits end connections that have held bytes for too long. A later call may then find
 * room.
 */
static gboolean find_room(RemoteUser *user, gsize bytes)
{
    if (remote_user_has_room(user, bytes))
        return TRUE;
    remote_user_lacks_room(user, bytes);
    return FALSE;
}

gboolean remote_account_has_room_for_frame(const RemoteAccount *account, const RpcHeader *header)
{
    return !account->user || header->length <= FRAME_SMALL || find_room(account->user, header->length);
}

gboolean remote_account_has_room_for_bytes(const RemoteAccount *account, const RemoteSide *side,
                                           const RpcHeader *header, gsize length)
{
    return !account->user || side->index == REMOTE_SIDE_BACKEND || header->length <= FRAME_SMALL ||
           find_room(account->user, length);
}
