/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/ccw-relay.h"

#include <string.h>

#include "conf/ccw-conf.h"
#include "conf/ccw-nodedev.h"
#include "remote/ccw-action.h"
#include "remote/ccw-connection-private.h"
#include "remote/ccw-identity.h"
#include "remote/ccw-log.h"
#include "remote/ccw-rewrite.h"
#include "remote/ccw-rpc-error.h"
#include "util/ccw-error.h"

static const CcwProcedure *lookup(const CcwHeader *header)
{
    return header->version == CCW_PROGRAM_VERSION ? ccw_procedure_lookup(header->program, header->procedure) : NULL;
}

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

/* NULL: the call goes on as it is. */
static const CcwProcedure *lookup_call(const CcwConnection *connection, const CcwHeader *header)
{
    const CcwProcedure *procedure = lookup(header);

    return procedure && procedure->call[0] && !(connection->readonly && changes(procedure)) ? procedure : NULL;
}

CcwInboxWay ccw_relay_client_header(CcwConnection *connection, const CcwHeader *header)
{
    static CcwLogLimit limit;
    const CcwProcedure *procedure;
    CcwInboxWay way;

    if (header->type != CCW_TYPE_CALL && header->type != CCW_TYPE_CALL_WITH_FDS)
        return CCW_INBOX_PASS;
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
    return CCW_INBOX_TAKE;
}

/* Every REPLY of these programs with status ERROR has the same payload; so has what ends a stream with one. */
static gboolean has_error(const CcwHeader *header)
{
    return (header->type == CCW_TYPE_REPLY || header->type == CCW_TYPE_STREAM) && header->status == CCW_STATUS_ERROR &&
           (header->program == CCW_PROGRAM_REMOTE || header->program == CCW_PROGRAM_QEMU);
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
    if (has_error(header) || ccw_actions_want(connection, header))
        return CCW_INBOX_TAKE;
    procedure = header->type == CCW_TYPE_REPLY ? lookup(header) : NULL;
    if (procedure && procedure->reply[0] && header->status == CCW_STATUS_OK)
        return CCW_INBOX_TAKE;
    ccw_actions_note_reply(connection, header);
    return CCW_INBOX_PASS;
}

static char *lower(const char *xml, gpointer data, gboolean *ret_changed, GError **error)
{
    const int *map = data;

    return ccw_conf_lower(xml, (CcwMapCss)*map, ret_changed, error);
}

static char *raise_xml(const char *xml, gpointer data G_GNUC_UNUSED, gboolean *ret_changed, GError **error)
{
    return ccw_conf_raise(xml, ret_changed, error);
}

static char *advertise(const char *xml, gpointer data G_GNUC_UNUSED, gboolean *ret_changed, GError **error)
{
    return ccw_conf_advertise(xml, ret_changed, error);
}

static char *unadvertise(const char *xml, gpointer data G_GNUC_UNUSED, gboolean *ret_changed, GError **error)
{
    return ccw_conf_unadvertise(xml, ret_changed, error);
}

static char *raise_text(const char *text, gpointer data G_GNUC_UNUSED, gboolean *ret_changed,
                        GError **error G_GNUC_UNUSED)
{
    char *raised = ccw_conf_raise_text(text);

    *ret_changed = g_strcmp0(raised, text) != 0;
    return raised;
}

GByteArray *ccw_relay_lower(const CcwProcedure *procedure, const CcwHeader *header, const guint8 *payload, gsize length,
                            int map, GError **error)
{
    g_autoptr(GByteArray) lowered = NULL;
    g_autoptr(GError) local = NULL;

    switch (ccw_rewrite(procedure->call, payload, length, procedure->of_node ? unadvertise : lower, &map, &lowered,
                        &local)) {
    case CCW_REWRITE_CHANGED:
        return ccw_frame_new(header, lowered->data, lowered->len);
    case CCW_REWRITE_FAILED:
        if (!g_error_matches(local, CCW_ERROR, CCW_ERROR_XML)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return NULL;
        }
        break; /* not well-formed: libvirt says it in its own words */
    case CCW_REWRITE_SAME:
        break;
    }
    return ccw_frame_new(header, payload, length);
}

GByteArray *ccw_relay_raise(const CcwHeader *header, const guint8 *payload, gsize length)
{
    static CcwLogLimit limit;
    const CcwProcedure *procedure = lookup(header);
    g_autoptr(GByteArray) raised = NULL;
    g_autoptr(GError) error = NULL;
    CcwRewrite result = CCW_REWRITE_SAME;

    if (has_error(header))
        result = ccw_rewrite(ccw_error_fields, payload, length, raise_text, NULL, &raised, &error);
    else if (procedure && procedure->reply[0])
        result = ccw_rewrite(procedure->reply, payload, length, procedure->of_node ? advertise : raise_xml, NULL,
                             &raised, &error);
    if (result == CCW_REWRITE_FAILED)
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "a reply of procedure %d stays as libvirt wrote it: %s",
                        header->procedure, error->message);
    if (result == CCW_REWRITE_CHANGED)
        return ccw_frame_new(header, raised->data, raised->len);
    return ccw_frame_new(header, payload, length);
}

static gboolean begin_action(CcwConnection *connection, const CcwProcedure *procedure, const CcwHeader *header,
                             const guint8 *payload, gsize length)
{
    switch (procedure->action) {
    case CCW_ACTION_NONE:
    case CCW_ACTION_DEFINE: /* when it is lowered */
        break;
    case CCW_ACTION_MIGRATE:
        return ccw_migrate_begin(connection, procedure, header, payload, length);
    case CCW_ACTION_DOMCAPS:
        return ccw_domcaps_begin(connection, procedure, header, payload, length);
    case CCW_ACTION_MESSAGES:
        return ccw_messages_begin(connection, procedure, header, payload, length);
    case CCW_ACTION_ATTACH:
        return ccw_attach_begin(connection, procedure, header, payload, length);
    case CCW_ACTION_NODE:
        return ccw_node_begin(connection, procedure, header, payload, length);
    case CCW_ACTION_NODES:
        return ccw_nodes_begin(connection, procedure, header, payload, length);
    case CCW_ACTION_BY_HAND:
        return ccw_by_hand_begin(connection, procedure, header, payload, length);
    case CCW_ACTION_DETACH:
        return ccw_detach_begin(connection, procedure, header, payload, length);
    }
    return FALSE;
}

static gboolean is_same(const GByteArray *frame, const guint8 *payload, gsize length)
{
    return frame->len >= length && memcmp(frame->data + frame->len - length, payload, length) == 0;
}

void ccw_relay_client_frame(CcwConnection *connection, const CcwHeader *header, const guint8 *payload, gsize length,
                            GArray *fds)
{
    const CcwProcedure *procedure = lookup_call(connection, header);
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) frame = NULL;

    if (ccw_identity_frame(connection, header, payload, length))
        return;
    if (!procedure) { /* taken for its identity's sake alone */
        frame = ccw_frame_new(header, payload, length);
        ccw_connection_send(connection, CCW_SIDE_BACKEND, frame);
        return;
    }
    if (!ccw_rewrite_matches(procedure->call, payload, length))
        g_debug("a call of %s is not laid out as the table says: forwarded as it is", procedure->name);
    else if (begin_action(connection, procedure, header, payload, length))
        return;
    frame = ccw_relay_lower(procedure, header, payload, length, CCW_MAP_CSS_ABSENT, &error);
    if (!frame) {
        frame = ccw_rpc_error_reply_for(header, error);
        ccw_connection_send(connection, CCW_SIDE_CLIENT, frame);
    } else if (procedure->action != CCW_ACTION_DEFINE || is_same(frame, payload, length) ||
               !ccw_define_begin(connection, procedure, header, payload, length, frame, fds)) {
        ccw_connection_send_fds(connection, CCW_SIDE_BACKEND, frame, fds);
    }
}

/* A start that failed has given back what it took, unless its hook was killed. */
static gboolean is_failed_start(const CcwHeader *header)
{
    const CcwProcedure *procedure = lookup(header);

    return procedure && procedure->starts && header->type == CCW_TYPE_REPLY && header->status == CCW_STATUS_ERROR;
}

void ccw_relay_backend_frame(CcwConnection *connection, const CcwHeader *header, const guint8 *payload, gsize length)
{
    g_autoptr(GByteArray) frame = NULL;

    if (ccw_actions_reply(connection, header, payload, length))
        return;
    frame = ccw_relay_raise(header, payload, length);
    ccw_connection_send(connection, CCW_SIDE_CLIENT, frame);
    if (is_failed_start(header) && connection->services->start_failed)
        connection->services->start_failed(connection->services->changed_data);
}
