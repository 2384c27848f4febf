/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/relay.h"

#include <libvirt/virterror.h>
#include <string.h>

#include "remote/action.h"
#include "remote/calls/calls.h"
#include "remote/connection-private.h"
#include "remote/identity.h"
#include "remote/relay-xml.h"
#include "rpc/rpc-error.h"
#include "util/log.h"

/* A longer call that names a node device names none of ours: it passes, and is not held. */
#define NODE_CALL_MAX 16384u

/*
 * Calls that change something, or carry XML. The read-only socket's are libvirt's to refuse, unread: who may change
 * nothing makes nobody work, and announces no attach.
 */
static gboolean changes(const CcwProcedure *procedure)
{
    static const gboolean by_action[] = {
        [CCW_ACTION_ATTACH] = TRUE, [CCW_ACTION_DETACH] = TRUE,  [CCW_ACTION_BY_HAND] = TRUE,
        [CCW_ACTION_DEFINE] = TRUE, [CCW_ACTION_MIGRATE] = TRUE, [CCW_ACTION_MESSAGES] = FALSE,
    };
    gboolean found = by_action[procedure->action];

    for (gsize i = 0; i < CCW_FIELDS_MAX; i++)
        found |= procedure->call[i] == CCW_FIELD_XML || procedure->call[i] == CCW_FIELD_OPT_XML ||
                 procedure->call[i] == CCW_FIELD_PARAMS;
    return found;
}

/* Whether a change by this client is libvirt's to refuse, or not one of this host. */
static gboolean changes_nothing(const CcwConnection *connection)
{
    return connection->readonly || connection->is_opened_readonly || connection->is_elsewhere;
}

/*
 * NULL: the call goes on as it is. So does every call to a libvirt elsewhere: what virtccwd does for a call rests on
 * libvirt's answers.
 */
static const CcwProcedure *lookup_call(const CcwConnection *connection, const CcwHeader *header)
{
    const CcwProcedure *procedure = ccw_relay_lookup(header);

    if (!procedure || !procedure->call[0] || connection->is_elsewhere)
        return NULL;
    return changes_nothing(connection) && changes(procedure) ? NULL : procedure;
}

/*
 * What a client sends besides calls: data of streams, and pings. libvirt takes descriptors only behind a call of a
 * client's. Behind any other frame that has a count of descriptors libvirt would read on where virtccwd sees their
 * bytes, and what virtccwd passes on as payload would be calls to libvirt, before libvirt knows who the client is.
 */
static CcwInboxWay client_frame_without_call(const CcwHeader *header)
{
    static CcwLogLimit limit;

    if (header->type == CCW_TYPE_STREAM || header->type == CCW_TYPE_STREAM_HOLE ||
        (header->type == CCW_TYPE_MESSAGE && header->program == CCW_PROGRAM_KEEPALIVE))
        return CCW_INBOX_PASS;
    ccw_log_limited(&limit, G_LOG_LEVEL_WARNING,
                    "a client sent a frame of type %u of program %x, which only libvirt sends; its connection ends",
                    header->type, header->program);
    return CCW_INBOX_STOP;
}

CcwInboxWay ccw_relay_client_header(CcwConnection *connection, const CcwHeader *header)
{
    static CcwLogLimit limit;
    const CcwProcedure *procedure;
    CcwInboxWay way;

    if (header->type != CCW_TYPE_CALL && header->type != CCW_TYPE_CALL_WITH_FDS)
        return client_frame_without_call(header);
    if (!ccw_actions_note_call(connection, header)) {
        ccw_log_limited(
            &limit, G_LOG_LEVEL_WARNING,
            "a client used serial %u twice at a time, or has too many calls unanswered; its connection ends",
            header->serial);
        return CCW_INBOX_STOP;
    }
    if (ccw_identity_header(connection, header, &way))
        return way;
    procedure = lookup_call(connection, header);
    if (!procedure || (header->type == CCW_TYPE_CALL_WITH_FDS && !procedure->has_fds))
        return CCW_INBOX_PASS;
    if (procedure->action == CCW_ACTION_NODE && header->length > NODE_CALL_MAX && !ccw_call_has_xml(procedure))
        return CCW_INBOX_PASS;
    return CCW_INBOX_TAKE;
}

/* libvirtd drops a client that does not answer its pings; one whose client has gone in the middle of an action is ours.
 */
static void answer_ping(CcwConnection *connection, const CcwHeader *ping)
{
    CcwHeader pong = *ping;
    g_autoptr(GByteArray) frame = NULL;

    pong.procedure = CCW_KEEPALIVE_PONG;
    frame = ccw_frame_new(&pong, NULL, 0);
    ccw_connection_send(connection, CCW_SIDE_BACKEND, frame);
}

CcwInboxWay ccw_relay_backend_header(CcwConnection *connection, const CcwHeader *header)
{
    const CcwProcedure *procedure;

    if (ccw_connection_is_gone(connection, CCW_SIDE_CLIENT)) {
        if (header->program == CCW_PROGRAM_KEEPALIVE && header->procedure == CCW_KEEPALIVE_PING)
            answer_ping(connection, header);
        return ccw_actions_want(connection, header) ? CCW_INBOX_TAKE : CCW_INBOX_PASS;
    }
    if (ccw_actions_want(connection, header) || (ccw_relay_has_error(header) && !connection->is_elsewhere))
        return CCW_INBOX_TAKE;
    procedure = header->type == CCW_TYPE_REPLY && !connection->is_elsewhere ? ccw_relay_lookup(header) : NULL;
    if (procedure && procedure->reply[0] && header->status == CCW_STATUS_OK)
        return CCW_INBOX_TAKE;
    ccw_actions_note_reply(connection, header);
    return CCW_INBOX_PASS;
}

static GByteArray *no_room_reply(const CcwConnection *connection, const CcwHeader *header, const char *what)
{
    g_autofree char *message =
        g_strdup_printf("%s of %u bytes has no room: the clients of user %u hold too many bytes already; read the "
                        "replies that wait, or try again with fewer calls at a time",
                        what, header->length, connection->user->uid);

    return ccw_rpc_error_reply(header, VIR_ERR_RPC, VIR_FROM_RPC, message);
}

CcwInboxWay ccw_relay_client_no_room(CcwConnection *connection, const CcwHeader *header)
{
    g_autoptr(GByteArray) reply = no_room_reply(connection, header, "a call");

    ccw_connection_send(connection, CCW_SIDE_CLIENT, reply);
    return CCW_INBOX_DROP;
}

CcwInboxWay ccw_relay_backend_no_room(CcwConnection *connection, const CcwHeader *header)
{
    g_autoptr(GByteArray) reply = NULL;
    CcwHeader error;

    if (header->type != CCW_TYPE_REPLY)
        return CCW_INBOX_PASS;
    reply = no_room_reply(connection, header, "a reply");
    if (ccw_header_decode(reply->data, &error, NULL))
        ccw_relay_backend_frame(connection, &error, reply->data + CCW_FRAME_HEAD, reply->len - CCW_FRAME_HEAD);
    return CCW_INBOX_DROP;
}

/* FALSE: the call has nothing for an action to do. */
static gboolean begin_action(CcwConnection *connection, CcwCall *call)
{
    const CcwProcedure *procedure = call->procedure;
    const guint8 *payload = call->payload->data;
    gsize length = call->payload->len;

    switch (procedure->action) {
    case CCW_ACTION_NONE:
        break;
    case CCW_ACTION_DEFINE:
        return ccw_define_begin(connection, call);
    case CCW_ACTION_MIGRATE:
        return ccw_migrate_begin(connection, call);
    case CCW_ACTION_DOMCAPS:
        return ccw_domcaps_begin(connection, procedure, &call->header, payload, length);
    case CCW_ACTION_MESSAGES:
        return ccw_messages_begin(connection, procedure, &call->header, payload, length);
    case CCW_ACTION_ATTACH:
        return ccw_attach_begin(connection, call);
    case CCW_ACTION_NODE:
        return ccw_node_begin(connection, call);
    case CCW_ACTION_NODES:
        return ccw_nodes_begin(connection, procedure, &call->header, payload, length);
    case CCW_ACTION_BY_HAND:
        return ccw_by_hand_begin(connection, procedure, &call->header, payload, length);
    case CCW_ACTION_DETACH:
        return ccw_detach_begin(connection, call);
    }
    return FALSE;
}

/* As it came: nothing of ours is in it, or it is not laid out as the table says, which is libvirt's to complain about.
 */
static void forward(CcwConnection *connection, const CcwHeader *header, const guint8 *payload, gsize length,
                    GArray *fds)
{
    g_autoptr(GByteArray) frame = ccw_frame_new(header, payload, length);

    ccw_connection_send_fds(connection, CCW_SIDE_BACKEND, frame, fds);
}

/* Takes call. */
static void dispatch(CcwConnection *connection, CcwCall *call)
{
    g_autoptr(GByteArray) refusal = NULL;

    if (!call->matches) {
        g_debug("a call of %s is not laid out as the table says: forwarded as it is", call->procedure->name);
        forward(connection, &call->header, call->payload->data, call->payload->len, call->fds);
    } else if (!begin_action(connection, call)) {
        if (call->frame) {
            ccw_connection_send_fds(connection, CCW_SIDE_BACKEND, call->frame, call->fds);
        } else {
            refusal = ccw_rpc_error_reply_for(&call->header, call->error);
            ccw_connection_send(connection, CCW_SIDE_CLIENT, refusal);
        }
    }
    ccw_call_free(call);
}

/* A call whose XML a worker parses first. */
typedef struct {
    CcwAction action;
    CcwCall *call;
} Decoding;

static void decoding_free(CcwAction *action)
{
    ccw_call_free(((Decoding *)action)->call);
    g_free(action);
}

static void decode_work(CcwAction *action)
{
    ccw_call_decode(((Decoding *)action)->call);
}

/* dispatch() begins its action before this one ends, so that the connection does not end in between. */
static void decoded(CcwAction *action)
{
    dispatch(action->connection, g_steal_pointer(&((Decoding *)action)->call));
    ccw_action_end(action, NULL);
}

/* Takes call. */
static void begin_decoding(CcwConnection *connection, CcwCall *call)
{
    Decoding *decoding = g_new0(Decoding, 1);
    CcwArguments none = { 0 };

    decoding->action.free = decoding_free;
    decoding->call = call;
    ccw_action_begin(&decoding->action, connection, &call->header, &none);
    ccw_action_work(&decoding->action, CCW_WORK_PARSE, decode_work, decoded);
}

/* Whether it is one of those that take several steps also when nothing of ours is in its XML. */
static gboolean needs_no_xml(const CcwProcedure *procedure)
{
    static const CcwActionKind with_xml[] = { CCW_ACTION_NONE, CCW_ACTION_DEFINE, CCW_ACTION_ATTACH };

    for (gsize i = 0; i < G_N_ELEMENTS(with_xml); i++)
        if (procedure->action == with_xml[i])
            return FALSE;
    return TRUE;
}

void ccw_relay_client_frame(CcwConnection *connection, const CcwHeader *header, const guint8 *payload, gsize length,
                            GArray *fds)
{
    const CcwProcedure *procedure = lookup_call(connection, header);
    gboolean must_parse =
        procedure && (length > CCW_RELAY_LOOK_MAX ? ccw_call_has_xml(procedure)
                                                  : ccw_call_may_have_ours(procedure, payload, length));
    CcwCall *call;

    if (ccw_identity_frame(connection, header, payload, length))
        return;
    if (!procedure || (!must_parse && !needs_no_xml(procedure))) {
        forward(connection, header, payload, length, fds);
        return;
    }
    call = ccw_call_new(procedure, header, payload, length, fds, &connection->closer);
    if (must_parse) {
        begin_decoding(connection, call);
    } else {
        ccw_call_decode(call);
        dispatch(connection, call);
    }
}

/* A start that failed has given back what it took, unless its hook was killed. */
static gboolean is_failed_start(const CcwHeader *header)
{
    const CcwProcedure *procedure = ccw_relay_lookup(header);

    return procedure && procedure->starts && header->type == CCW_TYPE_REPLY && header->status == CCW_STATUS_ERROR;
}

void ccw_relay_backend_frame(CcwConnection *connection, const CcwHeader *header, const guint8 *payload, gsize length)
{
    g_autoptr(GByteArray) frame = NULL;

    if (ccw_actions_reply(connection, header, payload, length))
        return;
    if (ccw_relay_must_parse_reply(header, payload, length)) {
        ccw_reply_begin(connection, header, payload, length);
        return;
    }
    frame = ccw_relay_raise(header, payload, length);
    ccw_connection_send(connection, CCW_SIDE_CLIENT, frame);
    if (is_failed_start(header) && !changes_nothing(connection) && connection->services->start_failed)
        connection->services->start_failed(connection->services->changed_data);
}
