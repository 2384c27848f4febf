/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection's beginning:
 *
 *   greet     AUTH_LIST, ours: libvirt, which sees root, says that nothing is to be proved
 *   prepare   at the client's CONNECT_OPEN: which libvirt it names, and who it is, in a worker
 *   open      the client's call
 *   identify  CONNECT_SET_IDENTITY, ours; it wants an open connection
 *   judge     CONNECT_SUPPORTS_FEATURE, ours, unless the client is root: the same access check as CONNECT_OPEN's, which
 *             was root's
 *
 * Then the client gets the reply to its CONNECT_OPEN. libvirtd works on several calls of a connection at a time; so
 * none that could come to be judged as root's may reach it before that.
 */
#include "remote/ccw-identity.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "remote/ccw-action.h"
#include "remote/ccw-log.h"
#include "remote/ccw-relay.h"
#include "remote/ccw-rpc-error.h"
#include "remote/ccw-xdr.h"
#include "util/ccw-error.h"

#define AUTH_NONE 0 /* remote_auth_type of remote_protocol.x */
#define FEATURE                                                                                                        \
    1 /* VIR_DRV_FEATURE_MIGRATION_V1: the driver is asked, not the daemon; what it says does not matter               \
       */
#define EARLY_MAX 16384u /* bytes of a call that libvirt may not have yet: a longer one is refused and not held */
#define NOT_OPEN "hypervisor connection not open"

typedef struct {
    CcwAction action;
    GByteArray *frame;    /* the client's call */
    GByteArray *identity; /* NULL: error says why */
    GByteArray *reply;    /* libvirt's to it */
    GError *error;
} Open;

/* These do not depend on who calls, or end a connection. */
static const gint32 before_open[] = {
    CCW_PROC_CONNECT_CLOSE,   CCW_PROC_CONNECT_SUPPORTS_FEATURE, CCW_PROC_AUTH_LIST,   CCW_PROC_AUTH_SASL_INIT,
    CCW_PROC_AUTH_SASL_START, CCW_PROC_AUTH_SASL_STEP,           CCW_PROC_AUTH_POLKIT,
};

static void open_free(CcwAction *action)
{
    Open *open = (Open *)action;

    g_clear_pointer(&open->frame, g_byte_array_unref);
    g_clear_pointer(&open->identity, g_byte_array_unref);
    g_clear_pointer(&open->reply, g_byte_array_unref);
    g_clear_error(&open->error);
    g_free(open);
}

static Open *begin(CcwConnection *connection, const CcwHeader *call)
{
    Open *open = g_new0(Open, 1);
    CcwArguments none = { 0 };

    open->action.free = open_free;
    ccw_action_begin(&open->action, connection, call, &none);
    return open;
}

static void lost(CcwAction *action)
{
    action->connection->greeting = FALSE;
    ccw_action_end(action, NULL);
}

/* Nothing of this client reaches libvirt any more. */
static void shut(CcwConnection *connection, const char *why)
{
    connection->phase = CCW_PHASE_SHUT;
    connection->shut_why = why;
}

static gboolean lists_none(const CcwHeader *header, const guint8 *payload, gsize length)
{
    CcwXdrReader reader;
    gboolean none;

    ccw_xdr_reader_init(&reader, payload, length);
    none = ccw_xdr_read_u32(&reader) == 1 && ccw_xdr_read_u32(&reader) == AUTH_NONE;
    return header->status == CCW_STATUS_OK && none && !reader.failed;
}

static void greeted(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    static CcwLogLimit limit;
    CcwConnection *connection = action->connection;

    if (!lists_none(header, payload, length)) {
        shut(connection, "libvirt behind virtccwd does not let root in as it is: give it auth_unix_rw and "
                         "auth_unix_ro 'none' or 'polkit'");
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "%s", connection->shut_why);
    }
    connection->greeting = FALSE;
    ccw_action_end(action, NULL);
}

void ccw_identity_greet(CcwConnection *connection)
{
    const CcwHeader call = { .program = CCW_PROGRAM_REMOTE, .version = CCW_PROGRAM_VERSION };
    g_autoptr(GByteArray) nothing = g_byte_array_new();

    connection->greeting = TRUE;
    ccw_action_ask(&begin(connection, &call)->action, CCW_PROC_AUTH_LIST, nothing, greeted, lost);
}

static void let_in(Open *open)
{
    open->action.connection->phase = CCW_PHASE_OPEN;
    ccw_action_end(&open->action, g_steal_pointer(&open->reply));
}

static void shut_out(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    shut(action->connection, NOT_OPEN);
    ccw_action_end(action, ccw_action_refusal(action, header, payload, length));
}

static gboolean is_denied(const CcwHeader *header, const guint8 *payload, gsize length)
{
    CcwRpcError error;
    gboolean denied;

    if (header->status != CCW_STATUS_ERROR)
        return FALSE;
    if (!ccw_rpc_error_decode(&error, payload, length))
        return TRUE;
    denied = error.code != VIR_ERR_NO_SUPPORT; /* also where the access driver could not tell */
    ccw_rpc_error_clear(&error);
    return denied;
}

static void judged(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    if (is_denied(header, payload, length))
        shut_out(action, header, payload, length);
    else
        let_in((Open *)action);
}

static void identified(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    g_autoptr(GByteArray) feature = g_byte_array_new();

    ccw_xdr_write_u32(feature, FEATURE);
    if (header->status != CCW_STATUS_OK)
        shut_out(action, header, payload, length);
    else if (action->connection->peer->uid == 0)
        let_in((Open *)action);
    else
        ccw_action_ask(action, CCW_PROC_CONNECT_SUPPORTS_FEATURE, feature, judged, lost);
}

static void opened(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    Open *open = (Open *)action;

    if (header->status != CCW_STATUS_OK) {
        action->connection->phase = CCW_PHASE_NEW;
        ccw_action_end(action, ccw_relay_raise(header, payload, length));
        return;
    }
    open->reply = ccw_frame_new(header, payload, length);
    ccw_action_ask(action, CCW_PROC_CONNECT_SET_IDENTITY, open->identity, identified, lost);
}

static void prepare_work(CcwAction *action)
{
    Open *open = (Open *)action;

    open->identity = ccw_peer_identity(action->connection->peer, &open->error);
}

static void prepared(CcwAction *action)
{
    Open *open = (Open *)action;

    if (open->identity) {
        ccw_action_call(action, open->frame, opened, lost);
        return;
    }
    action->connection->phase = CCW_PHASE_NEW;
    ccw_action_end(action,
                   ccw_rpc_error_reply(&action->call, VIR_ERR_INTERNAL_ERROR, VIR_FROM_RPC, open->error->message));
}

static gboolean is_remote(const CcwHeader *header, gint32 procedure)
{
    return header->program == CCW_PROGRAM_REMOTE && header->procedure == procedure;
}

static gboolean passes_before_open(const CcwHeader *header)
{
    for (gsize i = 0; i < G_N_ELEMENTS(before_open); i++)
        if (is_remote(header, before_open[i]))
            return TRUE;
    return FALSE;
}

/* Whether libvirt may have this call now. */
static gboolean may_pass(const CcwConnection *connection, const CcwHeader *header)
{
    if (is_remote(header, CCW_PROC_CONNECT_SET_IDENTITY) && connection->peer->uid != 0)
        return FALSE;
    return connection->phase == CCW_PHASE_OPEN || (connection->phase != CCW_PHASE_SHUT && passes_before_open(header));
}

static gboolean is_too_long(const CcwHeader *header)
{
    return header->length > EARLY_MAX;
}

static void refuse(CcwConnection *connection, const CcwHeader *header);

gboolean ccw_identity_header(CcwConnection *connection, const CcwHeader *header, CcwInboxWay *ret_way)
{
    if (is_remote(header, CCW_PROC_CONNECT_SET_IDENTITY))
        connection->for_another = TRUE;
    if (!connection->peer || (header->type != CCW_TYPE_CALL && header->type != CCW_TYPE_CALL_WITH_FDS) ||
        may_pass(connection, header))
        return FALSE;
    *ret_way = CCW_INBOX_TAKE;
    if (header->type != CCW_TYPE_CALL) {
        *ret_way = CCW_INBOX_STOP; /* a frame with descriptors cannot be taken; no client has any to send so early */
    } else if (is_too_long(header)) {
        refuse(connection, header);
        *ret_way = CCW_INBOX_DROP;
    }
    return TRUE;
}

/*
 * The drivers of libvirtd itself check access for each call. libvirtd also connects to any other libvirt that a client
 * names (qemu+unix:///system?socket=...), as root: to a program of the client's own, which answers every question of
 * ours as it likes, or to libvirtd's or our own socket, where the client would then be root. Only root may name one; a
 * client that is not resolves such a URI itself. The test driver checks nothing.
 */
static const char *const trusted_uris[] = { "qemu:///system", "nodedev:///system" };
#define URI_SHOWN_MAX 100 /* bytes, in an error */

static gboolean is_trusted(const char *uri)
{
    for (gsize i = 0; i < G_N_ELEMENTS(trusted_uris); i++)
        if (strcmp(uri, trusted_uris[i]) == 0)
            return TRUE;
    return uri[0] == '\0'; /* the administrator's default */
}

/* A driver's name, and neither transport, host nor parameters. Everything else may lead to the remote driver. */
static gboolean is_plain(const char *uri)
{
    gsize scheme = strspn(uri, "abcdefghijklmnopqrstuvwxyz");

    return uri[0] == '\0' || (scheme > 0 && g_str_has_prefix(uri + scheme, ":///") && !strpbrk(uri, "?#"));
}

/* name, flags. FALSE and error: libvirt must not get the call. */
static gboolean read_open(CcwConnection *connection, const guint8 *payload, gsize length, GError **error)
{
    CcwXdrReader reader;
    g_autofree char *uri = NULL;
    const char *text = NULL;
    gsize text_length = 0;
    guint32 flags;

    ccw_xdr_reader_init(&reader, payload, length);
    if (ccw_xdr_read_present(&reader))
        text = ccw_xdr_read_string(&reader, &text_length);
    uri = text ? g_strndup(text, text_length) : g_strdup("");
    flags = ccw_xdr_read_u32(&reader);
    connection->is_elsewhere = reader.failed || !is_trusted(uri);
    connection->is_opened_readonly = (flags & VIR_CONNECT_RO) != 0;
    if (connection->peer->uid == 0 || (!reader.failed && strlen(uri) == text_length && is_plain(uri)))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                "only root may have libvirt connect to '%.*s': name a driver of this host, such as qemu:///system, or "
                "connect to the other libvirt yourself",
                URI_SHOWN_MAX, uri);
    return FALSE;
}

static void begin_open(CcwConnection *connection, const CcwHeader *header, const guint8 *payload, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) refusal = NULL;
    Open *open;

    if (!read_open(connection, payload, length, &error)) {
        refusal = ccw_rpc_error_reply(header, VIR_ERR_ACCESS_DENIED, VIR_FROM_RPC, error->message);
        ccw_connection_send(connection, CCW_SIDE_CLIENT, refusal);
        return;
    }
    open = begin(connection, header);
    connection->phase = CCW_PHASE_OPENING;
    open->frame = ccw_frame_new(header, payload, length);
    ccw_action_work(&open->action, CCW_WORK_LOOK_UP, prepare_work, prepared);
}

static void refuse(CcwConnection *connection, const CcwHeader *header)
{
    const char *message = connection->phase == CCW_PHASE_SHUT ? connection->shut_why : NOT_OPEN;
    gint32 code = VIR_ERR_INTERNAL_ERROR;
    g_autoptr(GByteArray) reply = NULL;

    if (is_remote(header, CCW_PROC_CONNECT_SET_IDENTITY) && connection->peer->uid != 0) {
        code = VIR_ERR_ACCESS_DENIED;
        message = "only root may call in another's name";
    } else if (is_remote(header, CCW_PROC_CONNECT_OPEN) && connection->phase == CCW_PHASE_OPENING) {
        message = "connection already open";
    } else if (is_remote(header, CCW_PROC_CONNECT_OPEN) && connection->phase == CCW_PHASE_NEW && is_too_long(header)) {
        message = "the arguments of this call are too long: shorten the URI";
    }
    reply = ccw_rpc_error_reply(header, code, VIR_FROM_RPC, message);
    ccw_connection_send(connection, CCW_SIDE_CLIENT, reply);
}

gboolean ccw_identity_frame(CcwConnection *connection, const CcwHeader *header, const guint8 *payload, gsize length)
{
    if (!connection->peer || may_pass(connection, header))
        return FALSE; /* perhaps since its header came */
    if (is_remote(header, CCW_PROC_CONNECT_OPEN) && connection->phase == CCW_PHASE_NEW)
        begin_open(connection, header, payload, length);
    else
        refuse(connection, header);
    return TRUE;
}
