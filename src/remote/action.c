/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/action.h"

#include <string.h>

#include "remote/connection-private.h"
#include "remote/relay-xml.h"
#include "remote/validator.h"
#include "rpc/xdr.h"

/*
 * Serials of our own calls. A client of libvirt counts from 0, so it gets to the first range after 3.4 thousand million
 * calls on a connection; a client that does is answered by a change to the second range, half the circle away. A reply
 * is known by its serial, and what is done here hangs on what libvirt replies: so no two calls in flight may have one
 * serial, lest a client has the reply to one taken for that to another. Should it use one twice, its connection ends.
 */
#define SERIAL_RANGE_A 0xcc390000u
#define SERIAL_RANGE_B 0x4c390000u
#define SERIAL_RANGE_MASK 0xffff0000u

/* Fewer than a range has serials. libvirtd takes 5 calls of a client at a time; the rest is in buffers. */
#define UNANSWERED_MAX 32768u

gboolean ccw_actions_note_call(CcwConnection *connection, const CcwHeader *header)
{
    guint32 range = header->serial & SERIAL_RANGE_MASK;

    if (range == SERIAL_RANGE_A)
        connection->serial_range = SERIAL_RANGE_B;
    else if (range == SERIAL_RANGE_B)
        connection->serial_range = SERIAL_RANGE_A;
    for (GList *item = connection->actions; item; item = item->next) {
        CcwAction *action = item->data;

        if ((!g_atomic_int_get(&action->is_answered) && action->call.serial == header->serial) ||
            (action->on_reply && action->awaited_serial == header->serial))
            return FALSE;
    }
    return g_hash_table_size(connection->unanswered) < UNANSWERED_MAX &&
           g_hash_table_add(connection->unanswered, GUINT_TO_POINTER(header->serial));
}

void ccw_actions_note_reply(CcwConnection *connection, const CcwHeader *header)
{
    if (header->type == CCW_TYPE_REPLY || header->type == CCW_TYPE_REPLY_WITH_FDS)
        g_hash_table_remove(connection->unanswered, GUINT_TO_POINTER(header->serial));
}

/* Whether libvirt may still reply to a call of that serial, the client's or one of ours. */
static gboolean is_in_flight(const CcwConnection *connection, guint32 serial)
{
    if (g_hash_table_contains(connection->unanswered, GUINT_TO_POINTER(serial)))
        return TRUE;
    for (const GList *item = connection->actions; item; item = item->next) {
        const CcwAction *action = item->data;

        if (action->on_reply && action->awaited_serial == serial)
            return TRUE;
    }
    return FALSE;
}

/* The loop ends: fewer serials than a range has are in flight, with UNANSWERED_MAX calls and some actions. */
static guint32 next_serial(CcwConnection *connection)
{
    guint32 serial;

    if (!connection->serial_range)
        connection->serial_range = SERIAL_RANGE_A;
    do
        serial = connection->serial_range | connection->serial_next++;
    while (is_in_flight(connection, serial));
    return serial;
}

void ccw_action_begin(CcwAction *action, CcwConnection *connection, const CcwHeader *call, CcwArguments *arguments)
{
    action->connection = ccw_connection_ref(connection);
    action->call = *call;
    action->arguments = *arguments;
    *arguments = (CcwArguments){ 0 };
    connection->actions = g_list_append(connection->actions, action);
    connection->actions_bytes += call->length;
    connection->actions_fds += call->fds;
    ccw_connection_update(connection);
}

void ccw_action_reply(CcwAction *action, GByteArray *reply)
{
    if (!reply)
        return;
    g_atomic_int_set(&action->is_answered, TRUE);
    ccw_connection_send(action->connection, CCW_SIDE_CLIENT, reply);
    g_byte_array_unref(reply);
}

void ccw_action_end(CcwAction *action, GByteArray *reply)
{
    CcwConnection *connection = action->connection;

    ccw_action_reply(action, reply);
    connection->actions = g_list_remove(connection->actions, action);
    connection->actions_bytes -= action->call.length + action->held_bytes;
    connection->actions_fds -= action->call.fds;
    ccw_arguments_clear(&action->arguments);
    g_clear_pointer(&action->reply, g_byte_array_unref);
    g_clear_pointer(&action->warn.subject, g_free);
    action->free(action);
    ccw_connection_update(connection);
    ccw_connection_unref(connection);
}

static void await(CcwAction *action, guint32 serial, gint32 procedure, CcwActionReply on_reply, CcwActionStep on_lost)
{
    action->awaited_serial = serial;
    action->awaited_procedure = procedure;
    action->on_reply = on_reply;
    action->on_lost = on_lost;
}

static void send_or_lose(CcwAction *action, GByteArray *frame, GArray *fds)
{
    CcwActionStep on_lost = action->on_lost;

    if (!ccw_connection_is_gone(action->connection, CCW_SIDE_BACKEND)) {
        ccw_connection_send_fds(action->connection, CCW_SIDE_BACKEND, frame, fds);
        return;
    }
    action->on_reply = NULL;
    on_lost(action);
}

void ccw_action_call(CcwAction *action, GByteArray *frame, CcwActionReply on_reply, CcwActionStep on_lost)
{
    ccw_action_call_fds(action, frame, NULL, on_reply, on_lost);
}

void ccw_action_call_fds(CcwAction *action, GByteArray *frame, GArray *fds, CcwActionReply on_reply,
                         CcwActionStep on_lost)
{
    await(action, action->call.serial, action->call.procedure, on_reply, on_lost);
    send_or_lose(action, frame, fds);
}

void ccw_action_forward(CcwAction *action, GByteArray *frame)
{
    ccw_connection_send(action->connection, CCW_SIDE_BACKEND, frame);
    ccw_action_end(action, NULL);
}

void ccw_action_ask(CcwAction *action, gint32 procedure, const GByteArray *payload, CcwActionReply on_reply,
                    CcwActionStep on_lost)
{
    CcwHeader header = action->call;
    g_autoptr(GByteArray) frame = NULL;

    header.serial = next_serial(action->connection);
    header.procedure = procedure;
    header.type = CCW_TYPE_CALL;
    frame = ccw_frame_new(&header, payload->data, payload->len);
    await(action, header.serial, procedure, on_reply, on_lost);
    send_or_lose(action, frame, NULL);
}

GByteArray *ccw_action_refusal(const CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    CcwHeader reply = *header;

    reply.procedure = action->call.procedure;
    reply.serial = action->call.serial;
    return ccw_relay_raise(&reply, payload, length);
}

GByteArray *ccw_action_success(const CcwAction *action, const GByteArray *payload)
{
    CcwHeader reply = action->call;

    reply.type = CCW_TYPE_REPLY;
    reply.status = CCW_STATUS_OK;
    return ccw_frame_new(&reply, payload ? payload->data : NULL, payload ? payload->len : 0);
}

void ccw_action_get_domain_xml(CcwAction *action, CcwActionReply on_reply, CcwActionStep on_lost)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();
    gsize length;
    const guint8 *domain = g_bytes_get_data(action->arguments.domain, &length);

    g_byte_array_append(payload, domain, (guint)length);
    ccw_xdr_write_u32(payload, 0); /* flags: the live XML of a running domain */
    ccw_action_ask(action, CCW_PROC_DOMAIN_GET_XML_DESC, payload, on_reply, on_lost);
}

/* libvirt writes <uuid> before anything that a user could have put such a tag into unescaped. */
static gboolean is_of_domain(const char *xml, const char *uuid)
{
    const char *at = strstr(xml, "<uuid>");

    return at && g_ascii_strncasecmp(at + strlen("<uuid>"), uuid, strlen(uuid)) == 0;
}

char *ccw_action_read_domain_xml(CcwAction *action, const guint8 *payload, gsize length)
{
    CcwXdrReader reader;
    gsize xml_length = 0;
    const char *text;
    g_autofree char *xml = NULL;

    ccw_xdr_reader_init(&reader, payload, length);
    text = ccw_xdr_read_string(&reader, &xml_length);
    if (!text)
        return NULL;
    xml = g_strndup(text, xml_length);
    return is_of_domain(xml, action->arguments.domain_uuid) ? g_steal_pointer(&xml) : NULL;
}

static void run_work(gpointer data)
{
    CcwAction *action = data;

    action->work(action);
}

static void work_done(gpointer data)
{
    CcwAction *action = data;

    action->done(action);
}

static void push(CcwAction *action, CcwWorkKind kind, CcwActionStep work, CcwActionStep done, const gint *can_wait)
{
    const CcwConnection *connection = action->connection;
    guint uid = connection->peer ? connection->peer->uid : 0;

    action->work = work;
    action->done = done;
    ccw_workers_push_patient(connection->services->workers, kind, uid, connection, run_work, work_done, action,
                             can_wait);
}

void ccw_action_work(CcwAction *action, CcwWorkKind kind, CcwActionStep work, CcwActionStep done)
{
    push(action, kind, work, done, NULL);
}

/* The client may have the reply, and use its serial again, before the main thread hears of it. */
static void raise_work(CcwAction *action)
{
    CcwOutbox *outbox = &action->connection->sides[CCW_SIDE_CLIENT].outbox;
    const GByteArray *frame = action->frame;
    CcwHeader header;

    if (!ccw_header_decode(frame->data, &header, NULL))
        return;
    action->reply = ccw_relay_raise(&header, frame->data + CCW_FRAME_HEAD, frame->len - CCW_FRAME_HEAD);
    /* A copy: the outbox puts what follows behind a frame that is not sent yet. */
    if (action->reply->len <= CCW_FRAME_HEAD + CCW_RAISED_MAX)
        action->raised = g_bytes_new(action->reply->data + CCW_FRAME_HEAD, action->reply->len - CCW_FRAME_HEAD);
    if (ccw_outbox_borrow(outbox)) {
        g_atomic_int_set(&action->is_answered, TRUE);
        action->can_wait = ccw_outbox_give_back(outbox, g_steal_pointer(&action->reply));
    }
}

static void raised(CcwAction *action)
{
    CcwRaised *lately = action->connection->services->raised;

    action->connection->raising--;
    if (lately && action->raised)
        ccw_raised_keep(lately, action->frame, action->raised);
    g_clear_pointer(&action->frame, g_byte_array_unref);
    g_clear_pointer(&action->raised, g_bytes_unref);
    ccw_action_end(action, g_steal_pointer(&action->reply));
}

void ccw_action_end_raised(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    GByteArray *known;

    if (!ccw_relay_must_parse_reply(header, payload, length)) {
        ccw_action_end(action, ccw_relay_raise(header, payload, length));
        return;
    }
    known = ccw_raised_find(action->connection->services->raised, header, payload, length);
    if (known) {
        ccw_action_end(action, known);
        return;
    }
    action->frame = ccw_frame_new(header, payload, length);
    ccw_actions_note_reply(action->connection, header);
    action->connection->raising++;
    push(action, CCW_WORK_PARSE, raise_work, raised, &action->can_wait);
}

static void warn_work(CcwAction *action)
{
    g_autoptr(GPtrArray) warnings =
        ccw_validator_warn(action->arguments.xml, action->warn.map_css, action->connection->services->host);

    for (guint i = 0; i < warnings->len; i++)
        ccw_log_limited(action->warn.limit, G_LOG_LEVEL_MESSAGE, "%s: %s", action->warn.subject,
                        (const char *)warnings->pdata[i]);
}

static void warned(CcwAction *action)
{
    ccw_action_end(action, NULL);
}

void ccw_action_end_warned(CcwAction *action, const CcwMapCss *map_css, CcwLogLimit *limit, const char *subject)
{
    action->warn.map_css = map_css;
    action->warn.limit = limit;
    action->warn.subject = g_strdup(subject);
    ccw_action_work(action, CCW_WORK_HOST, warn_work, warned);
}

/* A reply that no action waits for: an action that does nothing but rewrite it. */
static void reply_free(CcwAction *action)
{
    action->connection->replies_bytes -= action->call.length;
    g_free(action);
}

void ccw_reply_begin(CcwConnection *connection, const CcwHeader *header, const guint8 *payload, gsize length)
{
    CcwAction *action = g_new0(CcwAction, 1);
    CcwArguments none = { 0 };

    action->free = reply_free;
    connection->replies_bytes += header->length;
    ccw_action_begin(action, connection, header, &none);
    ccw_action_end_raised(action, header, payload, length);
}

static CcwAction *find(CcwConnection *connection, const CcwHeader *header)
{
    if (header->type != CCW_TYPE_REPLY || header->program != CCW_PROGRAM_REMOTE)
        return NULL;
    for (GList *item = connection->actions; item; item = item->next) {
        CcwAction *action = item->data;

        if (action->on_reply && action->awaited_serial == header->serial &&
            action->awaited_procedure == header->procedure)
            return action;
    }
    return NULL;
}

gboolean ccw_actions_want(CcwConnection *connection, const CcwHeader *header)
{
    return find(connection, header) != NULL;
}

gboolean ccw_actions_reply(CcwConnection *connection, const CcwHeader *header, const guint8 *payload, gsize length)
{
    CcwAction *action = find(connection, header);
    CcwActionReply on_reply;

    if (!action)
        return FALSE;
    on_reply = g_steal_pointer(&action->on_reply);
    /* The action may keep it, or the XML in it, until it ends. */
    action->held_bytes += header->length;
    connection->actions_bytes += header->length;
    on_reply(action, header, payload, length);
    return TRUE;
}

void ccw_actions_lost(CcwConnection *connection)
{
    g_autoptr(GList) actions = g_list_copy(connection->actions);

    for (GList *item = actions; item; item = item->next) {
        CcwAction *action = item->data;

        if (!action->on_reply)
            continue;
        action->on_reply = NULL;
        action->on_lost(action);
    }
}
