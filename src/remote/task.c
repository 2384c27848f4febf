/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/task.h"

#include <string.h>

#include "conf/xml.h"
#include "qemu/validate.h"
#include "remote/connection-private.h"
#include "remote/relay-xml.h"
#include "remote/validator.h"
#include "rpc/xdr.h"
#include "util/error.h"

/*
 * Ranges for the serials of virtccwd's own calls. A client of libvirt counts from 0, so it reaches the first range
 * after 3.4 thousand million calls on a connection. If a client does reach it, virtccwd changes to the second range,
 * half the circle away.
 *
 * virtccwd matches a reply to its call by the serial, and acts on the host accordingly. Therefore no two unanswered
 * calls may have the same serial: otherwise a client could make virtccwd mistake one reply for another. virtccwd ends
 * the connection of a client that uses a serial twice.
 */
#define SERIAL_RANGE_A 0xcc390000u
#define SERIAL_RANGE_B 0x4c390000u
#define SERIAL_RANGE_MASK 0xffff0000u

/*
 * This is less than the number of serials in a range. libvirtd works on 5 calls of a client at a time; the others wait
 * in buffers.
 */
#define UNANSWERED_MAX 32768u

gboolean remote_tasks_note_call(RemoteConnection *connection, const RpcHeader *header)
{
    guint32 range = header->serial & SERIAL_RANGE_MASK;

    if (range == SERIAL_RANGE_A)
        connection->serial_range = SERIAL_RANGE_B;
    else if (range == SERIAL_RANGE_B)
        connection->serial_range = SERIAL_RANGE_A;
    for (GList *item = connection->tasks; item; item = item->next) {
        RemoteTask *task = item->data;

        if ((!g_atomic_int_get(&task->is_answered) && task->header.serial == header->serial) ||
            (task->on_reply && task->awaited_serial == header->serial))
            return FALSE;
    }
    return g_hash_table_size(connection->unanswered) < UNANSWERED_MAX &&
           g_hash_table_add(connection->unanswered, GUINT_TO_POINTER(header->serial));
}

/* Returns: whether libvirt may still reply to a call with that serial, the client's or one of ours. */
static gboolean is_in_flight(const RemoteConnection *connection, guint32 serial)
{
    if (g_hash_table_contains(connection->unanswered, GUINT_TO_POINTER(serial)))
        return TRUE;
    for (const GList *item = connection->tasks; item; item = item->next) {
        const RemoteTask *task = item->data;

        if (task->on_reply && task->awaited_serial == serial)
            return TRUE;
    }
    return FALSE;
}

/* The loop ends, because UNANSWERED_MAX calls and some tasks use fewer serials than a range has. */
static guint32 next_serial(RemoteConnection *connection)
{
    guint32 serial;

    if (!connection->serial_range)
        connection->serial_range = SERIAL_RANGE_A;
    do
        serial = connection->serial_range | connection->serial_next++;
    while (is_in_flight(connection, serial));
    return serial;
}

static void begin(RemoteTask *task, RemoteConnection *connection, const RpcHeader *header)
{
    task->connection = remote_connection_ref(connection);
    task->header = *header;
    connection->tasks = g_list_append(connection->tasks, task);
    connection->account.tasks++;
    connection->account.tasks_bytes += header->length;
    connection->account.tasks_fds += header->fds;
    remote_connection_update(connection);
}

void remote_task_begin(RemoteTask *task, RemoteConnection *connection, RemoteCall *call)
{
    task->call = call;
    task->procedure = call->procedure;
    begin(task, connection, &call->header);
}

void remote_task_begin_undecoded(RemoteTask *task, RemoteConnection *connection, const RpcHeader *header)
{
    begin(task, connection, header);
}

void remote_task_send_reply(RemoteTask *task, GByteArray *reply)
{
    if (!reply)
        return;
    g_atomic_int_set(&task->is_answered, TRUE);
    remote_connection_send(task->connection, REMOTE_SIDE_CLIENT, reply);
    g_byte_array_unref(reply);
}

void remote_task_end(RemoteTask *task, GByteArray *reply)
{
    RemoteConnection *connection = task->connection;

    remote_task_send_reply(task, reply);
    connection->tasks = g_list_remove(connection->tasks, task);
    connection->account.tasks--;
    connection->account.tasks_bytes -= task->header.length + task->reply_bytes;
    connection->account.tasks_fds -= task->header.fds;
    g_clear_pointer(&task->call, remote_call_free);
    g_clear_pointer(&task->reply, g_byte_array_unref);
    g_clear_pointer(&task->warn.subject, g_free);
    task->free(task);
    remote_connection_update(connection);
    remote_connection_unref(connection);
}

static void await(RemoteTask *task, guint32 serial, gint32 procedure, RemoteTaskOnReply on_reply,
                  RemoteTaskStep on_lost)
{
    task->awaited_serial = serial;
    task->awaited_procedure = procedure;
    task->on_reply = on_reply;
    task->on_lost = on_lost;
}

static void send_or_lose(RemoteTask *task, GByteArray *frame, GArray *fds)
{
    RemoteTaskStep on_lost = task->on_lost;

    if (!remote_connection_is_gone(task->connection, REMOTE_SIDE_BACKEND)) {
        remote_connection_send_fds(task->connection, REMOTE_SIDE_BACKEND, frame, fds);
        return;
    }
    task->on_reply = NULL;
    on_lost(task);
}

void remote_task_call(RemoteTask *task, RemoteTaskOnReply on_reply, RemoteTaskStep on_lost)
{
    g_autoptr(GByteArray) frame = g_byte_array_ref(remote_call_frame(task->call));

    remote_call_drop_frame(task->call);
    remote_task_call_frame(task, frame, task->call->fds, on_reply, on_lost);
}

void remote_task_call_first(RemoteTask *task, RemoteTaskOnReply on_reply, RemoteTaskStep on_lost)
{
    remote_task_call_frame(task, remote_call_frame(task->call), task->call->fds, on_reply, on_lost);
}

void remote_task_call_frame(RemoteTask *task, GByteArray *frame, GArray *fds, RemoteTaskOnReply on_reply,
                            RemoteTaskStep on_lost)
{
    await(task, task->header.serial, task->header.procedure, on_reply, on_lost);
    send_or_lose(task, frame, fds);
}

void remote_task_forward(RemoteTask *task)
{
    remote_connection_send_fds(task->connection, REMOTE_SIDE_BACKEND, remote_call_frame(task->call), task->call->fds);
    remote_task_end(task, NULL);
}

void remote_task_ask(RemoteTask *task, gint32 procedure, const GByteArray *payload, RemoteTaskOnReply on_reply,
                     RemoteTaskStep on_lost)
{
    RpcHeader header = task->header;
    g_autoptr(GByteArray) frame = NULL;

    header.serial = next_serial(task->connection);
    header.procedure = procedure;
    header.type = RPC_TYPE_CALL;
    frame = rpc_frame_new(&header, payload->data, payload->len);
    await(task, header.serial, procedure, on_reply, on_lost);
    send_or_lose(task, frame, NULL);
}

GByteArray *remote_task_error_reply(const RemoteTask *task, const RpcHeader *header, const guint8 *payload,
                                    gsize length)
{
    RpcHeader reply = *header;

    reply.procedure = task->header.procedure;
    reply.serial = task->header.serial;
    return remote_relay_raise(NULL, &reply, payload, length);
}

GByteArray *remote_task_raise(const RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    return remote_relay_raise(task->procedure, header, payload, length);
}

GByteArray *remote_task_success(const RemoteTask *task, const GByteArray *payload)
{
    RpcHeader reply = task->header;

    reply.type = RPC_TYPE_REPLY;
    reply.status = RPC_STATUS_OK;
    return rpc_frame_new(&reply, payload ? payload->data : NULL, payload ? payload->len : 0);
}

void remote_task_get_domain_xml(RemoteTask *task, RemoteTaskOnReply on_reply, RemoteTaskStep on_lost)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();
    gsize length;
    const guint8 *domain = g_bytes_get_data(task->call->arguments.domain, &length);

    g_byte_array_append(payload, domain, (guint)length);
    rpc_xdr_write_u32(payload, 0); /* flags: none, for the live XML of a running domain */
    remote_task_ask(task, REMOTE_PROC_DOMAIN_GET_XML_DESC, payload, on_reply, on_lost);
}

char *remote_task_read_string(const guint8 *payload, gsize length)
{
    RpcXdrReader reader;
    gsize xml_length = 0;
    const char *text;

    rpc_xdr_reader_init(&reader, payload, length);
    text = rpc_xdr_read_string(&reader, &xml_length);
    return text ? g_strndup(text, xml_length) : NULL;
}

ConfXml *remote_task_open_domain_xml(const RemoteTask *task, const char *text, GError **error)
{
    g_autoptr(ConfXml) xml = conf_xml_open(text, error);
    const ConfXmlElement *root = xml ? conf_xml_root(xml) : NULL;
    const ConfXmlElement *element = root ? conf_xml_child(root, "uuid") : NULL;
    g_autofree char *uuid = element ? conf_xml_content(element) : NULL;

    if (uuid && g_ascii_strcasecmp(uuid, task->call->arguments.domain_uuid) == 0)
        return g_steal_pointer(&xml);
    if (xml)
        g_set_error_literal(error, CCW_ERROR, CCW_ERROR_INVALID, "it is not this domain's");
    return NULL;
}

static void run_work(gpointer data)
{
    RemoteTask *task = data;

    task->work(task);
}

static void work_done(gpointer data)
{
    RemoteTask *task = data;

    task->done(task);
}

void remote_task_work_background(RemoteTask *task, RemoteWorkKind kind, RemoteTaskStep work, RemoteTaskStep done,
                                 const gint *can_wait)
{
    const RemoteConnection *connection = task->connection;
    guint uid = connection->process ? connection->process->uid : 0;

    task->work = work;
    task->done = done;
    remote_workers_push_background(connection->services->workers, kind, uid, connection, run_work, work_done, task,
                                   can_wait);
}

void remote_task_work(RemoteTask *task, RemoteWorkKind kind, RemoteTaskStep work, RemoteTaskStep done)
{
    remote_task_work_background(task, kind, work, done, NULL);
}

static void warn_work(RemoteTask *task)
{
    RemoteRemarks *remarks = &task->call->remarks;

    remote_validator_look_up(remarks, task->connection->services->host);
    for (guint i = 0; remarks->warnings && i < remarks->warnings->len; i++) {
        g_autofree char *warning = qemu_warning_format(remarks->warnings->pdata[i]);

        ccw_log_limited(task->warn.limit, G_LOG_LEVEL_MESSAGE, "%s: %s", task->warn.subject, warning);
    }
}

static void warned(RemoteTask *task)
{
    remote_task_end(task, NULL);
}

void remote_task_end_warned(RemoteTask *task, CcwLogLimit *limit, const char *subject)
{
    task->warn.limit = limit;
    task->warn.subject = g_strdup(subject);
    remote_task_work(task, REMOTE_WORK_HOST, warn_work, warned);
}

static RemoteTask *find(RemoteConnection *connection, const RpcHeader *header)
{
    if (header->type != RPC_TYPE_REPLY || header->program != RPC_PROGRAM_REMOTE)
        return NULL;
    for (GList *item = connection->tasks; item; item = item->next) {
        RemoteTask *task = item->data;

        if (task->on_reply && task->awaited_serial == header->serial && task->awaited_procedure == header->procedure)
            return task;
    }
    return NULL;
}

gboolean remote_tasks_want(RemoteConnection *connection, const RpcHeader *header)
{
    return find(connection, header) != NULL;
}

gboolean remote_tasks_receive(RemoteConnection *connection, const RpcHeader *header, const guint8 *payload,
                              gsize length)
{
    RemoteTask *task = find(connection, header);
    RemoteTaskOnReply on_reply;

    if (!task)
        return FALSE;
    on_reply = g_steal_pointer(&task->on_reply);
    /* The task may keep the reply, or the XML in it, until the task ends. */
    task->reply_bytes += header->length;
    connection->account.tasks_bytes += header->length;
    on_reply(task, header, payload, length);
    return TRUE;
}

void remote_tasks_lost(RemoteConnection *connection)
{
    g_autoptr(GList) tasks = g_list_copy(connection->tasks);

    for (GList *item = tasks; item; item = item->next) {
        RemoteTask *task = item->data;

        if (!task->on_reply)
            continue;
        task->on_reply = NULL;
        task->on_lost(task);
    }
}
