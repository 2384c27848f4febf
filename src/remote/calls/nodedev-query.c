/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Questions about one ccw_* node device. libvirt drops the node device when its subchannel leaves io_subchannel; it
 * keeps that of a PCI device whose driver is vfio-pci. Therefore:
 *
 *   find            a worker finds the device, before libvirt has authorised the call. It reads only a few files,
 *                   however many devices the host has
 *   ask             if the device is on vfio_ccw: asks libvirt about the css_* node device of its subchannel. Access to
 *                   the subchannel is access to the device
 *   answer          a worker makes the answer to the client's question from libvirt's
 *
 * libvirt answers questions about any other device:
 *
 *   call            sends the client's call
 *   find online     if libvirt does not know the device: a worker finds out whether the host has it online. libvirt
 *                   learns of a device that was just released by a uevent
 *   ask subchannel  if so: asks whether the client may see the subchannel
 *   wait            if so: a worker waits until libvirt lists the device
 *   last call       sends the client's call again; the client gets libvirt's reply
 */
#include <libvirt/virterror.h>
#include <string.h>

#include "conf/nodedev.h"
#include "remote/calls/calls.h"
#include "remote/connection-private.h"
#include "remote/reply.h"
#include "rpc/rpc-error.h"
#include "rpc/xdr.h"

#define VFIO_CCW "vfio_ccw"

typedef enum {
    QUERY_FIND,
    QUERY_ASK,
    QUERY_ANSWER,
    QUERY_CALL,
    QUERY_FIND_ONLINE,
    QUERY_ASK_SUBCHANNEL,
    QUERY_WAIT,
    QUERY_LAST_CALL,
} QueryState;

typedef struct _Query Query;

/* Makes the payload of the reply from that of libvirt's reply to the question. Returns: NULL on failure. */
typedef GByteArray *(*AnswerFunc)(const Query *query, const guint8 *payload, gsize length);

struct _Query {
    RemoteTask task;
    QueryState state;
    const struct question *question;
    CcwBusId id;
    CssDevice *device;          /* device on vfio_ccw, or unknown to libvirt; NULL: libvirt answers */
    char *subchannel;           /* name of the subchannel's node device */
    GByteArray *unknown;        /* libvirt's reply that there is no such device */
    GByteArray *question_reply; /* payload of libvirt's reply to the question; or NULL */
    GByteArray *answer;         /* payload of the reply to the client; NULL on failure */
};

static void enter(Query *query, QueryState state);

static void query_free(RemoteTask *task)
{
    Query *query = (Query *)task;

    css_device_free(query->device);
    g_free(query->subchannel);
    g_clear_pointer(&query->unknown, g_byte_array_unref);
    g_clear_pointer(&query->question_reply, g_byte_array_unref);
    g_clear_pointer(&query->answer, g_byte_array_unref);
    g_free(query);
}

static void lost(RemoteTask *task)
{
    remote_task_end(task, NULL);
}

static void write_text(GByteArray *out, const char *text)
{
    rpc_xdr_write_string(out, text, strlen(text));
}

static GByteArray *answer_name(const Query *query, const guint8 *payload G_GNUC_UNUSED, gsize length G_GNUC_UNUSED)
{
    GByteArray *out = g_byte_array_new();

    write_text(out, query->task.call->arguments.node);
    return out;
}

static GByteArray *answer_xml(const Query *query, const guint8 *payload, gsize length)
{
    RpcXdrReader reader;
    gsize text_length = 0;
    const char *text;
    g_autofree char *css = NULL;
    g_autofree char *xml = NULL;
    GByteArray *out;

    rpc_xdr_reader_init(&reader, payload, length);
    text = rpc_xdr_read_string(&reader, &text_length);
    css = text ? g_strndup(text, text_length) : NULL;
    xml =
        css ? conf_detached_device(css, query->task.call->arguments.node, query->subchannel, VFIO_CCW, &query->id, NULL)
            : NULL;
    if (!xml)
        return NULL;
    out = g_byte_array_new();
    write_text(out, xml);
    return out;
}

static GByteArray *answer_parent(const Query *query, const guint8 *payload G_GNUC_UNUSED, gsize length G_GNUC_UNUSED)
{
    GByteArray *out = g_byte_array_new();

    rpc_xdr_write_optional(out, query->subchannel);
    return out;
}

/* Stock libvirt counts one capability of a ccw device. */
static GByteArray *answer_count(const Query *query G_GNUC_UNUSED, const guint8 *payload G_GNUC_UNUSED,
                                gsize length G_GNUC_UNUSED)
{
    GByteArray *out = g_byte_array_new();

    rpc_xdr_write_u32(out, 1);
    return out;
}

static GByteArray *answer_caps(const Query *query, const guint8 *payload G_GNUC_UNUSED, gsize length G_GNUC_UNUSED)
{
    gboolean fits = query->task.call->arguments.flags > 0; /* the last number of this call is maxnames */
    GByteArray *out = g_byte_array_new();

    rpc_xdr_write_u32(out, fits);
    if (fits)
        write_text(out, "ccw");
    return out;
}

/* The subchannel's answer holds for the device, too. */
static GByteArray *answer_same(const Query *query G_GNUC_UNUSED, const guint8 *payload, gsize length)
{
    return g_byte_array_append(g_byte_array_new(), payload, (guint)length);
}

static const struct question {
    gint32 procedure;
    gint32 asked; /* procedure of the question about the subchannel */
    AnswerFunc answer;
    gboolean has_number; /* the question has the number of the client's call */
    /*
     * The question has XML before the number. virtccwd sends XML of its own, because the client's XML must not reach
     * libvirt under another device's name.
     */
    gboolean has_xml;
} questions[] = {
    { REMOTE_PROC_NODE_DEVICE_LOOKUP_BY_NAME, REMOTE_PROC_NODE_DEVICE_LOOKUP_BY_NAME, answer_name },
    { REMOTE_PROC_NODE_DEVICE_GET_XML_DESC, REMOTE_PROC_NODE_DEVICE_GET_XML_DESC, answer_xml, TRUE },
    { REMOTE_PROC_NODE_DEVICE_GET_PARENT, REMOTE_PROC_NODE_DEVICE_LOOKUP_BY_NAME, answer_parent },
    { REMOTE_PROC_NODE_DEVICE_NUM_OF_CAPS, REMOTE_PROC_NODE_DEVICE_LOOKUP_BY_NAME, answer_count },
    { REMOTE_PROC_NODE_DEVICE_LIST_CAPS, REMOTE_PROC_NODE_DEVICE_LOOKUP_BY_NAME, answer_caps },
    { REMOTE_PROC_NODE_DEVICE_GET_AUTOSTART, REMOTE_PROC_NODE_DEVICE_GET_AUTOSTART, answer_same },
    { REMOTE_PROC_NODE_DEVICE_IS_PERSISTENT, REMOTE_PROC_NODE_DEVICE_IS_PERSISTENT, answer_same },
    { REMOTE_PROC_NODE_DEVICE_IS_ACTIVE, REMOTE_PROC_NODE_DEVICE_IS_ACTIVE, answer_same },
    /* No ccw or css device supports these calls. libvirt checks the client's access first, and then reports that. */
    { REMOTE_PROC_NODE_DEVICE_DESTROY, REMOTE_PROC_NODE_DEVICE_DESTROY, answer_same },
    { REMOTE_PROC_NODE_DEVICE_UNDEFINE, REMOTE_PROC_NODE_DEVICE_UNDEFINE, answer_same, TRUE },
    { REMOTE_PROC_NODE_DEVICE_CREATE, REMOTE_PROC_NODE_DEVICE_CREATE, answer_same, TRUE },
    { REMOTE_PROC_NODE_DEVICE_SET_AUTOSTART, REMOTE_PROC_NODE_DEVICE_SET_AUTOSTART, answer_same, TRUE },
    { REMOTE_PROC_NODE_DEVICE_UPDATE, REMOTE_PROC_NODE_DEVICE_UPDATE, answer_same, TRUE, TRUE },
};

static void find_work(RemoteTask *task)
{
    Query *query = (Query *)task;
    CssDevice *device = hostdev_manager_find_bound(task->connection->services->manager, &query->id);

    if (device && g_strcmp0(device->driver, VFIO_CCW) == 0)
        query->device = device;
    else
        css_device_free(device);
}

static void found(RemoteTask *task)
{
    Query *query = (Query *)task;

    enter(query, query->device ? QUERY_ASK : QUERY_CALL);
}

/* Begins a question with the name of the subchannel's node device. */
static GByteArray *name_subchannel(Query *query)
{
    GByteArray *payload = g_byte_array_new();

    query->subchannel = conf_node_name_format(CONF_NODE_CSS, &query->device->subchannel);
    write_text(payload, query->subchannel);
    return payload;
}

/*
 * Writes a css device that conforms to libvirt's schema. nodedev-update locks the device that it is asked about; if the
 * XML has a mediated device, it also locks that device's parent. The question is about the subchannel, which is the
 * parent of the client's device, so libvirt 11.3 would wait for itself. libvirt does not read the rest of the XML.
 */
static void write_css_xml(GByteArray *payload, const Query *query)
{
    const CcwBusId *id = &query->device->subchannel;
    g_autofree char *xml = g_strdup_printf(
        "<device><name>%s</name><capability type='css'><cssid>0x%x</cssid><ssid>0x%x</ssid><devno>0x%04x</devno>"
        "</capability></device>",
        query->subchannel, id->cssid, id->ssid, id->devno);

    write_text(payload, xml);
}

static void asked(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    Query *query = (Query *)task;

    if (header->status != RPC_STATUS_OK) {
        remote_task_end(task, remote_task_error_reply(task, header, payload, length));
        return;
    }
    query->question_reply = g_byte_array_append(g_byte_array_new(), payload, (guint)length);
    enter(query, QUERY_ANSWER);
}

/* Asks libvirt, in the client's name, about the node device of the subchannel. */
static void ask(Query *query)
{
    g_autoptr(GByteArray) payload = name_subchannel(query);

    if (query->question->has_xml)
        write_css_xml(payload, query);
    if (query->question->has_number)
        rpc_xdr_write_u32(payload, query->task.call->arguments.flags);
    remote_task_ask(&query->task, query->question->asked, payload, asked, lost);
}

static void answer_work(RemoteTask *task)
{
    Query *query = (Query *)task;

    query->answer = query->question->answer(query, query->question_reply->data, query->question_reply->len);
}

static void answered(RemoteTask *task)
{
    Query *query = (Query *)task;

    if (query->answer)
        remote_task_end(task, remote_task_success(task, query->answer));
    else
        enter(query, QUERY_LAST_CALL);
}

static void called(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    Query *query = (Query *)task;
    gboolean is_unknown = FALSE;
    RpcError error;

    if (header->status == RPC_STATUS_ERROR && rpc_error_decode(&error, payload, length)) {
        is_unknown = error.code == VIR_ERR_NO_NODE_DEVICE;
        rpc_error_clear(&error);
    }
    if (!is_unknown) {
        remote_reply_raise(task, header, payload, length);
        return;
    }
    query->unknown = remote_task_raise(task, header, payload, length);
    enter(query, QUERY_FIND_ONLINE);
}

static void end_unknown(RemoteTask *task)
{
    remote_task_end(task, g_steal_pointer(&((Query *)task)->unknown));
}

static void find_online_work(RemoteTask *task)
{
    Query *query = (Query *)task;

    query->device = hostdev_manager_find_bound(task->connection->services->manager, &query->id);
}

static void online_found(RemoteTask *task)
{
    Query *query = (Query *)task;

    if (query->device && query->device->online == 1)
        enter(query, QUERY_ASK_SUBCHANNEL);
    else
        end_unknown(task);
}

static void subchannel_asked(RemoteTask *task, const RpcHeader *header, const guint8 *payload G_GNUC_UNUSED,
                             gsize length G_GNUC_UNUSED)
{
    if (header->status == RPC_STATUS_OK)
        enter((Query *)task, QUERY_WAIT);
    else
        end_unknown(task);
}

static void ask_subchannel(Query *query)
{
    g_autoptr(GByteArray) payload = name_subchannel(query);

    remote_task_ask(&query->task, REMOTE_PROC_NODE_DEVICE_LOOKUP_BY_NAME, payload, subchannel_asked, end_unknown);
}

static void wait_work(RemoteTask *task)
{
    const RemoteServices *services = task->connection->services;

    if (services->wait_listed)
        services->wait_listed(services->query_data, task->call->arguments.node);
}

static void waited(RemoteTask *task)
{
    enter((Query *)task, QUERY_LAST_CALL);
}

static void enter(Query *query, QueryState state)
{
    RemoteTask *task = &query->task;

    query->state = state;
    switch (state) {
    case QUERY_FIND:
        remote_task_work(task, REMOTE_WORK_LOOK_UP, find_work, found);
        break;
    case QUERY_ASK:
        ask(query);
        break;
    case QUERY_ANSWER:
        remote_task_work(task, REMOTE_WORK_PARSE, answer_work, answered);
        break;
    case QUERY_CALL:
        remote_task_call_first(task, called, lost);
        break;
    case QUERY_FIND_ONLINE:
        remote_task_work(task, REMOTE_WORK_LOOK_UP, find_online_work, online_found);
        break;
    case QUERY_ASK_SUBCHANNEL:
        ask_subchannel(query);
        break;
    case QUERY_WAIT:
        remote_task_work(task, REMOTE_WORK_HOST, wait_work, waited);
        break;
    case QUERY_LAST_CALL:
        remote_task_call(task, remote_reply_raise, lost);
        break;
    }
}

gboolean remote_nodedev_query_begin(RemoteConnection *connection, RemoteCall *call)
{
    ConfNodeKind kind;
    CcwBusId id;
    Query *query;

    if (call->error || !conf_node_name_parse(call->arguments.node, &kind, &id) || kind != CONF_NODE_CCW)
        return FALSE;
    query = g_new0(Query, 1);
    query->task.free = query_free;
    for (gsize i = 0; i < G_N_ELEMENTS(questions); i++)
        if (questions[i].procedure == call->procedure->number)
            query->question = &questions[i];
    query->id = id;
    remote_task_begin(&query->task, connection, call);
    enter(query, QUERY_FIND);
    return TRUE;
}
