/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The messages of a domain (virsh dominfo), the one place where libvirt shows a person warnings. virtccwd adds its own
 * after libvirt's, unless the client asks for messages of a certain kind:
 *
 *   call        sends the client's call
 *   ask domain  asks for the domain's XML, in the client's name
 *   read        a worker reads the devices in the XML
 *   look up     a worker looks them up on the host
 */
#include <string.h>

#include "conf/xml.h"
#include "qemu/validate.h"
#include "remote/calls/calls.h"
#include "remote/connection-private.h"
#include "rpc/xdr.h"

#define MESSAGES_MAX 2048u /* REMOTE_DOMAIN_MESSAGES_MAX */

typedef struct {
    RemoteTask task;
    GByteArray *reply; /* libvirt's reply */
    char *xml;         /* the domain's XML */
    RemoteRemarks remarks;
} Messages;

static void messages_free(RemoteTask *task)
{
    Messages *messages = (Messages *)task;

    g_clear_pointer(&messages->reply, g_byte_array_unref);
    g_free(messages->xml);
    remote_remarks_clear(&messages->remarks);
    g_free(messages);
}

static void end(RemoteTask *task)
{
    remote_task_end(task, g_steal_pointer(&((Messages *)task)->reply));
}

static void domain_asked(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length);
static void read_work(RemoteTask *task);
static void read_done(RemoteTask *task);
static void look_up_work(RemoteTask *task);
static void reply_with_remarks(RemoteTask *task);

static void called(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    ((Messages *)task)->reply = remote_task_raise(task, header, payload, length);
    if (header->status == RPC_STATUS_OK)
        remote_task_get_domain_xml(task, domain_asked, end);
    else
        end(task);
}

static void domain_asked(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    Messages *messages = (Messages *)task;

    if (header->status == RPC_STATUS_OK)
        messages->xml = remote_task_read_string(payload, length);
    if (messages->xml)
        remote_task_work(task, REMOTE_WORK_PARSE, read_work, read_done);
    else
        end(task);
}

static void read_work(RemoteTask *task)
{
    Messages *messages = (Messages *)task;
    g_autoptr(ConfXml) xml = remote_task_open_domain_xml(task, messages->xml, NULL);

    if (xml)
        remote_validator_check(xml, NULL, &messages->remarks, NULL);
}

/* The threads for parsing read the XML; only the look-up may wait, and needs the threads for the host. */
static void read_done(RemoteTask *task)
{
    const RemoteRemarks *remarks = &((Messages *)task)->remarks;

    if (remarks->devices && remarks->devices->len && task->connection->services->host)
        remote_task_work(task, REMOTE_WORK_HOST, look_up_work, reply_with_remarks);
    else
        reply_with_remarks(task);
}

static void look_up_work(RemoteTask *task)
{
    remote_validator_look_up(&((Messages *)task)->remarks, task->connection->services->host);
}

/*
 * Leaves out the lines of the warnings, because a reader of the messages does not see the XML. Returns: libvirt's array
 * of strings with our warnings added, or NULL if the reply is not laid out so.
 */
static GByteArray *add(const Messages *messages)
{
    const guint8 *payload = messages->reply->data + RPC_FRAME_HEAD;
    gsize length = messages->reply->len - RPC_FRAME_HEAD;
    g_autoptr(GByteArray) out = g_byte_array_new();
    RpcXdrReader reader;
    guint32 count, more;

    rpc_xdr_reader_init(&reader, payload, length);
    count = rpc_xdr_read_u32(&reader);
    if (reader.failed || count > MESSAGES_MAX)
        return NULL;
    more = MIN(messages->remarks.warnings->len, MESSAGES_MAX - count);
    rpc_xdr_write_u32(out, count + more);
    g_byte_array_append(out, payload + reader.at, (guint)(length - reader.at));
    for (guint i = 0; i < more; i++) {
        const QemuWarning *warning = messages->remarks.warnings->pdata[i];

        rpc_xdr_write_string(out, warning->message, strlen(warning->message));
    }
    return g_steal_pointer(&out);
}

static void reply_with_remarks(RemoteTask *task)
{
    Messages *messages = (Messages *)task;
    const GPtrArray *warnings = messages->remarks.warnings;
    g_autoptr(GByteArray) payload = warnings && warnings->len ? add(messages) : NULL;

    if (payload)
        remote_task_end(task, remote_task_success(task, payload));
    else
        end(task);
}

gboolean remote_messages_begin(RemoteConnection *connection, RemoteCall *call)
{
    Messages *messages;

    if (call->arguments.flags)
        return FALSE;
    messages = g_new0(Messages, 1);
    messages->task.free = messages_free;
    remote_task_begin(&messages->task, connection, call);
    remote_task_call(&messages->task, called, end);
    return TRUE;
}
