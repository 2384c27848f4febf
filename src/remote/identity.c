/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection's beginning:
 *
 * - look up: a worker finds out the names of the client's user and group
 * - greet: AUTH_LIST, ours, unless the client is root, whose own it is; libvirt, which sees root, says that it asks for
 *   no proof
 * - open: the client's CONNECT_OPEN, if it names a libvirt that this client may open
 * - identify: CONNECT_SET_IDENTITY, ours; it wants an open connection
 * - judge: CONNECT_SUPPORTS_FEATURE, ours, unless the client is root: the same access check as CONNECT_OPEN's, which
 *   was root's
 * - resolve: CONNECT_GET_URI, ours, unless the client is root: which libvirt the administrator's default is
 *
 * Then the client gets the reply to its CONNECT_OPEN; root, who is not judged, before identify, and is not read until
 * that is done. libvirtd works on several calls of a connection at a time; so no call that could come to be judged as
 * virtccwd's own may reach it before that.
 */
#include "remote/identity.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "remote/action.h"
#include "remote/relay-xml.h"
#include "rpc/rpc-error.h"
#include "rpc/xdr.h"
#include "util/error.h"
#include "util/log.h"

#define AUTH_NONE 0 /* remote_auth_type of remote_protocol.x */
#define FEATURE 1   /* VIR_DRV_FEATURE_MIGRATION_V1: the driver is asked, not the daemon; the answer does not matter */
#define URI_SHOWN_MAX 100 /* bytes, in an error */
#define EARLY_MAX 16384u  /* bytes of a call that libvirt may not have yet: a longer one is refused and not held */
#define NOT_OPEN "hypervisor connection not open"

typedef struct {
    CcwAction action;
    GByteArray *frame;   /* the client's call */
    GByteArray *reply;   /* libvirt's to it */
    gboolean is_default; /* no URI is named */
} Open;

typedef struct {
    CcwAction action;
    GByteArray *identity; /* NULL: error says why */
    GError *error;
} LookUp;

/* These do not depend on who calls, or end a connection. */
static const gint32 before_open[] = {
    CCW_PROC_CONNECT_CLOSE,   CCW_PROC_CONNECT_SUPPORTS_FEATURE, CCW_PROC_AUTH_LIST,   CCW_PROC_AUTH_SASL_INIT,
    CCW_PROC_AUTH_SASL_START, CCW_PROC_AUTH_SASL_STEP,           CCW_PROC_AUTH_POLKIT,
};

static void open_free(CcwAction *action)
{
    Open *open = (Open *)action;

    g_clear_pointer(&open->frame, g_byte_array_unref);
    g_clear_pointer(&open->reply, g_byte_array_unref);
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
    action->connection->is_held = FALSE;
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
        shut(connection, "libvirt behind virtccwd does not let root in without a password: set its auth_unix_rw and "
                         "auth_unix_ro to 'none' or 'polkit'");
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "%s", connection->shut_why);
    }
    connection->is_held = FALSE;
    ccw_action_end(action, NULL);
}

/* Of actions that no call of the client's begins. */
static const CcwHeader no_call = { .program = CCW_PROGRAM_REMOTE, .version = CCW_PROGRAM_VERSION };

static void greet(CcwConnection *connection)
{
    g_autoptr(GByteArray) nothing = g_byte_array_new();

    connection->is_held = TRUE;
    connection->is_listed = TRUE;
    ccw_action_ask(&begin(connection, &no_call)->action, CCW_PROC_AUTH_LIST, nothing, greeted, lost);
}

static void let_in(Open *open)
{
    CcwConnection *connection = open->action.connection;

    connection->phase = CCW_PHASE_OPEN;
    connection->is_held = FALSE;
    ccw_action_end(&open->action, g_steal_pointer(&open->reply));
}

static void shut_out(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    CcwConnection *connection = action->connection;
    gboolean is_answered = connection->is_held;

    shut(connection, NOT_OPEN);
    connection->is_held = FALSE;
    ccw_action_end(action, is_answered ? NULL : ccw_action_refusal(action, header, payload, length));
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

/*
 * The drivers of libvirtd itself check access for each call. libvirtd also connects to any other libvirt that a client
 * names (qemu+unix:///system?socket=...), as root: to a program of the client's own, which answers every question of
 * ours as it likes, or to libvirtd's or our own socket, where the client would then be root. Only root may name one; a
 * client that is not resolves such a URI itself. The test driver checks nothing. qemu:///session is the same driver as
 * qemu:///system in a libvirt that is root. virtqemud has no node device driver, and connects as root to virtnodedevd
 * for nodedev:///system: nothing tells it from libvirtd, which has one, so that URI is trusted for root only.
 */
#define NODE_DEVICES_URI "nodedev:///system"
static const char *const trusted_uris[] = { "qemu:///system", "qemu:///session" };

static gboolean is_trusted(const CcwConnection *connection, const char *uri)
{
    for (gsize i = 0; i < G_N_ELEMENTS(trusted_uris); i++)
        if (strcmp(uri, trusted_uris[i]) == 0)
            return TRUE;
    return connection->peer->uid == 0 && strcmp(uri, NODE_DEVICES_URI) == 0;
}

/* If the default is another libvirt, libvirt connected to it as root, before it knew who the client is. */
static void resolved(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    CcwXdrReader reader;
    gsize text_length = 0;
    const char *text;
    g_autofree char *uri = NULL;

    ccw_xdr_reader_init(&reader, payload, length);
    text = header->status == CCW_STATUS_OK ? ccw_xdr_read_string(&reader, &text_length) : NULL;
    uri = text ? g_strndup(text, text_length) : NULL;
    action->connection->is_elsewhere = !uri || !is_trusted(action->connection, uri);
    let_in((Open *)action);
}

static void judged(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    g_autoptr(GByteArray) nothing = g_byte_array_new();

    if (is_denied(header, payload, length))
        shut_out(action, header, payload, length);
    else if (((Open *)action)->is_default)
        ccw_action_ask(action, CCW_PROC_CONNECT_GET_URI, nothing, resolved, lost);
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
    if (action->connection->peer->uid == 0) {
        action->connection->is_held = TRUE;
        ccw_action_reply(action, g_steal_pointer(&open->reply));
    }
    ccw_action_ask(action, CCW_PROC_CONNECT_SET_IDENTITY, action->connection->identity, identified, lost);
}

static void start_open(CcwAction *action)
{
    CcwConnection *connection = action->connection;

    if (connection->identity) {
        ccw_action_call(action, ((Open *)action)->frame, opened, lost);
        return;
    }
    connection->phase = CCW_PHASE_NEW;
    ccw_action_end(action, ccw_rpc_error_reply(&action->call, VIR_ERR_INTERNAL_ERROR, VIR_FROM_RPC,
                                               connection->identity_error->message));
}

static void look_up_free(CcwAction *action)
{
    LookUp *look_up = (LookUp *)action;

    g_clear_pointer(&look_up->identity, g_byte_array_unref);
    g_clear_error(&look_up->error);
    g_free(look_up);
}

static void look_up_work(CcwAction *action)
{
    LookUp *look_up = (LookUp *)action;

    look_up->identity = ccw_peer_identity(action->connection->peer, &look_up->error);
}

/* The action that waits goes on before this one ends, so that the connection does not end in between. */
static void looked_up(CcwAction *action)
{
    LookUp *look_up = (LookUp *)action;
    CcwConnection *connection = action->connection;

    connection->identity = g_steal_pointer(&look_up->identity);
    connection->identity_error = g_steal_pointer(&look_up->error);
    if (connection->opening)
        start_open(g_steal_pointer(&connection->opening));
    ccw_action_end(action, NULL);
}

static void begin_look_up(CcwConnection *connection)
{
    LookUp *look_up = g_new0(LookUp, 1);
    CcwArguments none = { 0 };

    look_up->action.free = look_up_free;
    ccw_action_begin(&look_up->action, connection, &no_call, &none);
    look_up->action.is_answered = TRUE; /* the serial of no call is the client's to use */
    ccw_action_work(&look_up->action, CCW_WORK_LOOK_UP, look_up_work, looked_up);
}

/* The look-up goes on while libvirt answers. */
void ccw_identity_begin(CcwConnection *connection)
{
    begin_look_up(connection);
    if (connection->peer->uid != 0)
        greet(connection);
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
    if (is_remote(header, CCW_PROC_AUTH_LIST))
        connection->is_listed = TRUE;
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
 * A driver's name, and neither transport, host nor parameters. Everything else may lead to the remote driver. libvirt
 * decodes escaped characters, and so would open a trusted URI that is_trusted() does not know.
 */
static gboolean is_plain(const char *uri)
{
    gsize scheme = strspn(uri, "abcdefghijklmnopqrstuvwxyz");

    return uri[0] == '\0' || (scheme > 0 && g_str_has_prefix(uri + scheme, ":///") && !strpbrk(uri, "?#%"));
}

/* name, flags. FALSE and error: libvirt must not get the call. */
static gboolean read_open(CcwConnection *connection, const guint8 *payload, gsize length, gboolean *ret_is_default,
                          GError **error)
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
    *ret_is_default = uri[0] == '\0'; /* the administrator's */
    connection->is_elsewhere = reader.failed || !(*ret_is_default || is_trusted(connection, uri));
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
    gboolean is_default = FALSE;
    Open *open;

    if (!read_open(connection, payload, length, &is_default, &error)) {
        refusal = ccw_rpc_error_reply(header, VIR_ERR_ACCESS_DENIED, VIR_FROM_RPC, error->message);
        ccw_connection_send(connection, CCW_SIDE_CLIENT, refusal);
        return;
    }
    open = begin(connection, header);
    open->is_default = is_default;
    connection->phase = CCW_PHASE_OPENING;
    open->frame = ccw_frame_new(header, payload, length);
    if (connection->identity || connection->identity_error)
        start_open(&open->action);
    else
        connection->opening = &open->action;
}

static void refuse(CcwConnection *connection, const CcwHeader *header)
{
    const char *message = connection->phase == CCW_PHASE_SHUT ? connection->shut_why : NOT_OPEN;
    gint32 code = VIR_ERR_INTERNAL_ERROR;
    g_autoptr(GByteArray) reply = NULL;

    if (is_remote(header, CCW_PROC_CONNECT_SET_IDENTITY) && connection->peer->uid != 0) {
        code = VIR_ERR_ACCESS_DENIED;
        message = "only root may set the identity of another client";
    } else if (is_remote(header, CCW_PROC_CONNECT_OPEN) && connection->phase == CCW_PHASE_OPENING) {
        message = "connection already open";
    } else if (!connection->is_listed) {
        code = VIR_ERR_RPC;
        message = "authentication required";
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
